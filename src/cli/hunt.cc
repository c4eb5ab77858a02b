// SPDX-License-Identifier: Apache-2.0
// All small programs under one design.
#include <fmt/format.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <set>

#include "cli/cell.h"
#include "cli/commands.h"
#include "cli/design_file.h"
#include "cli/hunt_coverage.h"
#include "cli/hunt_report.h"
#include "cli/progress.h"
#include "cli/search_options.h"
#include "cli/suggest.h"
#include "hunt/campaign.h"
#include "hunt/store.h"
#include "workload/program.h"

namespace mmcheck::cli {
namespace {

using std::chrono::steady_clock;

/// More would not fit into what an execution may have.
constexpr unsigned kOperationsMax = hunt::kOperationsMax;

struct HuntOptions {
  std::string design;
  std::string without;
  std::string against;
  std::string rule;
  hunt::Bounds bounds;
  std::vector<std::string> calls;
  std::vector<std::string> starts;
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  std::uint64_t executions = hunt::Options{}.executions_max;  ///< 0: no limit
  std::uint64_t states = hunt::Options{}.states_max;
  std::optional<std::uint64_t> programs;
  std::optional<std::uint64_t> seed;
  std::optional<double> seconds;
  std::string database;
  std::string output;
  bool first = false;
  bool coverage = false;
  bool json = false;
  unsigned jobs = 0;
};

template <typename Thing>
std::vector<std::string> names_of(std::span<const Thing> things) {
  std::vector<std::string> names;
  for (const Thing& thing : things) names.emplace_back(thing.name);
  return names;
}

/// Those named, in the order of the table, each once; all, if none is named.
template <typename Thing>
std::vector<const Thing*> select(const std::vector<std::string>& words,
                                 std::span<const Thing> things, const char* what) {
  for (const std::string& word : words) {
    const std::vector<std::string> names = names_of(things);
    if (std::find(names.begin(), names.end(), word) == names.end()) {
      throw InputError(fmt::format("unknown {} '{}'{}", what, word, did_you_mean(word, names)));
    }
  }
  std::vector<const Thing*> selected;
  for (const Thing& thing : things) {
    if (words.empty() || std::find(words.begin(), words.end(), thing.name) != words.end()) {
      selected.push_back(&thing);
    }
  }
  return selected;
}

const design::Design& select_design(const HuntOptions& options, const Session& session) {
  if (options.without.empty()) return find_design_or_throw(options.design, session);
  return session.designs->find_without(options.design, options.without, session.console);
}

/// All that the results depend on.
std::string campaign_identity(const HuntOptions& options, const design::Design& design,
                              const design::Design* against, const hunt::Space& space) {
  const hunt::Bounds& bounds = options.bounds;
  std::string text = fmt::format(
      "mmcheck " MMCHECK_VERSION
      ".hunt/3 design {} rule {} memory {} operations {} threads {} processes {} pages {} "
      "executions {} states {} first {}",
      identity_of(design), options.rule.empty() ? "all" : options.rule, memory_name(options.memory),
      bounds.operations, bounds.threads, bounds.processes, bounds.pages, options.executions,
      options.states, options.first);
  if (against != nullptr) text += " against " + identity_of(*against);
  if (options.programs) {
    text += fmt::format(" programs {} seed {}", *options.programs, options.seed.value_or(1));
  }
  return text + "\n" + space.identity();
}

hunt::Options campaign_options(const HuntOptions& options, const Session& session) {
  hunt::Options out;
  if (const rules::Rule* rule = select_rule(options.rule, session.console))
    out.rules = set_of(*rule);
  out.memory = options.memory;
  out.executions_max = options.executions != 0 ? options.executions : ~std::uint64_t{0};
  out.states_max = options.states;
  if (!options.against.empty()) out.against = &find_design_or_throw(options.against, session);
  out.first = options.first;
  out.coverage = options.coverage;
  out.programs = options.programs;
  out.seed = options.seed.value_or(1);
  out.jobs = options.jobs != 0 ? std::min(options.jobs, 1024u)
                               : static_cast<unsigned>(tbb::this_task_arena::max_concurrency());
  if (options.seconds) {
    const auto end = steady_clock::now() + std::chrono::duration<double>(*options.seconds);
    out.stop = [end] { return steady_clock::now() >= end; };
  }
  return out;
}

/// Nothing if there are so many that to count them would take long.
std::optional<std::uint64_t> nr_programs(const hunt::Space& space, const HuntOptions& options) {
  constexpr double kCandidatesMax = 1e8;
  const double candidates = std::pow(space.letters().size(), space.bounds().operations);
  if (!options.programs && candidates > kCandidatesMax) return std::nullopt;
  std::uint64_t number = 0;
  for (unsigned operations = 1; operations <= space.bounds().operations; ++operations) {
    if (options.programs) {
      number += *options.programs;
      continue;
    }
    hunt::Enumeration all(space, operations);
    while (all.next() != nullptr) ++number;
  }
  return number;
}

/// Whether so much time has passed since it last was.
std::function<bool()> now_and_then() {
  return [last = steady_clock::now()]() mutable {
    const auto now = steady_clock::now();
    if (now - last < std::chrono::milliseconds(500)) return false;
    last = now;
    return true;
  };
}

/// Passes results on to the database, if there is one, and to whoever looks on.
class Watched final : public hunt::Journal {
 public:
  Watched(hunt::Store* store, Progress& progress) : store_(store), progress_(progress) {}

