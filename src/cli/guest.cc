// SPDX-License-Identifier: Apache-2.0
// `mmcheck run`: unmodified C and C++ programs.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/cell.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/progress.h"
#include "cli/search_options.h"
#include "explore/explorer.h"
#include "guest/compile.h"
#include "guest/program.h"
#include "report/columns.h"
#include "report/json.h"
#include "trace/schedule.h"

namespace mmcheck::cli {
namespace {

struct GuestOptions {
  std::vector<std::string> sources;
  std::vector<std::string> flags;
  std::string design = "linux-6.12";
  std::string strategy = "dpor";
  std::uint64_t executions = 0;  ///< 0: the strategy's own
  std::uint64_t steps = 0;       ///< 0: the strategy's own
  std::uint64_t seed = 1;
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  std::vector<std::string> allowed;  ///< rules that may be broken
  std::string fail_on;
  std::string replay;
  bool json = false;
  bool all_steps = false;
  bool output = false;
};

constexpr std::uint64_t kSampleExecutions = 10'000;
/// An endless program is looked at for so long.
constexpr std::uint64_t kSampleSteps = 1'000'000;
/// As many as a search can keep in its log.
constexpr std::uint64_t kCompleteSteps = 60'000;

bool allows(const GuestOptions& options, std::string_view rule) {
  return std::ranges::find(options.allowed, rule) != options.allowed.end();
}

bool is_sample(const GuestOptions& options) {
  return options.strategy == "random" || options.strategy == "pct";
}

explore::Options explore_options_of(const GuestOptions& options) {
  explore::Options search;
  if (options.steps != 0) {
    search.steps_max = options.steps;
  } else if (is_sample(options)) {
    search.steps_max = kSampleSteps;
  } else {
    search.steps_max = kCompleteSteps;
  }
  search.seed = options.seed;
  if (options.strategy == "random") search.strategy = explore::Strategy::Random;
  if (options.strategy == "pct") search.strategy = explore::Strategy::Pct;
  if (options.strategy == "bounded") search.strategy = explore::Strategy::Bounded;
  if (options.strategy == "naive") search.strategy = explore::Strategy::Naive;
  if (options.executions != 0) {
    search.executions_max = options.executions;
  } else if (is_sample(options)) {
    search.executions_max = kSampleExecutions;
  }
  return search;
}

std::string coverage_of(const explore::Result& result) {
  switch (result.coverage) {
    case explore::Coverage::Complete:
      return "complete";
    case explore::Coverage::Bounded:
      return "bounded";
    case explore::Coverage::Sampled:
      return "sampled";
    case explore::Coverage::CutShort:
      return "cut short";
  }
  return "";
}

/// "2 executions (and 1 cut short ...), complete".
std::string figures(const guest::GuestResult& found) {
  const std::uint64_t executions = found.result.executions - found.cut_short;
  std::string text = fmt::format("{} execution{}", executions, executions == 1 ? "" : "s");
  if (found.cut_short + found.result.blocked > 0) {
    text += fmt::format(" ({} more blocked: they wait in vain, or assume what does not hold)",
                        found.cut_short + found.result.blocked);
  }
  if (found.result.coverage == explore::Coverage::Sampled && executions > 0) {
    text += fmt::format(" of {} steps on average",
                        found.result.steps / std::max<std::uint64_t>(found.result.executions, 1));
  }
  return text + ", " + coverage_of(found.result);
}

std::string name_of(const GuestOptions& options) {
  return std::filesystem::path(options.sources.front()).filename().string();
}

class Guest {
 public:
  Guest(const GuestOptions& options, const Session& session)
      : options_(options),
        console_(session.console),
        arguments_(session.arguments),
        compiled_(guest::compile({options.sources, options.flags}, folder_)),
        module_(compiled_.path),
        program_(module_, arguments_of(session),
                 {.memory = options.memory,
                  .races = !allows(options, "R-RACE"),
                  .liveness = !allows(options, "R-LIVE"),
                  .status = !allows(options, "R-EXIT"),
                  .waits = !is_sample(options) && options.strategy != "naive",
                  .endless = is_sample(options),
                  .rewinds = !compiled_.owns_memory && options.fail_on.empty(),
                  .fail_on = options.fail_on,
                  .design = compiled_.needs_kernel ? &find_design_or_throw(options.design, session)
                                                   : nullptr}) {}

  ExitCode search() {
    const explore::Options search = explore_options_of(options_);
    const guest::GuestResult found = guest::explore_guest(program_, search);
    if (options_.json) {
      console_.out << json_of(found);
    } else if (!found.result.counterexample) {
      if (options_.output) console_.out << program_.output();
      console_.out << fmt::format("{}: held, {}\n", name_of(options_), figures(found));
    } else {
      show(found);
    }
    return found.result.counterexample ? ExitCode::NotMet : ExitCode::Met;
  }

  ExitCode replay() {
    const trace::Record record = guest::replay_guest(program_, options_.replay);
    print(record, "");
    return record.violation ? ExitCode::NotMet : ExitCode::Met;
  }

 private:
  std::vector<std::string> arguments_of(const Session& session) const {
    std::vector<std::string> words = {
        std::filesystem::path(options_.sources.front()).stem().string()};
    words.insert(words.end(), session.arguments.begin(), session.arguments.end());
    return words;
  }

