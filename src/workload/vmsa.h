// SPDX-License-Identifier: Apache-2.0
// Litmus tests of relaxed virtual memory in the form of the suite for Armv8-A (Simner et al., ESOP
// 2022; litmus-tests/litmus-tests-armv8a-system-vmsa), on the machine's page tables and TLBs.
// docs/reference/cli.md describes the form.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "explore/explorer.h"
#include "explore/memory.h"

namespace mmcheck::workload::vmsa {

inline constexpr unsigned kNrRegisters = 31;
/// What a register holds that nothing has set. Equal to no value, itself included.
inline constexpr std::uint64_t kUnset = ~std::uint64_t{0};

/// A test as text.
struct Source {
  std::string init;
  std::vector<std::string> threads;
  std::string final;
};

struct Operand {
  bool is_register = false;
  std::uint64_t value = 0;  ///< or the register's number
};

enum class Operation : std::uint8_t {
  Load,        ///< target := [address]
  Store,       ///< [address] := a
  LoadEntry,   ///< target := PTE(address)
  StoreEntry,  ///< PTE(address) := a
  Invalidate,  ///< TLBI of `addresses`, everywhere if `broadcast`
  Complete,    ///< DSB for loads and stores
  Fence,       ///< other barriers that order stores before later loads
  Move,        ///< target := a
  Or,
  And,
  Xor,
  Add,
  Branch,           ///< to `destination`
  BranchIfZero,     ///< a
  BranchIfNonZero,  ///< a
};

struct Instruction {
  Operation operation = Operation::Move;
  unsigned target = 0;
  unsigned address = 0;
  Operand a;
  Operand b;
  bool broadcast = false;
  std::vector<unsigned> addresses;
  std::string label;         ///< of a branch
  unsigned destination = 0;  ///< later than the branch
};

struct Assignment {
  unsigned target = 0;
  std::uint64_t value = 0;
};

struct Thread {
  std::vector<Instruction> code;
  // What the fault handler assigns, by kind of fault, and whether it goes on behind the access.
  std::vector<Assignment> on_translation_fault;
  std::vector<Assignment> on_permission_fault;
  bool skips = false;
};

struct Condition {
  enum class Kind : std::uint8_t { And, Or, Not, Register, Memory };

  Kind kind = Kind::And;
  std::vector<Condition> operands = {};  ///< of And, Or, Not
  unsigned thread = 0;
  unsigned place = 0;  ///< register or frame
  std::uint64_t value = 0;
};

/// A register that an instruction reads and none has set: the suite's files initialise it, this
/// form leaves it out. It may hold any of these values.
struct Input {
  unsigned thread = 0;
  unsigned target = 0;
  std::vector<std::uint64_t> candidates;
};

struct Test {
  std::vector<std::string> addresses;
  std::vector<std::uint64_t> entries;  ///< of each address, when the threads start
  std::vector<std::string> frames;
  std::vector<std::uint64_t> contents;  ///< of each frame, when the threads start
  std::vector<Thread> threads;
  Condition final;
  std::vector<Input> inputs;
  std::string cannot;  ///< why the test cannot be run; empty if it can
};

/// Throws InputError, without a place, if the text is not of the form.
Test parse(const Source& source);

struct Verdict {
  bool allowed = false;  ///< the final condition holds at the end of some execution
  std::uint64_t executions = 0;
};

/// Searches all executions.
Verdict run(const Test& test, explore::Strategy strategy = explore::Strategy::Dpor,
            explore::MemoryModel model = explore::MemoryModel::Sc);

}  // namespace mmcheck::workload::vmsa
