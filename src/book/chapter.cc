// SPDX-License-Identifier: Apache-2.0
#include "book/chapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "book/page.h"
#include "report/columns.h"
#include "report/style.h"

namespace mmcheck::book {
namespace {

std::string indented(const std::string& text) {
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out += line.empty() ? "\n" : "    " + line + '\n';
  return out;
}

/// How much was searched of the design that keeps the rule: all.
std::string extent_of(const report::Verdict& kept) {
  return kept.strategy == "stateful" ? "every state"
                                     : report::count_of(kept.executions, "execution", "executions");
}

/// As code of a page, broken into lines for a shell.
std::string command_lines(const std::string& command) {
  constexpr unsigned kIndent = 2;
  const std::vector<std::string> lines =
      report::wrap(command, report::kLineWidth - kIndent, kIndent);
  std::string out;
  for (const std::string& line : lines) {
    out += fmt::format("    {}{}\n", line, &line == &lines.back() ? "" : " \\");
  }
  return out;
}

std::string link_to(const rules::Rule& rule, const HuntedProgram& program) {
  return fmt::format("[{}](programs/{}/{}.litmus)", program.title, rule.name, program.name);
}

std::string changes(const design::Design& design) {
  return fmt::format("{} [{}]", design.summary, design.source);
}

std::string missed_lines(const Chapter& chapter) {
  if (chapter.missed.empty()) return "";
  std::string out =
      "\nNot found by hunt, with the scenario of the catalog that shows it:\n\n"
      "| design | what it changes | scenario |\n| --- | --- | --- |\n";
  for (const Missed& missed : chapter.missed) {
    out += fmt::format("| `{}` | {} | `{}` |\n", missed.mutation->name, changes(*missed.mutation),
                       missed.scenario);
  }
  return out;
}

/// What was measured of one design: a line for each size of munmap(), and one for fork and exit.
struct CostRow {
  std::string design;
  std::vector<const report::CostLine*> munmaps{};
  std::uint64_t fork = 0;
};

std::vector<CostRow> cost_rows(std::span<const report::CostLine> lines) {
  std::vector<CostRow> rows;
  for (const report::CostLine& line : lines) {
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const CostRow& other) { return other.design == line.design; });
    if (row == rows.end()) row = rows.insert(row, {.design = line.design});
    if (line.work.starts_with("munmap")) {
      row->munmaps.push_back(&line);
    } else {
      row->fork = line.flushes;
    }
  }
  return rows;
}

}  // namespace

std::string program_path(const rules::Rule& rule, const std::string& program) {
  return fmt::format("{}/programs/{}/{}.litmus", kBookFolder, rule.name, program);
}

std::string rule_block(const Chapter& chapter) {
  return fmt::format("> **{}** {}\n", chapter.rule->name, chapter.rule->sentence);
}

std::string programs_block(const Chapter& chapter) {
  std::string out;
  if (chapter.programs.empty()) {
    out = "No program that hunt has found breaks this rule.\n";
  } else {
    out =
        "| design | what it changes | smallest program | breaks it at | with the same program |\n"
        "| --- | --- | --- | --- | --- |\n";
    for (const HuntedProgram& program : chapter.programs) {
      out +=
          fmt::format("| `{}` | {} | {} | execution {} | `{}` holds: {} |\n", program.design->name,
                      changes(*program.design), link_to(*chapter.rule, program),
                      program.broken.executions, program.keeper->name, extent_of(program.kept));
    }
  }
  return out + missed_lines(chapter);
}

std::string program_block(const Chapter& chapter, const HuntedProgram& program) {
  const std::string rule(chapter.rule->name);
  std::string out =
      fmt::format("`{}`: {}. {}, found by\n\n{}\n", program.design->name, changes(*program.design),
                  link_to(*chapter.rule, program), command_lines(program.command));
  out += indented(program.text) + '\n';
  out += indented(report::counterexample_heading(program.broken));
  if (program.record) {
    out += '\n' + indented(report::columns(*program.record, {.replay = program.broken.replay,
                                                             .program = "./run",
                                                             .only_rule = rule,
                                                             .memory = program.broken.memory}));
  }
  return out + fmt::format("\nWith the same program `{}` holds {}: {}, complete.\n",
                           program.keeper->name, rule, extent_of(program.kept));
}

std::string cost_block(std::span<const report::CostLine> lines) {
  constexpr unsigned kCpus = 16;
  const std::vector<CostRow> rows = cost_rows(lines);
  std::string heading = "| design |";
  std::string under = "| --- |";
  for (const report::CostLine* munmap : rows.front().munmaps) {
    heading += fmt::format(" {} |", munmap->pages);
    under += " --- |";
  }
  std::string out = fmt::format("{} IPIs | longest under the PTL | fork |\n{} --- | --- | --- |\n",
                                heading, under);
  for (const CostRow& row : rows) {
    out += fmt::format("| `{}` |", row.design);
    for (const report::CostLine* munmap : row.munmaps) out += fmt::format(" {} |", munmap->flushes);
    const report::CostLine& most = *row.munmaps.back();
    out += fmt::format(" {} | {} | {} |\n", most.ipis * (kCpus - 1), most.ptl_longest, row.fork);
  }
  return out + fmt::format(
                   "\nFlushes of `munmap()` of so many dirty pages of a shared file; for the most "
                   "pages also IPIs, where {}\nCPUs run the process, and the longest time under a "
                   "page-table lock, in steps. `fork`: flushes of a fork and\nthe exit of the "
                   "child.\n",
                   kCpus);
}

std::string rules_block(std::span<const Chapter> chapters) {
  std::string out =
      "| rule | what it says | programs that break it | mutations not found |\n"
      "| --- | --- | --- | --- |\n";
  for (const Chapter& chapter : chapters) {
    out += fmt::format("| [{0}]({0}.md) | {1} | {2} | {3} |\n", chapter.rule->name,
                       chapter.rule->sentence, chapter.programs.size(), chapter.missed.size());
  }
  return out;
}

std::string skeleton(const Chapter& chapter) {
  std::string out = fmt::format("# {}\n\n", chapter.rule->name) + empty_block("rule");
  out += "\n## Why it is a rule\n\n## What upholds it\n\n## What breaks without it\n\n";
  for (const HuntedProgram& program : chapter.programs) {
    if (program.design->name != chapter.rule->mutation) continue;
    out += empty_block("program " + program.name) + '\n';
  }
  out += empty_block("programs");
  return out + "\n## What it costs\n\n## What the thread said\n\n## What remains open\n";
}

}  // namespace mmcheck::book
