// SPDX-License-Identifier: Apache-2.0
// Random programs, for comparing the reduction with brute force.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "explore/execution.h"

namespace mmcheck::explore {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value);

/// What one operation of a random thread does. Each is one step, but for Skip.
enum class Op : std::uint8_t {
  Read,        ///< reg = a
  Write,       ///< a = value
  Copy,        ///< b = a, in one step
  Branch,      ///< in one step: reads a, then reads b or writes c depending on what it read
  Increment,   ///< a = a + 1
  BlindStore,  ///< a = reg
  Commute,     ///< a = a + 1 by Commute
  Lock,
  Unlock,
  TryLock,
  UnlockIfTaken,
  DownRead,
  UpRead,
  DownWrite,
  UpWrite,
  Await,       ///< waits until a == value
  AwaitNot,    ///< waits until a != value, then reads b
  AwaitTake,   ///< waits until a == value, then a = value + 1
  Choose,      ///< reads a; alternatives 0 and 1 + a; b = the one taken
  ChooseWide,  ///< three alternatives: a read of a, a write of a, nothing
  ChooseIf,    ///< reads a; alternatives 0 and, if a != value, 1: b = value
  Adjust,      ///< counter +- 1 by Commute; at 0 a handler frees it
  Send,        ///< makes a handler's word 1
  Skip,        ///< no step: leaves out the next operation if reg is odd
  ViolateIf,   ///< no step: breaks a rule if reg == value
};

struct Instruction {
  Op op = Op::Read;
  std::uint8_t a = 0, b = 0, c = 0;
  std::uint8_t value = 0;
};

struct RandomOptions {
  bool violations = false;
  unsigned steps_max = 5;  ///< of one thread, roughly
  /// Threads remember all that they read, so that hardly anything but the order of independent
  /// steps leads to the same state twice. Else only the last value of each.
  bool histories = true;
  bool rewindable = false;
  /// Only operations that use the same words whatever they read, or compare and exchange.
  bool foreseeable = false;
  /// A bit for each instruction, in order, that is left out: for making programs smaller.
  std::uint64_t left_out = 0;
};

/// A program made from a seed. Words: some plain ones, commuting ones, locks, readers-writer locks,
/// and one per handler. Values are small so that what is waited for happens at times.
class RandomProgram final : public Program {
 public:
  RandomProgram(std::uint64_t seed, const RandomOptions& options);

  void setup(Execution& execution) override;
  void finished(Execution& execution) override;
  bool rewindable() const override { return options_.rewindable; }
  bool foreseeable() const override { return options_.foreseeable; }
  void forget_findings() override { ++nr_forgotten_; }
  /// How often a search has begun anew.
  unsigned nr_forgotten() const { return nr_forgotten_; }

  /// The final words, and all that each thread read.
  std::uint64_t state_hash() const;
  std::string text() const;
  std::size_t nr_instructions() const;

 private:
  /// Of a thread in this execution: what it read, and its last value.
  struct Local {
    std::uint64_t history = 0;
    std::uint64_t reg = 0;
    std::uint64_t nr_reading = 0;  ///< readers-writer locks are left only by who is in them
    std::uint32_t taken = 0;
    std::uint32_t writing = 0;
  };
  struct Thread {
    RandomProgram* program = nullptr;
    std::vector<Instruction> code;
    bool handler = false;
    std::uint8_t armed_by = 0;  ///< handler: its word
    std::uint8_t gate = 0;      ///< handler: runs only while this plain word is `open`
    std::uint8_t open = 0;
    Local local;
  };

  void make_thread(Thread& thread, unsigned nr_handlers);
  void make_block(Thread& thread, unsigned depth);
  void leave_out();
  Instruction make_simple();
  unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }

  static void run(void* context);
  static void run_handler(void* context);
  static void run_free(void* context);
  void execute(Thread& thread, const Instruction& i);
  void execute_lock(Thread& thread, const Instruction& i);
  void execute_choice(Thread& thread, const Instruction& i);
  void access(Thread& thread, const Instruction& i);
  std::uint64_t read(Thread& thread, unsigned word);
  void remember(Thread& thread, std::uint64_t value) const;
  Guard guard(unsigned word, std::uint64_t value, bool negated = false) const;

  std::mt19937_64 random_;
  RandomOptions options_;
  unsigned nr_plain_ = 2;
  unsigned nr_handlers_ = 0;
  unsigned nr_forgotten_ = 0;
  std::vector<Thread> threads_;
  std::vector<ObjectId> words_;
  Execution* execution_ = nullptr;
};

}  // namespace mmcheck::explore
