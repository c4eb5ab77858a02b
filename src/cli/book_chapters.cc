// SPDX-License-Identifier: Apache-2.0
// The programs of the rule book: read, checked, run.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "book/program_text.h"
#include "cli/book.h"
#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/search_options.h"
#include "workload/read_file.h"

namespace mmcheck::cli {
namespace {

namespace fs = std::filesystem;

struct HuntedFile {
  NamedScenario scenario;
  book::HuntedProgram program;
  const rules::Rule* rule = nullptr;
};

[[noreturn]] void refuse_program(const std::string& path, const std::string& why) {
  throw InputError(SourcePlace{path, 0, 0}, why);
}

/// All files NAME.litmus in the folder and those below, by name.
std::vector<fs::path> program_files(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  if (!fs::exists(folder, error)) return paths;
  for (auto it = fs::recursive_directory_iterator(folder, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().extension() == ".litmus") paths.push_back(it->path());
  }
  if (error)
    refuse_program(folder.string(), fmt::format("cannot read the folder: {}", error.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// The designs that the file expects to break its rule, and to keep it: one of each.
void read_expectations(HuntedFile& file, const Session& session) {
  const workload::Scenario& scenario = file.scenario.scenario;
  for (const workload::Expectation& expectation : scenario.expectations) {
    const bool held = expectation.expected == workload::Expected::Held;
    const design::Design*& design = held ? file.program.keeper : file.program.design;
    if (design != nullptr || (!held && expectation.rule != file.rule->name)) {
      design = nullptr;
      break;
    }
    design = &find_design_or_throw(expectation.design, session);
  }
  if (file.program.design != nullptr && file.program.keeper != nullptr) return;
  refuse_program(
      scenario.path,
      fmt::format("a program of the rule book expects one design to break the rule of its "
                  "folder, here {}, and one to hold",
                  file.rule->name));
}

HuntedFile load_program(const fs::path& path, const fs::path& folder, const Session& session) {
  const fs::path within = path.lexically_relative(folder);
  HuntedFile file;
  file.rule = rules::find_rule(within.begin()->string());
  if (file.rule == nullptr) {
    refuse_program(path.string(), fmt::format("no rule is called '{}', as its folder is",
                                              within.begin()->string()));
  }
  file.program.name =
      within.lexically_relative(*within.begin()).replace_extension().generic_string();
  // Its path as the pages name it, wherever they are written to.
  file.scenario = {book::program_path(*file.rule, file.program.name),
                   workload::load_scenario(path.string())};
  file.program.title = file.scenario.scenario.name;
  file.program.text = book::program_text(workload::read_file(path.string(), "scenario"));
  file.program.command = book::hunt_command(file.scenario.scenario.comment);
  if (file.program.command.empty()) {
    refuse_program(path.string(), "its comment does not say which `mmcheck hunt ...` has found it");
  }
  read_expectations(file, session);
  return file;
}

void refuse_other_than(report::Outcome wanted, const HuntedFile& file,
                       const report::Verdict& verdict) {
  const bool violated = wanted == report::Outcome::Violated;
  if (verdict.outcome == wanted && (!violated || verdict.rule == file.rule->name)) return;
  refuse_program(
      verdict.file,
      fmt::format("{} does not {} {} with this program: {}", verdict.design,
                  violated ? "break" : "keep", file.rule->name,
                  verdict.rule.empty() ? report::to_string(verdict.outcome) : verdict.rule));
}

void run_breakers(std::vector<HuntedFile>& files, const Console& console) {
  std::vector<Cell> cells;
  for (const HuntedFile& file : files) {
    cells.push_back(
        {.scenario = &file.scenario, .design = file.program.design, .only_rule = file.rule});
  }
  Run run;
  run.options.executions_max = 200'000;  // more than any needs
  std::size_t next = 0;
  run_cells(cells, run, console, [&](CellResult&& result) {
    HuntedFile& file = files[next++];
    refuse_other_than(report::Outcome::Violated, file, result.verdict);
    file.program.broken = result.verdict;
    file.program.record = std::move(result.record);
  });
}

/// Where there are many executions, states are fewer.
void run_keepers(std::vector<HuntedFile*> files, explore::Strategy strategy,
                 const Console& console) {
  constexpr std::uint64_t kExecutionsMax = 20'000;
  std::vector<Cell> cells;
  for (const HuntedFile* file : files) {
    cells.push_back(
        {.scenario = &file->scenario, .design = file->program.keeper, .only_rule = file->rule});
  }
  Run run;
  run.search = Search::Verdict;
  run.options.strategy = strategy;
  if (strategy == explore::Strategy::Dpor) run.options.executions_max = kExecutionsMax;
  std::vector<HuntedFile*> large;
  std::size_t next = 0;
  run_cells(cells, run, console, [&](CellResult&& result) {
    HuntedFile& file = *files[next++];
    file.program.kept = result.verdict;
    if (result.verdict.outcome == report::Outcome::Incomplete &&
        strategy == explore::Strategy::Dpor) {
      large.push_back(&file);
    } else {
      refuse_other_than(report::Outcome::Held, file, result.verdict);
    }
  });
  if (!large.empty()) run_keepers(std::move(large), explore::Strategy::Stateful, console);
}

void run_programs(std::vector<HuntedFile>& files, const Console& console) {
  run_breakers(files, console);
  std::vector<HuntedFile*> all;
  for (HuntedFile& file : files) all.push_back(&file);
  run_keepers(std::move(all), explore::Strategy::Dpor, console);
}

/// The mutations that the catalog expects to break the rule, each with the first such scenario.
std::vector<book::Missed> known_mutations(const rules::Rule& rule,
                                          const std::vector<NamedScenario>& catalog) {
  std::vector<book::Missed> known;
  for (const design::Design& mutation : design::mutations()) {
    for (const NamedScenario& scenario : catalog) {
      const auto& expectations = scenario.scenario.expectations;
      const bool breaks =
          std::any_of(expectations.begin(), expectations.end(), [&](const auto& expectation) {
            return expectation.design == mutation.name && expectation.rule == rule.name;
          });
      if (!breaks) continue;
      known.push_back({&mutation, scenario.word});
      break;
    }
  }
  return known;
}

book::Chapter chapter_of(const rules::Rule& rule, std::vector<HuntedFile>& files,
                         const std::vector<NamedScenario>& catalog) {
  book::Chapter chapter{.rule = &rule};
  std::set<const design::Design*> found;
  for (HuntedFile& file : files) {
    if (file.rule != &rule) continue;
    found.insert(file.program.design);
    chapter.programs.push_back(std::move(file.program));
  }
  for (const book::Missed& known : known_mutations(rule, catalog)) {
    if (!found.contains(known.mutation)) chapter.missed.push_back(known);
  }
  return chapter;
}

}  // namespace

std::vector<book::Chapter> load_chapters(const std::string& directory, const Session& session) {
  const std::vector<NamedScenario> catalog = Catalog(session).load_all();
  const fs::path folder = fs::path(directory) / "programs";
  std::vector<HuntedFile> files;
  for (const fs::path& path : program_files(folder)) {
    files.push_back(load_program(path, folder, session));
  }
  run_programs(files, session.console);
  std::vector<book::Chapter> chapters;
  for (const rules::Rule& rule : rules::rules()) {
    chapters.push_back(chapter_of(rule, files, catalog));
  }
  return chapters;
}

}  // namespace mmcheck::cli
