// SPDX-License-Identifier: Apache-2.0
// Reads the texts of a test, one after the other: init, threads, final.
#pragma once

#include <string>
#include <string_view>

#include "workload/vmsa.h"
#include "workload/vmsa_scanner.h"

namespace mmcheck::workload::vmsa {

class Reader {
 public:
  Test read(const Source& source);

 private:
  void read_init(const std::string& text);
  void read_thread(unsigned number, const std::string& text);
  void read_statement(Thread& thread, const std::string& where, std::string_view text);
  void read_assignment(Thread& thread, Scanner& in);
  void read_store(Thread& thread, Scanner& in);
  bool read_other(Thread& thread, Scanner& in);
  void read_invalidation(Thread& thread, Scanner& in);
  void read_handler(Thread& thread, Scanner& in);
  void resolve_labels(Thread& thread, const std::string& where);
  void check_limits();

  Condition read_disjunction(Scanner& in, unsigned depth);
  Condition read_conjunction(Scanner& in, unsigned depth);
  Condition read_negation(Scanner& in, unsigned depth);
  Condition read_atom(Scanner& in);
  std::uint64_t read_value(Scanner& in);

  std::uint64_t read_entry(Scanner& in);
  std::uint64_t read_permissions(Scanner& in, std::uint64_t entry);
  unsigned read_address(Scanner& in);
  unsigned read_register(Scanner& in);
  void skip_suffixes(Scanner& in);
  unsigned frame(const std::string& name);
  /// What is of the form, but not of the machine. The first reason counts.
  void cannot(std::string reason);

  Test test_;
  std::vector<std::pair<std::string, unsigned>> labels_;  ///< of the thread that is being read
};

/// Registers that are read and not set: see Input. `condition` may read what a handler sets.
void find_inputs(Test& test);

/// "1:X2", if the condition reads a register that nothing of its thread sets; empty otherwise.
std::string unset_in_condition(const Test& test, const Condition& condition);

}  // namespace mmcheck::workload::vmsa
