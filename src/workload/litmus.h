// SPDX-License-Identifier: Apache-2.0
// Litmus tests on ordinary memory, in the forms that herd reads: C with the primitives of the Linux
// kernel memory model (linux v6.12 tools/memory-model/linux-kernel.def and
// Documentation/litmus-tests.txt), and assembly for x86 (dialects X86_64 and X86 of herdtools7,
// "A user manual for diy7, litmus7 and herd7"). Their final states are those that herd prints.
// docs/reference/cli.md describes what is supported.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explore/explorer.h"
#include "explore/memory.h"
#include "workload/scenario.h"

namespace mmcheck::workload {

/// Parses a test. `path` is for messages only. Throws InputError with file, line, column and what
/// was expected there.
Scenario parse_litmus(const std::string& text, const std::string& path);

/// Reads and parses a file. Throws InputError also if it cannot be read.
Scenario load_litmus(const std::string& path);

/// How often a final state that the condition speaks of is found. Of `~exists` and `forall` as of
/// `exists`: it is the condition without its quantifier that holds or not.
enum class Observation : std::uint8_t { Never, Sometimes, Always };

const char* name_of(Observation observation);

struct FinalState {
  /// As in herd, the registers and variables of the condition and of `locations`:
  /// "0:r0=0; 1:r0=x; [x]=1;".
  std::string text;
  bool holds = false;  ///< the condition, without its quantifier
};

struct LitmusResult {
  std::vector<FinalState> states;  ///< each once, in the order of their values
  Observation observation = Observation::Never;
  bool ok = false;        ///< the condition with its quantifier
  bool deadlock = false;  ///< an execution has no final state
  bool complete = false;  ///< every class of executions was visited
  std::uint64_t executions = 0;

  std::size_t nr_holding() const;
};

/// Searches the executions of a test that parse_litmus() made. Throws InputError if one uses as an
/// address what is none.
LitmusResult run_litmus(const Scenario& test, explore::MemoryModel model,
                        const explore::Options& options = {});

}  // namespace mmcheck::workload
