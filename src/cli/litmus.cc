// SPDX-License-Identifier: Apache-2.0
// Litmus tests on ordinary memory, with the final states that herd prints.
#include "workload/litmus.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/litmus_expected.h"

namespace mmcheck::cli {
namespace {

using workload::LitmusResult;
using workload::Quantifier;
using workload::Scenario;

struct LitmusOptions {
  std::vector<std::string> files;
  std::string memory = "sc";
  std::string strategy = "dpor";
  std::string expected;
  bool json = false;

  explore::MemoryModel model() const {
    return memory == "tso" ? explore::MemoryModel::Tso : explore::MemoryModel::Sc;
  }
};

const char* keyword(Quantifier quantifier) {
  switch (quantifier) {
    case Quantifier::Exists:
      return "exists";
    case Quantifier::NotExists:
      return "~exists";
    case Quantifier::Forall:
      return "forall";
  }
  return "?";
}

std::string condition_text(const Scenario& test) {
  return test.condition
             ? fmt::format("{} {}", keyword(test.condition->quantifier), test.condition->text)
             : "forall (true)";
}

/// How many states speak for the condition, and how many against it. Of `~exists`, those speak for
/// it that the condition behind it does not hold in, but the observation counts the others first.
struct Witnesses {
  std::size_t positive = 0;
  std::size_t negative = 0;
};

Witnesses witnesses(const Scenario& test, const LitmusResult& result) {
  const std::size_t holding = result.nr_holding();
  const std::size_t others = result.states.size() - holding;
  const bool negated = test.condition && test.condition->quantifier == Quantifier::NotExists;
  return negated ? Witnesses{others, holding} : Witnesses{holding, others};
}

/// As herd prints it, but that states are counted, where herd counts executions.
std::string text_of(const Scenario& test, const LitmusResult& result) {
  const bool is_exists = test.condition && test.condition->quantifier == Quantifier::Exists;
  const Witnesses counts = witnesses(test, result);
  const std::size_t holding = result.nr_holding();
  std::string out = fmt::format("Test {} {}\nStates {}\n", test.name,
                                is_exists ? "Allowed" : "Required", result.states.size());
  for (const workload::FinalState& state : result.states) out += state.text + '\n';
  out += fmt::format(
      "{}\nWitnesses\nPositive: {} Negative: {}\nCondition {}\nObservation {} {} {} {}\n",
      result.ok ? "Ok" : "No", counts.positive, counts.negative, condition_text(test), test.name,
      name_of(result.observation), holding, result.states.size() - holding);
  if (result.deadlock) out += "Deadlock: in some executions, which have no final state\n";
  return out + '\n';
}

std::string text_of(const Scenario& test, const StatesComparison& comparison) {
  std::string out = fmt::format("{:<7}  {}{}{}\n", name_of(comparison.agreement), test.name,
                                comparison.reason.empty() ? "" : ": ", comparison.reason);
  for (const std::string& state : comparison.missing) out += "         missing: " + state + '\n';
  for (const std::string& state : comparison.unexpected) {
    out += "         unexpected: " + state + '\n';
  }
  return out;
}

Json json_of(const Scenario& test, const LitmusResult& result, const LitmusOptions& options) {
  const std::size_t holding = result.nr_holding();
  Json states = Json::array();
  for (const workload::FinalState& state : result.states) states.push_back(state.text);
  return {{"test", test.name},
          {"file", test.path},
          {"memory", options.memory},
          {"states", states},
          {"condition", condition_text(test)},
          {"result", result.ok ? "Ok" : "No"},
          {"observation", name_of(result.observation)},
          {"states_holding", holding},
          {"deadlock", result.deadlock},
          {"executions", result.executions}};
}

Json json_of(const StatesComparison& comparison) {
  Json json = {{"result", name_of(comparison.agreement)},
               {"missing", comparison.missing},
               {"unexpected", comparison.unexpected}};
  if (!comparison.reason.empty()) json["reason"] = comparison.reason;
  return json;
}

struct Summary {
  unsigned agree = 0;
  unsigned differ = 0;
  unsigned skipped = 0;

  void count(Agreement agreement) {
    ++(agreement == Agreement::Agree ? agree : agreement == Agreement::Differ ? differ : skipped);
  }
  std::string text() const {
    return fmt::format("agree {}, differ {}, skipped {}\n", agree, differ, skipped);
  }
  Json json() const { return {{"agree", agree}, {"differ", differ}, {"skipped", skipped}}; }
};

ExitCode litmus(const LitmusOptions& options, const Session& session) {
  std::ostream& out = session.console.out;
  std::optional<ExpectedStates> expected;
  if (!options.expected.empty()) expected.emplace(options.expected);
  explore::Options search;
  if (options.strategy == "naive") search.strategy = explore::Strategy::Naive;
  Summary summary;
  for (const std::string& file : options.files) {
    const Scenario test = workload::load_litmus(file);
    const LitmusResult result = workload::run_litmus(test, options.model(), search);
    Json json = json_of(test, result, options);
    std::string text = text_of(test, result);
    if (expected) {
      const StatesComparison comparison = expected->compare(file, options.model(), result);
      summary.count(comparison.agreement);
      json["expected"] = json_of(comparison);
      text = text_of(test, comparison);
    }
    out << (options.json ? json_line(json) : text) << std::flush;
  }
  if (expected) out << (options.json ? json_line(summary.json()) : summary.text());
  return summary.differ > 0 ? ExitCode::NotMet : ExitCode::Met;
}

}  // namespace

void add_litmus_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<LitmusOptions>();
  CLI::App* command =
      app.add_subcommand("litmus", "Run litmus tests on ordinary memory and show final states");
  command->add_option("file", options->files, "Tests in C or x86 assembly, as herd reads them")
      ->type_name("FILE")
      ->required();
  command->add_option("--memory", options->memory, "The memory model: sc or tso")
      ->type_name("MODEL")
      ->check(CLI::IsMember({"sc", "tso"}))
      ->capture_default_str();
  command
      ->add_option(
          "--expect", options->expected,
          "Compare with the final states in this file, as JSON; exit with 1 if one differs")
      ->type_name("FILE.json")
      ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  command
      ->add_option("--strategy", options->strategy,
                   "dpor: one execution per class of equivalent ones; naive: every interleaving")
      ->type_name("NAME")
      ->check(CLI::IsMember({"dpor", "naive"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "One line of JSON per test, and one for the summary");
  command->callback([options, &session] {
    session.command = [options, &session] { return litmus(*options, session); };
  });
}

}  // namespace mmcheck::cli
