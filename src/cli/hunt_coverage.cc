// SPDX-License-Identifier: Apache-2.0
#include "cli/hunt_coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/json_line.h"
#include "explore/step_coverage.h"
#include "hunt/model_steps.h"
#include "report/style.h"
#include "rules/rules.h"

namespace mmcheck::cli {
namespace {

using Pair = explore::StepCoverage::Pair;

rules::RuleSet exercised_rules(const hunt::Campaign& campaign) { return campaign.exercised_here(); }

/// Pairs of texts, whatever the order.
struct PairCounts {
  std::size_t both_orders = 0;
  std::size_t one_order = 0;
};

PairCounts count(const std::set<Pair>& pairs) {
  PairCounts counts;
  for (const Pair& pair : pairs) {
    const bool both = pairs.contains({pair.second, pair.first});
    if (!both) ++counts.one_order;
    if (both && pair.first <= pair.second) ++counts.both_orders;
  }
  return counts;
}

/// By file.
std::map<std::string_view, std::vector<std::string_view>> never_made(
    const std::set<std::string_view>& made) {
  std::map<std::string_view, std::vector<std::string_view>> never;
  for (const hunt::ModelStep& step : hunt::model_steps()) {
    if (!made.contains(step.text)) never[step.file].push_back(step.text);
  }
  return never;
}

}  // namespace

std::string coverage_text(const hunt::Campaign& campaign) {
  const std::set<std::string_view> made = campaign.coverage().steps();
  const PairCounts pairs = count(campaign.coverage().pairs());
  const auto never = never_made(made);
  std::size_t nr_never = 0;
  for (const auto& [file, steps] : never) nr_never += steps.size();
  const std::size_t nr_steps = hunt::model_steps().size();
  const rules::RuleSet rules = exercised_rules(campaign);
  const auto nr_rules =
      std::count_if(rules::rules().begin(), rules::rules().end(),
                    [&](const rules::Rule& rule) { return rules.contains(rule.id); });
  std::string text = fmt::format(
      "\ncoverage: what was made in the searches of the {} programs that this run explored. A step "
      "is\n"
      "told by its text in the model, whoever makes it and with what arguments.\n"
      "  steps  {} of {} were made\n"
      "  pairs  {}, of two steps of different threads that are in conflict, one directly before\n"
      "         the other: {} in both orders, {} in one\n"
      "  rules  {} of {} had something to decide\n",
      campaign.nr_covered(), nr_steps - nr_never, nr_steps, pairs.both_orders + pairs.one_order,
      pairs.both_orders, pairs.one_order, nr_rules, rules::rules().size());
  if (!never.empty()) text += "never made:\n";
  for (const auto& [file, steps] : never) {
    text +=
        report::paragraph(fmt::format("  {}", file), fmt::format("{}", fmt::join(steps, "; ")), 34);
  }
  return text;
}

std::string coverage_json(const hunt::Campaign& campaign, std::string_view design) {
  const std::set<std::string_view> made = campaign.coverage().steps();
  Json steps = Json::array();
  for (const hunt::ModelStep& step : hunt::model_steps()) {
    steps.push_back({{"step", step.text}, {"file", step.file}, {"made", made.contains(step.text)}});
  }
  const std::set<Pair> all = campaign.coverage().pairs();
  Json pairs = Json::array();
  for (const Pair& pair : all) pairs.push_back({{"first", pair.first}, {"then", pair.second}});
  const PairCounts counts = count(all);
  Json rules = Json::array();
  for (const rules::Rule& rule : rules::rules()) {
    if (exercised_rules(campaign).contains(rule.id)) rules.push_back(rule.name);
  }
  return json_line(Json{{"schema", "mmcheck.hunt.coverage/1"},
                        {"design", design},
                        {"programs", campaign.nr_covered()},
                        {"steps", steps},
                        {"pairs_in_both_orders", counts.both_orders},
                        {"pairs_in_one_order", counts.one_order},
                        {"pairs", pairs},
                        {"rules", rules}});
}

}  // namespace mmcheck::cli
