// SPDX-License-Identifier: Apache-2.0
#include "hunt/campaign.h"

#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <set>

#include "base/error.h"
#include "explore/explorer.h"
#include "workload/program.h"

namespace mmcheck::hunt {

namespace {

/// "folio_mkclean(f[0])" and "user store x = 2: f[0]" without what is particular to the program.
std::string function_of(const std::string& step) {
  const std::size_t end = step.find_first_of("(:=[");
  std::string text = step.substr(0, end);
  if (end < step.size() && step[end] == '[') text.resize(text.find_last_of(' ') + 1);
  if (text.starts_with("user ")) text = text.substr(0, text.find(' ', 5));
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string cause_of(const trace::Record& record) {
  std::set<std::string> functions;
  for (const EventId event : record.violation->events) {
    for (const trace::StepRecord& step : record.steps) {
      if (step.event == event) functions.insert(function_of(step.text));
    }
  }
  std::string cause;
  for (const std::string& function : functions) cause += (cause.empty() ? "" : ", ") + function;
  return cause;
}

constexpr std::size_t kNamed = 10;  // of those that failed, or were cut short

rules::RuleSet set_of(const std::string& rule) {
  rules::RuleSet set;
  set.add(rules::find_rule(rule)->id);
  return set;
}

}  // namespace

Campaign::Campaign(const Space& space, const design::Design& design, const Options& options,
                   Journal& journal)
    : space_(space),
      design_(design),
      options_(options),
      journal_(journal),
      levels_(journal.levels()),
      findings_(journal.findings()) {
  for (const Finding& finding : findings_) remember(finding);
}

bool Campaign::complete() const {
  return levels_.size() == space_.bounds().operations &&
         std::all_of(levels_.begin(), levels_.end(), [](const Level& level) {
           return level.done && level.cut_short == 0 && level.failed == 0;
         });
}

void Campaign::remember(const Finding& finding) {
  broken_[finding.program.key()].add(set_of(finding.rule));
}

void Campaign::collect_parts(const Program& program, rules::RuleSet& broken) const {
  for (std::size_t thread = 0; thread < program.threads.size(); ++thread) {
    for (std::size_t i = 0; i < program.threads[thread].size(); ++i) {
      const std::optional<Program> part = space_.without(program, thread, i);
      if (!part) continue;
      if (const auto found = broken_.find(part->key()); found != broken_.end()) {
        broken.add(found->second);
      }
      collect_parts(*part, broken);
    }
  }
}

rules::RuleSet Campaign::broken_by_parts(const Program& program) const {
  rules::RuleSet broken;
  if (!broken_.empty()) collect_parts(program, broken);
  return broken;
}

explore::Result Campaign::search(workload::ScenarioProgram& program, Whose whose,
                                 Outcome& outcome) const {
  explore::Options options;
  if (options_.coverage && whose == Whose::Own) options.coverage = &outcome.coverage;
  options.executions_max = options_.executions_max;
  explore::Result result = explore::explore(program, options);
  outcome.executions += result.executions;
  outcome.steps += result.steps;
  if (result.complete || result.counterexample) return result;
  options.strategy = explore::Strategy::Stateful;
  options.states_max = options_.states_max;
  options.executions_max = ~std::uint64_t{0};
  try {
    result = explore::explore(program, options);
  } catch (const InputError&) {  // States cannot be told, as under AddressSanitizer.
    options.strategy = explore::Strategy::Dpor;
    result = explore::explore(program, options);
    outcome.executions += result.executions;
  }
  outcome.states += result.states ? result.states->states : 0;
  outcome.steps += result.steps;
  return result;
}

/// Whether the design that this one is compared with breaks the rule, too.
Campaign::Known Campaign::is_known(const workload::Scenario& scenario, const std::string& rule,
                                   Outcome& outcome) const {
  if (options_.against == nullptr) return Known::No;
  workload::ScenarioProgram program(scenario, *options_.against, options_.memory);
  program.watch_only(set_of(rule));
  const explore::Result result = search(program, Whose::Against, outcome);
  if (result.counterexample && result.counterexample->rule == rule) return Known::Yes;
  return result.complete && !result.counterexample ? Known::No : Known::Unknown;
}

/// Until no rule is broken any more: each is looked for in turn, so that a mistake does not hide
/// another.
void Campaign::search_for(const workload::Scenario& scenario, rules::RuleSet rules,
                          Outcome& outcome) const {
  workload::ScenarioProgram program(scenario, design_, options_.memory);
  while (!rules.empty()) {
    program.watch_only(rules);
    const explore::Result result = search(program, Whose::Own, outcome);
    outcome.exercised.add(program.exercised());
    if (!result.counterexample) {
      outcome.cut_short = outcome.cut_short || !result.complete;
      return;
    }
    if (!rules.contains(rules::find_rule(result.counterexample->rule)->id)) {
      outcome.cut_short = true;  // R-LIVE: nothing goes on behind a deadlock.
      return;
    }
    const rules::RuleSet broken = set_of(result.counterexample->rule);
    rules.remove(broken);
    const Known known = is_known(scenario, result.counterexample->rule, outcome);
    outcome.cut_short = outcome.cut_short || known == Known::Unknown;
    if (known != Known::No) continue;
    Finding finding{.program = outcome.program,
                    .ordinal = 0,
                    .rule = result.counterexample->rule,
                    .cause = {},
                    .executions = result.executions,
                    .schedule = explore::straighten(program, result.counterexample->schedule)};
    finding.cause = cause_of(explore::replay(program, finding.schedule));
    outcome.findings.push_back(std::move(finding));
  }
}

Campaign::Outcome Campaign::run_program(Program&& program) const {
  Outcome outcome;
  outcome.program = std::move(program);
  rules::RuleSet rules = options_.rules;
  rules.remove(broken_by_parts(outcome.program));
  const workload::Scenario scenario =
      workload::parse_scenario(space_.text(outcome.program), "program");
  try {
    search_for(scenario, rules, outcome);
  } catch (const InputError&) {
    outcome.refused = true;
  } catch (const InternalError& error) {
    outcome.failed = error.what();
  }
  return outcome;
}

void Campaign::add(Level& level, Outcome&& outcome) {
  for (Finding& finding : outcome.findings) finding.ordinal = level.nr_seen();
  ++(outcome.refused ? level.refused : level.programs);
  if (!outcome.failed.empty()) {
    ++level.failed;
    if (failures_.size() < kNamed) failures_.push_back({outcome.program, outcome.failed});
  }
  if (outcome.cut_short) {
    ++level.cut_short;
    if (cut_short_.size() < kNamed) cut_short_.push_back(outcome.program);
  }
  level.executions += outcome.executions;
  level.states += outcome.states;
  level.steps += outcome.steps;
  level.exercised.add(outcome.exercised);
  coverage_.add(outcome.coverage);
  nr_covered_ += outcome.refused ? 0 : 1;
  exercised_here_.add(outcome.exercised);
  journal_.add(level, outcome.findings);
  for (Finding& finding : outcome.findings) findings_.push_back(std::move(finding));
}

/// What the programs of a level break is remembered when all of them are done: no program has a
/// part of its own size. Returns whether the level is done.
bool Campaign::run_level(Level& level) {
  Enumeration all(space_, level.operations);
  Sampling sample(space_, level.operations, options_.seed);
  std::uint64_t taken = 0;
  const bool none = options_.programs && Enumeration(space_, level.operations).next() == nullptr;
  const auto draw = [&]() -> const Program* {
    if (!options_.programs || none) return all.next();
    return taken == *options_.programs ? nullptr : &sample.next();
  };
  for (; taken < level.nr_seen(); ++taken) draw();

  const std::size_t nr_findings = findings_.size();
  std::atomic<bool> stopped = false;
  std::exception_ptr error;
  bool exhausted = false;
  const auto take = [&](tbb::flow_control& flow) -> Program {
    const bool stop = stopped || (options_.stop && options_.stop());
    const Program* next = stop ? nullptr : draw();
    exhausted = !stop && next == nullptr;
    if (next == nullptr) {
      flow.stop();
      return {};
    }
    ++taken;
    return *next;
  };
  const auto run = [&](Program program) {
    Outcome outcome;
    try {
      if (!stopped) outcome = run_program(std::move(program));
    } catch (...) {
      if (!stopped.exchange(true)) error = std::current_exception();
    }
    return outcome;
  };
  const auto pass_on = [&](Outcome outcome) {
    if (stopped) return;
    try {
      add(level, std::move(outcome));
      if (options_.first && !findings_.empty()) stopped = true;
    } catch (...) {
      if (!stopped.exchange(true)) error = std::current_exception();
    }
  };
  using tbb::filter_mode;
  tbb::parallel_pipeline(
      options_.jobs * 4u,
      tbb::make_filter<void, Program>(filter_mode::serial_in_order, take) &
          tbb::make_filter<Program, Outcome>(filter_mode::parallel, run) &
          tbb::make_filter<Outcome, void>(filter_mode::serial_in_order, pass_on));
  if (error) std::rethrow_exception(error);
  for (std::size_t i = nr_findings; i < findings_.size(); ++i) remember(findings_[i]);
  return exhausted && !stopped;
}

void Campaign::run() {
  if (options_.first && !findings_.empty()) return;
  const tbb::global_control control(tbb::global_control::max_allowed_parallelism, options_.jobs);
  tbb::task_arena arena(static_cast<int>(options_.jobs));
  arena.execute([&] {
    for (unsigned operations = 1; operations <= space_.bounds().operations; ++operations) {
      if (levels_.size() < operations) levels_.push_back({.operations = operations});
      Level& level = levels_[operations - 1];
      if (level.done) continue;
      if (!run_level(level)) return;
      level.done = true;
      journal_.add(level, {});
    }
  });
}

}  // namespace mmcheck::hunt