  std::string json_of(const guest::GuestResult& found) const {
    const auto& counterexample = found.result.counterexample;
    return json_line({{"program", name_of(options_)},
                      {"verdict", counterexample ? "violated" : "held"},
                      {"rule", counterexample ? counterexample->rule : ""},
                      {"executions", found.result.executions - found.cut_short},
                      {"blocked", found.cut_short + found.result.blocked},
                      {"steps", found.result.steps},
                      {"coverage", coverage_of(found.result)}});
  }

  void show(const guest::GuestResult& found) {
    const explore::Counterexample& counterexample = *found.result.counterexample;
    const trace::Schedule schedule = program_.endless()
                                         ? counterexample.schedule
                                         : explore::straighten(program_, counterexample.schedule);
    const trace::Record record = explore::replay(program_, schedule);
    console_.out << report::paint(
                        console_.colour, report::Emphasis::Bold,
                        fmt::format("{}: {} broken, after {} execution{}", name_of(options_),
                                    counterexample.rule, found.result.executions,
                                    found.result.executions == 1 ? "" : "s"))
                 << '\n'
                 << report::paragraph("", record.violation ? record.violation->what : "", 0)
                 << '\n';
    // An endless program is run again by the seed of its execution.
    const bool by_seed = program_.endless() && options_.strategy == "random";
    print(record, by_seed ? fmt::format("--strategy random --executions 1 --seed {}",
                                        options_.seed + found.result.executions - 1)
                          : "--replay " + guest::encode_replay(program_, schedule));
  }

  /// What the execution depends on.
  std::string words_of_options() const {
    std::string text;
    const auto add = [&text](const std::string& word) { text += ' ' + report::shell_word(word); };
    for (const std::string& source : options_.sources) add(source);
    for (const std::string& flag : options_.flags) add("--cflag=" + flag);
    for (const std::string& rule : options_.allowed) add("--allow=" + rule);
    if (compiled_.needs_kernel) add("--design=" + options_.design);
    if (options_.memory == explore::MemoryModel::Tso) add("--memory=tso");
    if (options_.strategy == "naive" || options_.strategy == "pct") {
      add("--strategy=" + options_.strategy);
    }
    if (!options_.fail_on.empty()) add("--fail-on=" + options_.fail_on);
    if (options_.steps != 0) add("--steps=" + std::to_string(options_.steps));
    return text;
  }
  std::string words_behind() const {
    std::string text = arguments_.empty() ? "" : " --";
    for (const std::string& word : arguments_) text += ' ' + report::shell_word(word);
    return text;
  }

  void print(const trace::Record& record, const std::string& schedule) {
    console_.out << report::columns(
        record, {.steps = options_.all_steps ? report::Steps::All : report::Steps::Focus,
                 .colour = console_.colour});
    if (!program_.output().empty()) console_.out << "\nprinted:\n" << program_.output();
    if (!schedule.empty()) {
      console_.out << "\nreplay: " << console_.program << " run" << words_of_options() << ' '
                   << schedule << words_behind() << '\n';
    }
  }

  const GuestOptions& options_;
  const Console& console_;
  std::vector<std::string> arguments_;
  host::TemporaryFolder folder_;
  guest::Compiled compiled_;
  guest::Module module_;
  guest::GuestProgram program_;
};

ExitCode run_guest(const GuestOptions& options, const Session& session) {
  Guest guest(options, session);
  return options.replay.empty() ? guest.search() : guest.replay();
}

}  // namespace

void add_run_command(CLI::App& app, Session& session) {
  auto options = std::make_shared<GuestOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Run unmodified C or C++ programs under every schedule");
  command->add_option("sources", options->sources, "Their sources; behind `--`: main()'s arguments")
      ->type_name("FILE.c")
      ->required();
  command->add_option("--design", options->design, "The kernel for what it maps, and files")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--cflag", options->flags, "For the compiler, as in --cflag=-DN=3")
      ->type_name("FLAG")
      ->allow_extra_args(false);
  command
      ->add_option("--strategy", options->strategy,
                   "dpor: one execution per class of equivalent ones; bounded, naive, pct, random: "
                   "as of `check`")
      ->check(CLI::IsMember({"dpor", "naive", "bounded", "pct", "random"}))
      ->capture_default_str();
  command->add_option("--executions", options->executions, "At most so many; default: no limit");
  command->add_option("--steps", options->steps, "Of one execution at most");
  command->add_option("--seed", options->seed, "Of a sample")->capture_default_str();
  add_memory_option(*command, options->memory);
  command
      ->add_option("--allow", options->allowed,
                   "No violation: R-RACE, a data race; R-LIVE, a deadlock; R-EXIT, a status of "
                   "exit() that is not 0")
      ->type_name("RULE")
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"R-RACE", "R-LIVE", "R-EXIT"}));
  command->add_option("--fail-on", options->fail_on, "It is one if the program prints this")
      ->type_name("TEXT");
  command->add_option("--replay", options->replay, "Run one schedule again")->type_name("SCHEDULE");
  command->add_flag("--json", options->json, "One JSON object per program");
  command->add_flag("--all-steps", options->all_steps,
                    "Show minor steps too, and those after the rule is broken");
  command->add_flag("--output", options->output,
                    "Show what the last execution has printed, also where no rule is broken");
  command->callback([options, &session] {
    session.command = [options, &session] { return run_guest(*options, session); };
  });
}

}  // namespace mmcheck::cli
