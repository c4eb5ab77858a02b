// SPDX-License-Identifier: Apache-2.0
// What is known of a rule, and the blocks of its page that are made of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "design/design.h"
#include "report/cost.h"
#include "report/verdict.h"
#include "rules/rules.h"
#include "trace/record.h"

namespace mmcheck::book {

/// Where the book is in a checkout: commands on its pages are to be called from there.
inline constexpr const char* kBookFolder = "docs/rules";

/// A program that hunt has found, and what came of it when it was run again.
struct HuntedProgram {
  std::string name;                        ///< its file: "linux-6.12/no-flush"
  const design::Design* design = nullptr;  ///< that breaks the rule
  const design::Design* keeper = nullptr;  ///< that keeps it
  std::string title;                       ///< "store+munmap+msync"
  std::string text;                        ///< the scenario, as a page shows it
  std::string command;                     ///< the hunt that found it
  report::Verdict broken{};                ///< of `design`, with its shortest counterexample
  std::optional<trace::Record> record{};
  report::Verdict kept{};  ///< of `keeper`
};

/// A mutation that some scenario of the catalog expects to break the rule, and that hunt has not
/// found.
struct Missed {
  const design::Design* mutation = nullptr;
  std::string scenario;
};

struct Chapter {
  const rules::Rule* rule = nullptr;
  std::vector<HuntedProgram> programs{};
  std::vector<Missed> missed{};
};

/// "docs/rules/programs/R-WRITE/linux-6.1.litmus".
std::string program_path(const rules::Rule& rule, const std::string& program);

/// The rule, as src/rules states it.
std::string rule_block(const Chapter& chapter);

/// Every program, a line each, and what hunt has not found.
std::string programs_block(const Chapter& chapter);

/// One program: what breaks the rule, the text, the interleaving, and that the other design holds.
std::string program_block(const Chapter& chapter, const HuntedProgram& program);

/// What designs cost, one below the other.
std::string cost_block(std::span<const report::CostLine> lines);

/// All rules, a line each.
std::string rules_block(std::span<const Chapter> chapters);

/// A page that has the blocks, and no prose yet.
std::string skeleton(const Chapter& chapter);

}  // namespace mmcheck::book
