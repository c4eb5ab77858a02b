// SPDX-License-Identifier: Apache-2.0
// Stands in for the explorer, the model, the designs and the rules, so that the command line is
// tested with verdicts of every kind at will. The linker takes these definitions instead of those
// in the libraries. A scenario file here says how each design behaves:
//
//     name munmap+store
//     expect linux-6.1 violated R-WRITE
//     behave linux-6.1 violated R-WRITE 37
//     behave * held 100
//
// "violated R-FREE R-WRITE 37" breaks both, R-FREE first. A rule that this model does not know is
// one that the explorer finds itself, whatever is watched.
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "cost/cost.h"
#include "design/design.h"
#include "explore/explorer.h"
#include "rules/rules.h"
#include "workload/program.h"
#include "workload/scenario.h"

namespace mmcheck {
namespace {

struct Behaviour {
  std::string verdict = "held";
  std::vector<std::string> rules;
  std::uint64_t executions = 10;
  rules::RuleSet watched = rules::RuleSet::all();

  /// The first that is broken of those that are watched; empty if none is.
  std::string broken() const {
    if (verdict != "violated") return "";
    for (const std::string& name : rules) {
      const rules::Rule* rule = mmcheck::rules::find_rule(name);
      if (rule == nullptr || watched.contains(rule->id)) return name;
    }
    return "";
  }
};

/// Of the program that this thread made last: the command line searches it on the same thread.
thread_local Behaviour current;

Behaviour parse_behaviour(const std::string& line) {
  Behaviour behaviour;
  std::istringstream in(line);
  in >> behaviour.verdict;
  for (std::string word; in >> word;) {
    if (word.starts_with("R-")) {
      behaviour.rules.push_back(word);
    } else {
      behaviour.executions = std::stoull(word);
    }
  }
  return behaviour;
}

constexpr design::Design kDesigns[] = {
    {"linux-6.1", "removes the rmap before the flush", "Linux 6.1, mm/memory.c", nullptr},
    {"linux-6.2", "delays the rmap until after the flush", "Linux 6.2, mm/mmu_gather.c", nullptr},
};
constexpr design::Design kMutations[] = {
    {"linux-6.12/no-flush", "drops the flush", "mutation of linux-6.12", nullptr},
};
constexpr rules::Rule kRules[] = {
    {rules::RuleId::Write, "R-WRITE", "no store is lost", "data would be lost", "the flush",
     "linux-6.12/no-flush"},
    {rules::RuleId::Free, "R-FREE", "no translation survives", "memory would be corrupted",
     "tlb_finish_mmu()", ""},
};

}  // namespace

namespace design {
std::span<const Design> designs() { return kDesigns; }
std::span<const Design> variants() { return {}; }
std::span<const Design> mutations() { return kMutations; }
const Design* find_design(std::string_view name) {
  for (const Design& design : kDesigns) {
    if (design.name == name) return &design;
  }
  return name == kMutations[0].name ? &kMutations[0] : nullptr;
}
}  // namespace design

namespace rules {
std::span<const Rule> rules() { return kRules; }
const Rule* find_rule(std::string_view name) {
  for (const Rule& rule : kRules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}
}  // namespace rules

namespace workload {

Scenario load_scenario(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw InputError(SourcePlace{path, 0, 0}, "cannot open the file");
  Scenario scenario;
  scenario.path = path;
  unsigned line_number = 0;
  for (std::string line; std::getline(in, line);) {
    ++line_number;
    std::istringstream words(line);
    std::string keyword;
    std::string design;
    words >> keyword;
    if (keyword == "name") {
      words >> scenario.name;
    } else if (keyword == "comment") {
      std::getline(words >> std::ws, scenario.comment);
    } else if (keyword == "expect") {
      std::string verdict;
      std::string rule;
      words >> design >> verdict >> rule;
      const Expected expected = verdict == "held" ? Expected::Held : Expected::Violated;
      scenario.expectations.push_back({design, expected, rule, {}});
    } else if (keyword == "behave") {
      continue;  // see ScenarioProgram
    } else {
      throw InputError(SourcePlace{path, line_number, 1}, "expected 'name'");
    }
  }
  return scenario;
}

Scenario load_litmus(const std::string& path) {
  throw InputError(SourcePlace{path, 0, 0}, "cannot open the file");
}

class ScenarioProgram::Impl {};

ScenarioProgram::ScenarioProgram(const Scenario& scenario, const design::Design& design,
                                 explore::MemoryModel, Rewinding) {
  current = {};
  std::ifstream in(scenario.path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string name;
    words >> keyword >> name;
    if (keyword != "behave" || (name != design.name && name != "*")) continue;
    std::string rest;
    std::getline(words, rest);
    current = parse_behaviour(rest);
    break;
  }
  if (current.verdict == "unsupported") {
    throw InputError(SourcePlace{scenario.path, 3, 5}, "the model has no huge pages");
  }
}
ScenarioProgram::~ScenarioProgram() = default;
void ScenarioProgram::setup(explore::Execution&) {}
void ScenarioProgram::finished(explore::Execution&) {}
void ScenarioProgram::watch_only(rules::RuleSet rules) { current.watched = rules; }
rules::RuleSet ScenarioProgram::exercised() const {
  rules::RuleSet set;
  set.add(rules::RuleId::Write);
  return set;
}
bool ScenarioProgram::condition_held() const { return true; }
std::string ScenarioProgram::findings() const { return {}; }
void ScenarioProgram::add_findings(std::string_view) {}
void ScenarioProgram::forget_findings() {}

}  // namespace workload

namespace explore {
namespace {

trace::Record record_of(const Behaviour& behaviour) {
  trace::Record record;
  record.threads = {{"munmap", CpuId{0}, false}, {"store", CpuId{1}, false}};
  record.steps = {
      {EventId{0},
       ThreadId{0},
       CpuId{0},
       "down_write(mmap_lock)",
       trace::Detail::Minor,
       false,
       {},
       {}},
      {EventId{1},
       ThreadId{0},
       CpuId{0},
       "ptep_get_and_clear(x)",
       trace::Detail::Major,
       false,
       {{"pte(x)", "page 1", "none", trace::Detail::Major}},
       {}},
      {EventId{2}, ThreadId{1}, CpuId{1}, "store x = 2", trace::Detail::Major, false, {}, {}},
  };
  if (!behaviour.broken().empty()) {
    record.violation = trace::ViolationRecord{behaviour.broken(),
                                              "the store is lost",
                                              "the flush comes too late",
                                              EventId{2},
                                              {EventId{2}}};
  }
  record.schedule = {{ThreadId{0}, 0}, {ThreadId{0}, 0}, {ThreadId{1}, 0}};
  return record;
}

}  // namespace

Result explore(Program& program, const ProgramFactory&, const Options& options,
               const OutcomeFunction& on_outcome) {
  return explore(program, options, on_outcome);
}

Result explore(Program&, const Options& options, const OutcomeFunction&) {
  const Behaviour behaviour = current;
  if (behaviour.verdict == "internal") throw InternalError("the fake is broken");
  // Later cells end first, so that an order that follows time would be seen.
  std::this_thread::sleep_for(std::chrono::milliseconds(behaviour.executions % 7));
  Result result;
  result.executions = behaviour.executions;
  result.steps = behaviour.executions * 3;
  result.coverage = Coverage::Complete;
  if (options.strategy == Strategy::Bounded) {
    result.coverage = Coverage::Bounded;
    result.preemptions = options.preemptions_max;
  }
  if (options.strategy == Strategy::Random || options.strategy == Strategy::Pct) {
    result.coverage = Coverage::Sampled;
    result.sample = Sample{.classes = 7,
                           .classes_at_least = 8.4,
                           .next_is_new = 0.25,
                           .schedules = Estimate{212'345, 31'000},
                           .guarantee = {}};
    if (options.strategy == Strategy::Pct) {
      result.sample->schedules.reset();
      result.sample->guarantee = Guarantee{3, 40, options.depth, 1.0 / 4800, 0.1234};
    }
  }
  if (result.executions > options.executions_max) {
    result.executions = options.executions_max;
    if (!result.sample) result.coverage = Coverage::CutShort;
  } else if (!behaviour.broken().empty()) {
    if (options.on_violation == OnViolation::Continue) result.executions += 5;
    result.counterexample = Counterexample{behaviour.broken(), record_of(behaviour).schedule, 1, 3};
  }
  result.complete = result.coverage == Coverage::Complete;
  return result;
}

trace::Record replay(Program&, const trace::Schedule& schedule) {
  if (schedule.size() > 3) throw InputError("schedule, step 4: no thread can move");
  return record_of(current);
}

trace::Schedule straighten(Program&, const trace::Schedule& schedule) { return schedule; }

}  // namespace explore

namespace cost {
std::span<const Case> cases() {
  static constexpr Case kCases[] = {{Work::Munmap, 8, "munmap of 8 dirty shared pages"}};
  return kCases;
}
Cost measure(const design::Design&, const Case&) {
  return {.flushes = 2, .ipis = 2, .steps = 60, .ptl_steps = 35, .ptl_longest = 35};
}
}  // namespace cost
}  // namespace mmcheck