  std::vector<hunt::Level> levels() override {
    return store_ == nullptr ? std::vector<hunt::Level>{} : store_->levels();
  }
  std::vector<hunt::Finding> findings() override {
    return store_ == nullptr ? std::vector<hunt::Finding>{} : store_->findings();
  }
  void add(const hunt::Level& level, std::span<const hunt::Finding> findings) override {
    if (store_ != nullptr) store_->add(level, findings);
    if (level.operations != operations_) executions_ = 0;
    operations_ = level.operations;
    if (!level.done) progress_.cell_done(0, level.executions - executions_);
    executions_ = level.executions;
  }

 private:
  hunt::Store* store_;
  Progress& progress_;
  unsigned operations_ = 0;
  std::uint64_t executions_ = 0;
};

/// Whether `check` meets this rule first if it watches all of them.
bool comes_first(const workload::Scenario& scenario, const design::Design& design,
                 const hunt::Finding& finding, explore::MemoryModel memory) {
  workload::ScenarioProgram program(scenario, design, memory);
  explore::Options options;
  options.executions_max = 20'000;
  const explore::Result result = explore::explore(program, options);
  return result.counterexample && result.counterexample->rule == finding.rule;
}

/// The finding as a scenario that reproduces it alone.
std::string scenario_text(const hunt::Space& space, const design::Design& design,
                          const hunt::Finding& finding, explore::MemoryModel memory) {
  std::string text = space.text(finding.program);
  const workload::Scenario scenario = workload::parse_scenario(text, "program");
  text.insert(
      text.find('\n') + 1,
      fmt::format("\n(* Found by mmcheck hunt: a program that breaks {0} in {1}.\n"
                  "   What breaks it: {2}.\n"
                  "   mmcheck check FILE --design {1} --rule {0} --memory {3} *)\n",
                  finding.rule, design::word_of(design), finding.cause, memory_name(memory)));
  // A file of scenarios can name only designs that are there.
  if (!design.word.empty()) return text;
  if (!comes_first(scenario, design, finding, memory)) return text;
  return text + fmt::format("\nexpect {{\n  {}: {};\n}}\n", design.name, finding.rule);
}

void write_scenarios(const std::string& directory, const hunt::Space& space,
                     const design::Design& design, const std::vector<const hunt::Finding*>& causes,
                     explore::MemoryModel memory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  for (const hunt::Finding* finding : causes) {
    const std::string path =
        (std::filesystem::path(directory) / hunt_file_name(space, *finding)).string();
    std::ofstream file(path);
    file << scenario_text(space, design, *finding, memory);
    if (!file.flush()) throw InputError({path, 0, 0}, "cannot write the scenario");
  }
}

/// The first of each rule and cause.
std::vector<const hunt::Finding*> causes_of(const std::vector<hunt::Finding>& findings) {
  std::vector<const hunt::Finding*> first;
  std::set<std::pair<std::string, std::string>> seen;
  for (const hunt::Finding& finding : findings) {
    if (seen.emplace(finding.rule, finding.cause).second) first.push_back(&finding);
  }
  return first;
}

std::string restriction_of(const HuntOptions& options) {
  std::string text;
  if (!options.rule.empty()) text += ", of which only " + options.rule + " was looked for";
  if (!options.against.empty()) text += ", but those that " + options.against + " breaks, too";
  return text;
}

/// An operation that was asked for by name, and would be in no program.
void refuse_unused(const HuntOptions& options, const hunt::Space& space) {
  for (const hunt::Operation* unused : space.unused()) {
    if (std::find(options.calls.begin(), options.calls.end(), unused->name) ==
        options.calls.end()) {
      continue;
    }
    throw InputError(fmt::format("--calls {}: fits none of the starts with {} page(s)",
                                 unused->name, options.bounds.pages));
  }
}

ExitCode hunt(const HuntOptions& options, const Session& session) {
  const Console& console = session.console;
  const design::Design& design = select_design(options, session);
  std::vector<std::string> starts = options.starts;
  if (starts.empty()) starts = {"shared", "anon"};
  const hunt::Space space(options.bounds, select(options.calls, hunt::operations(), "operation"),
                          select(starts, hunt::starts(), "start"));
  refuse_unused(options, space);
  const hunt::Options campaign_wanted = campaign_options(options, session);
  std::unique_ptr<hunt::Store> store;
  if (!options.database.empty()) {
    store = std::make_unique<hunt::Store>(
        options.database, campaign_identity(options, design, campaign_wanted.against, space), space,
        now_and_then());
  }
  const std::optional<std::uint64_t> in_all = nr_programs(space, options);
  HuntReport report(space, design, console,
                    {.json = options.json,
                     .sampled = options.programs.has_value(),
                     .restriction = restriction_of(options)});
  report.begin(in_all);
  const auto start = steady_clock::now();
  std::optional<Progress> progress(std::in_place, console, in_all.value_or(0), "programs");
  Watched journal(store.get(), *progress);
  hunt::Campaign campaign(space, design, campaign_wanted, journal);
  campaign.run();
  progress.reset();
  if (store) store->flush();
  const std::vector<const hunt::Finding*> causes = causes_of(campaign.findings());
  if (!options.output.empty()) {
    write_scenarios(options.output, space, design, causes, options.memory);
  }
  report.end(campaign, causes, options.memory, options.output,
             std::chrono::duration<double>(steady_clock::now() - start).count());
  if (options.coverage) {
    console.out << (options.json ? coverage_json(campaign, design.name) : coverage_text(campaign));
  }
  const bool failed = std::any_of(campaign.levels().begin(), campaign.levels().end(),
                                  [](const hunt::Level& level) { return level.failed > 0; });
  if (failed) return ExitCode::Internal;
  if (!campaign.findings().empty()) return ExitCode::NotMet;
  return campaign.complete() ? ExitCode::Met : ExitCode::Incomplete;
}

void add_space_options(CLI::App& command, HuntOptions& options) {
  command.add_option("--operations", options.bounds.operations, "In one program; default: 3")
      ->type_name("N")
      ->check(CLI::Range(1u, kOperationsMax));
  command.add_option("--threads", options.bounds.threads, "In one program; default: 3")
      ->type_name("N")
      ->check(CLI::Range(1u, hunt::kThreadsMax));
  command.add_option("--processes", options.bounds.processes, "1 (default) or 2")
      ->type_name("N")
      ->check(CLI::Range(1, 2));
  command.add_option("--pages", options.bounds.pages, "Of the mapping: 1 (default) to 4")
      ->type_name("N")
      ->check(CLI::Range(1u, hunt::kPagesMax));
  command
      .add_option("--calls", options.calls,
                  fmt::format("Only these operations, with commas between; default: all of\n{}",
                              fmt::join(names_of(hunt::operations()), ", ")))
      ->type_name("NAMES")
      ->delimiter(',');
  command
      .add_option("--start", options.starts,
                  fmt::format("What is mapped at the start, with commas between: {}; default: "
                              "shared,anon",
                              fmt::join(names_of(hunt::starts()), ", ")))
      ->type_name("NAMES")
      ->delimiter(',');
}

void add_bound_options(CLI::App& command, HuntOptions& options) {
  command
      .add_option("--executions", options.executions,
                  "Where a program has more, search its states instead, each once; default: "
                  "2000; 0: never")
      ->type_name("N");
  command
      .add_option("--states", options.states,
                  "Where a program has more, cut it short; default: 20000000, some 600 MB")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  CLI::Option* programs =
      command
          .add_option("--programs", options.programs,
                      "A sample: so many programs of each size, drawn at random")
          ->type_name("N")
          ->check(CLI::PositiveNumber);
  command.add_option("--seed", options.seed, "Of --programs; default: 1")
      ->type_name("N")
      ->needs(programs);
  command.add_option("--time", options.seconds, "Stop after so many seconds; exit code 3")
      ->type_name("SECONDS")
      ->check(CLI::PositiveNumber);
}

}  // namespace

void add_hunt_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<HuntOptions>();
  CLI::App* command = app.add_subcommand("hunt", "Explore all small programs under a design");
  command->add_option("--design", options->design, "The design")->type_name("NAME")->required();
  command
      ->add_option("--without", options->without,
                   "The design without this step: a mutation, as `designs` lists them")
      ->type_name("STEP");
  command
      ->add_option("--against", options->against,
                   "Only what this design does not break with the same program")
      ->type_name("NAME");
  add_space_options(*command, *options);
  add_rule_option(*command, options->rule);
  add_memory_option(*command, options->memory);
  add_bound_options(*command, *options);
  command->add_flag("--first", options->first, "Stop at the first violation");
  command
      ->add_option("--database", options->database,
                   "Keep the results in FILE (SQLite); go on from what it holds")
      ->type_name("FILE");
  command
      ->add_option("--output", options->output,
                   "Write the smallest program of each cause to DIR, as a scenario")
      ->type_name("DIR");
  command->add_flag("--coverage", options->coverage,
                    "Also say which steps of the model ran, which never, and which in conflict");
  command->add_flag("--json", options->json, "One JSON object per line");
  command->add_option("-j,--jobs", options->jobs, "Threads that search; default: all cores")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command->callback([options, &session] {
    session.command = [options, &session] { return hunt(*options, session); };
  });
}

}  // namespace mmcheck::cli
