// SPDX-License-Identifier: Apache-2.0
#include "cli/on_kernel_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <string_view>

#include "report/columns.h"

namespace mmcheck::cli {
namespace {

using lab::RoundResult;
using lab::SegmentResult;
using lab::Stop;
using Outcome = SegmentResult::Outcome;

std::string_view word(bool lost) { return lost ? "LOST" : "KEPT"; }

std::string name_of_thread(const workload::Scenario& scenario, unsigned thread) {
  const workload::ThreadDecl& decl = scenario.threads[thread];
  return decl.title.empty() ? decl.name : fmt::format("{} ({})", decl.name, decl.title);
}

std::string describe(const Stop& stop) {
  const std::string time = stop.time == 1 ? "" : fmt::format(", call {}", stop.time);
  switch (stop.kind) {
    case Stop::Kind::End:
      return "runs to its end";
    case Stop::Kind::Statement:
      return fmt::format("makes {} of its statements", stop.statements);
    case Stop::Kind::Entry:
      return fmt::format("is held where it calls {}{}", stop.function, time);
    case Stop::Kind::Return:
      return fmt::format("is held where {} has returned{}", stop.function, time);
  }
  return {};
}

/// Innermost first, in lines.
std::string calls(const std::vector<std::string>& functions) {
  constexpr std::size_t kColumns = 70;
  std::string text;
  std::size_t column = 0;
  for (const std::string& function : functions) {
    if (!text.empty()) text += " <";
    const bool fits = column == 0 || column + function.size() < kColumns;
    text += (text.empty() ? "" : fits ? " " : "\n           ") + function;
    column = (fits ? column : 0) + function.size() + 3;
  }
  return text;
}

/// What did not go as the order says; empty if all did.
std::string describe(const SegmentResult& result, const lab::Segment& segment,
                     const workload::Scenario& scenario) {
  const std::string thread = scenario.threads[segment.thread].name;
  switch (result.outcome) {
    case Outcome::Reached:
      return {};
    case Outcome::Blocked:
      return result.asleep ? fmt::format("{} sleeps before it {}", thread, describe(segment.stop))
                           : fmt::format("{} is blocked in {}", thread, calls(result.functions));
    case Outcome::Faulted:
      return fmt::format("the TLB of {} had lost the entry that it was to use", thread);
    case Outcome::NotReached:
      return fmt::format("{} has not come to {}", thread, segment.stop.function);
    case Outcome::TimedOut:
      return fmt::format("{} has not come in time to where it {}: it is in {}", thread,
                         describe(segment.stop), calls(result.functions));
  }
  return {};
}

/// "KEPT, P2 is blocked".
std::string describe_ends(const lab::Prediction& prediction, bool lost, const OrderPlan& plan,
                          const workload::Scenario& scenario) {
  const auto blocked = prediction.blocked(lost);
  if (!blocked) return fmt::format("{}, threads may be blocked or not", word(lost));
  std::string text(word(lost));
  for (const unsigned segment : *blocked) {
    text += fmt::format(", {} is blocked",
                        scenario.threads[plan.schedule.segments[segment].thread].name);
  }
  return text;
}

std::string describe_prediction(const OrderPlan& plan, const workload::Scenario& scenario) {
  if (plan.design.empty()) return "the model has no design for this kernel";
  if (!plan.prediction) {
    return fmt::format("the model of {} says nothing of {}", plan.design, plan.unpredicted);
  }
  if (plan.prediction->is_impossible()) {
    return fmt::format(
        "the model of {} says: impossible, as no TLB has such an entry then ({} states)",
        plan.design, plan.prediction->states);
  }
  const auto lost = plan.prediction->is_lost();
  std::string ends = describe_ends(*plan.prediction, lost.value_or(true), plan, scenario);
  if (!lost) ends += "; or " + describe_ends(*plan.prediction, false, plan, scenario);
  return fmt::format("the model of {} says: {} (all that can come of it: {} states)", plan.design,
                     ends, plan.prediction->states);
}

}  // namespace

OrderTotals total(const std::vector<Round>& rounds, const OrderPlan& plan) {
  OrderTotals totals;
  for (const Round& round : rounds) {
    const RoundResult& result = round.result;
    ++totals.rounds;
    totals.again += round.again;
    totals.lost += result.is_lost() ? 1 : 0;
    totals.unforced += result.is_forced() ? 0 : 1;
    totals.warned += result.warnings.empty() ? 0 : 1;
    totals.blocked += result.has_blocked() ? 1 : 0;
    const bool foreseen = plan.prediction && plan.prediction->allows(result);
    totals.foreseen += foreseen ? 1 : 0;
    totals.seconds_max = std::max(totals.seconds_max, result.seconds);
  }
  return totals;
}

bool has_agreed(const OrderTotals& totals, const OrderPlan& plan) {
  return plan.prediction ? totals.foreseen == totals.rounds : totals.unforced == 0;
}

void OnKernelText::print_plan() const {
  const std::string heading = fmt::format(
      "{}{} on Linux {}", scenario_.name,
      plan_.counterexample.empty() ? "" : ", as " + plan_.counterexample + " breaks the rule,",
      plan_.release);
  console_.out << report::paint(console_.colour, report::Emphasis::Bold, heading) << "\n\n";
  for (std::size_t i = 0; i < plan_.schedule.segments.size(); ++i) {
    const lab::Segment& segment = plan_.schedule.segments[i];
    console_.out << fmt::format("  {}. {} {}\n", i + 1, name_of_thread(scenario_, segment.thread),
                                describe(segment.stop));
    if (!segment.remark.empty()) console_.out << fmt::format("     ({})\n", segment.remark);
  }
  console_.out << fmt::format("  {}. all run to their ends\norder: '{}'\n{}\n\n",
                              plan_.schedule.segments.size() + 1, lab::to_string(plan_.schedule),
                              describe_prediction(plan_, scenario_))
               << std::flush;
}

void OnKernelText::print_round(unsigned number, const Round& round) {
  const RoundResult& result = round.result;
  std::string line =
      fmt::format("{:4}  {}  {:.1f} s", number, word(result.is_lost()), result.seconds);
  for (const lab::PageResult& page : result.pages) {
    line += fmt::format("  {} page {}: {} was stored, {} is on the disk",
                        scenario_.files[page.file].name, page.page, page.stored, page.on_disk);
  }
  std::string remarks;
  for (std::size_t i = 0; i < result.segments.size(); ++i) {
    const std::string what = describe(result.segments[i], plan_.schedule.segments[i], scenario_);
    if (!what.empty()) remarks += fmt::format("      {}. {}\n", i + 1, what);
  }
  for (std::size_t i = 0; i < result.faults.size(); ++i) {
    if (result.faults[i] == 0) continue;
    remarks += fmt::format("      {} was refused its access\n", scenario_.threads[i].name);
  }
  for (const std::string& warning : result.warnings) remarks += "      kernel: " + warning + '\n';
  if (plan_.prediction && !plan_.prediction->allows(result)) {
    remarks += "      this is not what the model says\n";
  }
  if (!remarks.empty() && remarks == said_) line += "  (the rest as before)";
  console_.out << line << '\n' << (remarks == said_ ? std::string() : remarks) << std::flush;
  said_ = remarks;
}

void OnKernelText::print_totals(const OrderTotals& totals, const LabBoot& boot) const {
  std::string text = fmt::format("\nLOST {} of {}, KEPT {} of {}", totals.lost, totals.rounds,
                                 totals.rounds - totals.lost, totals.rounds);
  if (totals.blocked > 0) text += fmt::format("; a thread was blocked in {}", totals.blocked);
  if (totals.again > 0) {
    text += fmt::format("; {} made again, as a TLB had lost the entry to be used", totals.again);
  }
  const bool impossible = plan_.prediction && plan_.prediction->is_impossible();
  const unsigned refused = impossible ? totals.foreseen : 0;
  if (refused > 0) text += fmt::format("; the order was refused in {}", refused);
  if (totals.unforced > refused) {
    text += fmt::format("; {} did not go in the order", totals.unforced - refused);
  }
  if (totals.warned > 0) text += fmt::format("; the kernel warned in {}", totals.warned);
  text += fmt::format(
      "\nbooted in {:.1f} s{}; a replay took at most {:.1f} s\n", boot.seconds,
      boot.boots == 1 ? std::string() : fmt::format(", after {} boots that failed", boot.boots - 1),
      totals.seconds_max);
  if (plan_.prediction) {
    text += has_agreed(totals, plan_)
                ? "the model and the kernel agree\n"
                : fmt::format("the model and the kernel DISAGREE in {} of {}\n",
                              totals.rounds - totals.foreseen, totals.rounds);
  }
  console_.out << text << "the kernel's log: " << boot.log.string() << '\n';
}

}  // namespace mmcheck::cli
