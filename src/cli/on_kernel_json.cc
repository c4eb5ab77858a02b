// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "cli/on_kernel_report.h"

namespace mmcheck::cli {
namespace {

using explore::LegEnd;
using lab::SegmentResult;

std::string_view word(LegEnd end) {
  switch (end) {
    case LegEnd::Open:
      return "open";
    case LegEnd::Reached:
      return "reached";
    case LegEnd::Blocked:
      return "blocked";
    case LegEnd::Missed:
      return "missed";
  }
  return {};
}

std::string_view word(SegmentResult::Outcome outcome) {
  switch (outcome) {
    case SegmentResult::Outcome::Reached:
      return "reached";
    case SegmentResult::Outcome::Blocked:
      return "blocked";
    case SegmentResult::Outcome::NotReached:
      return "missed";
    case SegmentResult::Outcome::Faulted:
      return "faulted";
    case SegmentResult::Outcome::TimedOut:
      return "timed out";
  }
  return {};
}

Json json_of(const OrderPlan& plan) {
  Json json = {{"design", plan.design.empty() ? Json() : Json(plan.design)}};
  if (!plan.prediction) {
    json["says_nothing_of"] = plan.design.empty() ? Json() : Json(plan.unpredicted);
    return json;
  }
  json["states"] = plan.prediction->states;
  json["ends"] = Json::array();
  for (const lab::PredictedEnd& end : plan.prediction->ends) {
    Json segments = Json::array();
    for (const LegEnd segment : end.segments) segments.push_back(word(segment));
    json["ends"].push_back({{"lost", end.lost}, {"segments", std::move(segments)}});
  }
  return json;
}

Json json_of(const Round& round, const OrderPlan& plan, const workload::Scenario& scenario) {
  const lab::RoundResult& result = round.result;
  Json segments = Json::array();
  for (const SegmentResult& segment : result.segments) {
    Json of_it = {{"outcome", word(segment.outcome)}};
    if (!segment.functions.empty()) of_it["functions"] = segment.functions;
    if (segment.asleep) of_it["asleep"] = true;
    segments.push_back(std::move(of_it));
  }
  Json pages = Json::array();
  for (const lab::PageResult& page : result.pages) {
    pages.push_back({{"file", scenario.files[page.file].name},
                     {"page", page.page},
                     {"stored", page.stored},
                     {"on_disk", page.on_disk}});
  }
  Json refused = Json::array();
  for (std::size_t i = 0; i < result.faults.size(); ++i) {
    if (result.faults[i] != 0) refused.push_back(scenario.threads[i].name);
  }
  return {{"lost", result.is_lost()},
          {"in_order", result.is_forced()},
          {"foreseen", plan.prediction ? Json(plan.prediction->allows(result)) : Json()},
          {"segments", std::move(segments)},
          {"pages", std::move(pages)},
          {"refused", std::move(refused)},
          {"warnings", result.warnings},
          {"made_again", round.again},
          {"seconds", result.seconds}};
}

}  // namespace

Json on_kernel_json(const OrderPlan& plan, const workload::Scenario& scenario,
                    const std::vector<Round>& rounds, const LabBoot& boot) {
  const OrderTotals totals = total(rounds, plan);
  Json segments = Json::array();
  for (const lab::Segment& segment : plan.schedule.segments) {
    Json of_it = {{"thread", scenario.threads[segment.thread].name},
                  {"stop", lab::to_string(segment.stop)},
                  {"stale", segment.stale}};
    if (!segment.remark.empty()) of_it["remark"] = segment.remark;
    segments.push_back(std::move(of_it));
  }
  Json all = Json::array();
  for (const Round& round : rounds) all.push_back(json_of(round, plan, scenario));
  return {{"schema", "mmcheck.replay-on-kernel/1"},
          {"scenario", scenario.name},
          {"file", scenario.path},
          {"kernel", plan.release},
          {"counterexample_of", plan.counterexample.empty() ? Json() : Json(plan.counterexample)},
          {"order", lab::to_string(plan.schedule)},
          {"segments", std::move(segments)},
          {"model", json_of(plan)},
          {"rounds", std::move(all)},
          {"lost", totals.lost},
          {"kept", totals.rounds - totals.lost},
          {"blocked", totals.blocked},
          {"made_again", totals.again},
          {"out_of_order", totals.unforced},
          {"warned", totals.warned},
          {"agree", plan.prediction ? Json(has_agreed(totals, plan)) : Json()},
          {"boot_seconds", boot.seconds},
          {"boots", boot.boots},
          {"log", boot.log.string()}};
}

}  // namespace mmcheck::cli
