// SPDX-License-Identifier: Apache-2.0
// Runs the threads of a litmus test on ordinary memory.
//
// RCU (linux v6.12 tools/memory-model/Documentation/explanation.txt, "RCU RELATIONS"): a grace
// period waits for the read-side critical sections that began before it, and for no others.
// Each thread has two words for RCU and for each srcu_struct:
//
//     entered  the number of sections that it has begun; an atomic update, so that what is within a
//              section is not done before it
//     left     bit n is set when section n is left; an ordinary store, so that it reaches memory
//              after all stores of the section
//
// synchronize_rcu() looks at all `entered` in one step, and then waits for each last section that
// it found: a bit of `left`, which stays set whatever the thread does next.
//
// differs: the update of `entered` is a full fence under TSO, where rcu_read_lock() is only a
// barrier for the compiler and the grace period interrupts every CPU instead. What needs a load in
// a section to be made before a store that precedes the section is not found. Where no thread waits
// for a grace period, sections are no steps at all, and nothing is missed.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "explore/memory.h"
#include "workload/litmus.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {

class LitmusProgram final : public explore::Program {
 public:
  /// Keeps a reference to the test.
  LitmusProgram(const Scenario& test, explore::MemoryModel model);

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution& execution) override;
  bool rewindable() const override { return true; }

  /// Each final state that was found, and whether the condition holds there.
  std::vector<FinalState> states() const;

  /// Where what is no address was used as one, in some execution; such executions do not count.
  const Expr* bad_address() const { return bad_address_; }

 private:
  using Word = std::int64_t;

  /// RCU, or one srcu_struct: words of each thread.
  struct Domain {
    std::array<ObjectId, kThreadsMax> entered{};
    std::array<ObjectId, kThreadsMax> left{};
    bool has_grace_periods = false;
  };

  /// What only the thread itself sees.
  struct ThreadState {
    std::array<Word, kRegistersMax> registers{};
    std::array<std::uint8_t, kVariablesMax + 1> nesting{};   ///< by domain
    std::array<std::uint8_t, kVariablesMax + 1> sections{};  ///< begun so far
    bool stopped = false;
  };

  /// What a thread is spawned with.
  struct Run {
    LitmusProgram* program = nullptr;
    unsigned number = 0;
  };

  static void run(void* context);
  void run_body(unsigned thread, const std::vector<Statement>& body);
  Word evaluate(unsigned thread, const Expr& expr);
  Word call(unsigned thread, const Expr& expr);
  Word access(unsigned thread, const Expr& expr);
  Word lock(const Expr& expr);
  Word rcu(unsigned thread, const Expr& expr);
  void synchronize(const Domain& domain);
  std::optional<ObjectId> address(unsigned thread, const Expr& expr);

  void note_grace_periods(const std::vector<Statement>& body);
  void note_grace_periods(const Expr& expr);
  void note_location(const Expr& expr);
  void note_locations(const Expr& condition);
  Word final_value(const Expr& location) const;
  Word final_condition(const Expr& expr) const;
  std::string text_of(const std::vector<Word>& values) const;

  static constexpr unsigned kRcu = kVariablesMax;
  static unsigned domain_of(const Expr& expr) {
    return expr.operands.empty() ? kRcu : expr.operands[0].index;
  }

  const Scenario& test_;
  explore::Memory memory_;
  std::array<ObjectId, kVariablesMax> words_{};
  std::array<Domain, kVariablesMax + 1> domains_;
  std::array<ThreadState, kThreadsMax> threads_;
  std::array<Run, kThreadsMax> runs_;
  std::vector<const Expr*> locations_;  ///< in herd's order
  std::map<std::vector<Word>, bool> states_;
  const Expr* bad_address_ = nullptr;
};

}  // namespace mmcheck::workload
