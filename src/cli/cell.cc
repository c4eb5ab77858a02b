// SPDX-License-Identifier: Apache-2.0
#include "cli/cell.h"

#include <fmt/format.h>
#include <tbb/global_control.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <limits>
#include <memory>
#include <utility>

#include "cli/checkpoint_file.h"
#include "cli/progress.h"
#include "workload/program.h"

namespace mmcheck::cli {
namespace {

/// How long to search on for the shortest counterexample. Enough for all executions of most
/// scenarios; the report says whether it was.
constexpr std::uint64_t kShortestExecutions = 20'000;

std::string_view name_of(explore::Strategy strategy) {
  switch (strategy) {
    case explore::Strategy::Naive:
      return "naive";
    case explore::Strategy::Dpor:
      return "dpor";
    case explore::Strategy::Bounded:
      return "bounded";
    case explore::Strategy::Random:
      return "random";
    case explore::Strategy::Pct:
      return "pct";
    case explore::Strategy::Stateful:
      return "stateful";
  }
  return "";
}

std::string_view name_of(workload::Quantifier quantifier) {
  switch (quantifier) {
    case workload::Quantifier::Exists:
      return "exists";
    case workload::Quantifier::NotExists:
      return "~exists";
    case workload::Quantifier::Forall:
      return "forall";
  }
  return "";
}

report::Outcome outcome_of(const explore::Result& result) {
  if (result.counterexample) return report::Outcome::Violated;
  switch (result.coverage) {
    case explore::Coverage::Complete:
      return report::Outcome::Held;
    case explore::Coverage::Bounded:
      return report::Outcome::Bounded;
    case explore::Coverage::Sampled:
      return report::Outcome::Sampled;
    case explore::Coverage::CutShort:
      break;
  }
  return report::Outcome::Incomplete;
}

report::Coverage coverage_of(explore::Coverage coverage) {
  switch (coverage) {
    case explore::Coverage::Complete:
      return report::Coverage::Complete;
    case explore::Coverage::Bounded:
      return report::Coverage::Bounded;
    case explore::Coverage::Sampled:
      return report::Coverage::Sampled;
    case explore::Coverage::CutShort:
      break;
  }
  return report::Coverage::CutShort;
}

report::Sample sample_of(const explore::Sample& sample) {
  report::Sample out{.classes = sample.classes,
                     .classes_at_least = sample.classes_at_least,
                     .next_is_new = sample.next_is_new,
                     .schedules = {},
                     .guarantee = {}};
  if (sample.schedules) out.schedules = {sample.schedules->value, sample.schedules->error};
  if (const auto& guarantee = sample.guarantee) {
    out.guarantee = {guarantee->threads, guarantee->steps, guarantee->depth,
                     guarantee->per_execution, guarantee->in_all};
  }
  return out;
}

bool is_sampled(explore::Strategy strategy) {
  return strategy == explore::Strategy::Random || strategy == explore::Strategy::Pct;
}

report::Bounds bounds_of(const explore::Options& options) {
  report::Bounds bounds;
  if (options.executions_max != std::numeric_limits<std::uint64_t>::max()) {
    bounds.executions_max = options.executions_max;
  }
  bounds.steps_max = options.steps_max;
  if (options.strategy == explore::Strategy::Bounded) {
    bounds.preemptions_max = options.preemptions_max;
  }
  if (options.strategy == explore::Strategy::Pct) bounds.depth = options.depth;
  return bounds;
}

bool is_watched(const Cell& cell, const rules::Rule& rule) {
  return cell.only_rule == nullptr || cell.only_rule->id == rule.id;
}

std::vector<std::string> vacuous_rules(const Cell& cell, const workload::ScenarioProgram& program) {
  const rules::RuleSet exercised = program.exercised();
  std::vector<std::string> names;
  for (const rules::Rule& rule : rules::rules()) {
    if (is_watched(cell, rule) && !exercised.contains(rule.id)) names.emplace_back(rule.name);
  }
  return names;
}

report::Verdict verdict_of(const Cell& cell, const explore::Options& options,
                           const explore::Result& result) {
  const workload::Scenario& scenario = cell.scenario->scenario;
  report::Verdict verdict;
  verdict.scenario = scenario.name;
  verdict.file = scenario.path;
  verdict.design = cell.design->name;
  verdict.memory = memory_name(cell.memory);
  verdict.strategy = name_of(options.strategy);
  if (is_sampled(options.strategy)) verdict.seed = options.seed;
  verdict.outcome = outcome_of(result);
  if (result.counterexample) verdict.rule = result.counterexample->rule;
  verdict.executions = result.executions;
  verdict.blocked = result.blocked;
  verdict.steps = result.steps;
  verdict.complete = result.complete;
  verdict.coverage = coverage_of(result.coverage);
  verdict.preemptions = result.preemptions;
  if (result.sample) verdict.sample = sample_of(*result.sample);
  verdict.expected = expectation_of(scenario, *cell.design);
  if (cell.only_rule != nullptr) verdict.only_rule = cell.only_rule->name;
  verdict.met = report::judge(verdict.outcome, verdict.rule, verdict.expected, verdict.only_rule);
  verdict.bounds = bounds_of(options);
  return verdict;
}

bool is_as_short(const explore::Counterexample& a, const explore::Counterexample& b) {
  return std::pair(a.context_switches, a.steps) <= std::pair(b.context_switches, b.steps);
}

/// The counterexample to show, for the one that the search found first.
report::Counterexample minimise(workload::ScenarioProgram& program, const explore::Options& options,
                                const explore::Result& first, Search search) {
  explore::Counterexample best = *first.counterexample;
  report::Minimality minimality = report::Minimality::First;
  std::uint64_t searched = first.executions;
  if (search == Search::Shortest) {
    explore::Options more = options;
    more.on_violation = explore::OnViolation::Continue;
    more.checkpoints = {};
    more.executions_max = std::min(options.executions_max, first.executions + kShortestExecutions);
    const explore::Result result = explore::explore(program, more);
    // The same rule: a shorter way to break another one is not this counterexample made shorter.
    if (result.counterexample && result.counterexample->rule == best.rule) {
      // The first need not be among so many: it was found out of order.
      if (is_as_short(*result.counterexample, best)) best = *result.counterexample;
      minimality = result.complete ? report::Minimality::Shortest : report::Minimality::Capped;
      searched = result.executions;
    }
  }
  report::Counterexample example;
  example.schedule = explore::straighten(program, best.schedule);
  example.context_switches = best.context_switches;
  example.steps = best.steps;
  example.minimality = minimality;
  example.searched = searched;
  return example;
}

/// Counts up to the step that breaks the rule, in the execution that is shown.
void count_steps(const trace::Record& record, report::Counterexample& example) {
  if (!record.violation) return;
  example.steps = 0;
  example.context_switches = 0;
  const trace::StepRecord* previous = nullptr;
  for (const trace::StepRecord& step : record.steps) {
    ++example.steps;
    if (previous != nullptr && previous->thread != step.thread) ++example.context_switches;
    previous = &step;
    if (step.event == record.violation->broken_at) break;
  }
}

}  // namespace

std::string_view memory_name(explore::MemoryModel memory) {
  return memory == explore::MemoryModel::Tso ? "tso" : "sc";
}

rules::RuleSet set_of(const rules::Rule& rule) {
  rules::RuleSet set;
  set.add(rule.id);
  return set;
}

std::optional<report::Expectation> expectation_of(const workload::Scenario& scenario,
                                                  const design::Design& design) {
  const auto mutations = design::mutations();
  const bool is_mutation =
      std::any_of(mutations.begin(), mutations.end(),
                  [&](const design::Design& mutation) { return &mutation == &design; });
  const workload::Expectation* found = nullptr;
  for (const workload::Expectation& expectation : scenario.expectations) {
    if (expectation.design == design.name) {
      found = &expectation;
      break;
    }
    // "*" speaks of designs that somebody proposed. A mutation is wrong on purpose.
    if (expectation.design == "*" && !is_mutation) found = &expectation;
  }
  if (found == nullptr) return std::nullopt;
  const bool held = found->expected == workload::Expected::Held;
  return report::Expectation{held ? report::Outcome::Held : report::Outcome::Violated, found->rule};
}

CellResult run_cell(const Cell& cell, const explore::Options& options, Search search) {
  const workload::Scenario& scenario = cell.scenario->scenario;
  const auto make_program = [&] {
    auto program = std::make_unique<workload::ScenarioProgram>(scenario, *cell.design, cell.memory);
    if (cell.only_rule != nullptr) program->watch_only(set_of(*cell.only_rule));
    return program;
  };
  const std::unique_ptr<workload::ScenarioProgram> owner = make_program();
  workload::ScenarioProgram& program = *owner;
  const auto start = std::chrono::steady_clock::now();
  const explore::Result result = explore::explore(program, make_program, options);
  const auto end = std::chrono::steady_clock::now();

  CellResult out{verdict_of(cell, options, result), std::nullopt};
  out.verdict.seconds = std::chrono::duration<double>(end - start).count();
  out.verdict.vacuous = vacuous_rules(cell, program);
  if (scenario.condition && out.verdict.outcome == report::Outcome::Held) {
    const workload::Condition& condition = *scenario.condition;
    out.verdict.condition = report::Condition{std::string(name_of(condition.quantifier)),
                                              condition.text, program.condition_held()};
  }
  if (result.counterexample && search != Search::Verdict) {
    report::Counterexample example = minimise(program, options, result, search);
    out.record = explore::replay(program, example.schedule);
    count_steps(*out.record, example);
    out.verdict.replay = fmt::format("{}@{}:{}", cell.scenario->word, design::word_of(*cell.design),
                                     trace::encode(example.schedule));
    out.verdict.counterexample = std::move(example);
  }
  return out;
}

namespace {

explore::Options options_of(const Run& run, std::size_t index, unsigned jobs) {
  explore::Options result = run.options;
  result.jobs = jobs;
  if (CheckpointFile* file = run.checkpoint; file != nullptr) {
    result.checkpoints = {
        .due = [file, index] { return file->due(index); },
        .save = [file, index](const std::string& state) { file->set(index, state); },
        .resume = file->state(index)};
  }
  return result;
}

}  // namespace

void run_cells(std::span<const Cell> cells, const Run& run, const Console& console,
               const std::function<void(CellResult&&)>& on_result) {
  struct Done {
    CellResult result;
    std::exception_ptr error;
  };
  // More than any machine has cores would only cost.
  unsigned jobs = std::min(run.jobs, 1024u);
  if (jobs == 0) jobs = static_cast<unsigned>(tbb::this_task_arena::max_concurrency());
  const tbb::global_control control(tbb::global_control::max_allowed_parallelism, jobs);
  tbb::task_arena arena(static_cast<int>(jobs));
  Progress progress(console, cells.size());
  std::size_t next = 0;
  // The pipeline is run dry after an error, and not cancelled: oneTBB does not destroy what is in
  // flight then.
  std::atomic<bool> failed = false;
  std::exception_ptr error;
  const auto take = [&](tbb::flow_control& flow) -> std::size_t {
    if (next == cells.size() || failed) flow.stop();
    return next++;
  };
  const auto search_cell = [&](std::size_t index) {
    Done done;
    try {
      explore::Options options = options_of(run, index, jobs);
      options.on_progress = progress.watch(index);
      done.result = run_cell(cells[index], options, run.search);
    } catch (...) {
      done.error = std::current_exception();
    }
    progress.cell_done(index, done.result.verdict.executions);
    return done;
  };
  const auto pass_on = [&](Done done) {
    if (failed) return;
    try {
      if (done.error) std::rethrow_exception(done.error);
      progress.around([&] { on_result(std::move(done.result)); });
    } catch (...) {
      error = std::current_exception();
      failed = true;
    }
  };
  arena.execute([&] {
    using tbb::filter_mode;
    // All cells may be in flight: one that takes long must not keep others from being searched.
    tbb::parallel_pipeline(
        cells.size() + 1,
        tbb::make_filter<void, std::size_t>(filter_mode::serial_in_order, take) &
            tbb::make_filter<std::size_t, Done>(filter_mode::parallel, search_cell) &
            tbb::make_filter<Done, void>(filter_mode::serial_in_order, pass_on));
  });
  if (error) std::rethrow_exception(error);
}

}  // namespace mmcheck::cli
