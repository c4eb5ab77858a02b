// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "mm/vmscan.h"
#include "workload/parse_limits.h"
#include "workload/scenario.h"

namespace mmcheck::workload {

inline unsigned pages_of(std::int64_t bytes) {
  return static_cast<unsigned>(static_cast<std::uint64_t>(bytes) / kPageSizeBytes);
}

/// What the threads of a scenario share besides memory, and their registers.
class SharedState {
 public:
  void reset(const Scenario& scenario, explore::Memory& memory, machine::Kept& kept);

  ObjectId variable(unsigned index) const { return variables_[index]; }
  std::int64_t& reg(unsigned thread, unsigned index) { return registers_[thread][index]; }

  /// A condition on the final state.
  bool holds(const Expr& condition) const { return evaluate(condition) != 0; }
  void report_outcome(explore::Execution& execution) const;

 private:
  std::int64_t evaluate(const Expr& expr) const;
  std::int64_t final_value(unsigned variable) const;

  unsigned nr_variables_ = 0;
  unsigned nr_threads_ = 0;
  const explore::Memory* memory_ = nullptr;
  std::array<ObjectId, kVariablesMax> variables_{};
  std::array<std::span<std::int64_t>, machine::kCpusMax> registers_;
};

/// Value of an operator; both operands are evaluated already.
std::int64_t apply(Operator oper, std::int64_t left, std::int64_t right);

/// The same of scenarios with fork().
void check_forks(const Scenario& scenario);

/// Throws InputError, with the place, if the scenario asks for what the model has not.
void check_supported(const Scenario& scenario);

/// Runs one thread of a scenario. Nothing here owns memory: an execution that ends early abandons
/// the thread's stack.
class Interpreter {
 public:
  Interpreter(const Scenario& scenario, mm::System& system, SharedState& state, unsigned number)
      : scenario_(scenario), system_(system), state_(state), number_(number) {}

  void run();

 private:
  void run_body(const std::vector<Statement>& body);
  std::int64_t evaluate(const Expr& expr);
  std::int64_t call(const Expr& expr);
  std::int64_t access(const Expr& expr);
  std::int64_t access_variable(const Expr& expr);
  std::int64_t update_variable(Operation operation, ObjectId word, trace::Arg name,
                               std::int64_t first, std::int64_t second);
  std::int64_t access_page(const Expr& expr);
  std::int64_t system_call(const Expr& expr);
  std::int64_t page_call(const Expr& expr);
  std::int64_t memory_call(const Expr& expr);
  std::int64_t file_call(const Expr& expr);
  std::int64_t kernel_activity(const Expr& expr);
  std::int64_t folio_activity(const Expr& expr);
  std::int64_t page_activity(const Expr& expr);
  mm::FolioList isolate_folios(const Expr& target);

  struct Pages {
    unsigned first = 0;
    unsigned end = 0;
  };
  Vaddr address_of(const Expr& page);
  mm::folio* held_page(const Expr& call, std::int64_t page);
  Pages range(const Expr& address, const Expr& length) const;
  mm::thread& task() { return system_.threads[number_]; }

  const Scenario& scenario_;
  mm::System& system_;
  SharedState& state_;
  unsigned number_;
};

}  // namespace mmcheck::workload
