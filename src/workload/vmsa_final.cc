// SPDX-License-Identifier: Apache-2.0
// The final condition, and what can be said once all texts have been read.
#include <algorithm>
#include <map>
#include <set>

#include "workload/vmsa_reader.h"

namespace mmcheck::workload::vmsa {

namespace {

bool sets_target(const Instruction& i) {
  switch (i.operation) {
    case Operation::Load:
    case Operation::LoadEntry:
    case Operation::Move:
    case Operation::Or:
    case Operation::And:
    case Operation::Xor:
    case Operation::Add:
      return true;
    default:
      return false;
  }
}

/// Values that the test speaks of, for a register of which it says nothing.
void collect_values(const Condition& condition, std::set<std::uint64_t>& values) {
  for (const Condition& operand : condition.operands) collect_values(operand, values);
  const bool atom = condition.operands.empty();
  if (atom) values.insert(condition.value);
}

std::vector<std::uint64_t> candidates(const Test& test, const Thread& thread, unsigned target) {
  std::set<std::uint64_t> values = {kUnset};
  collect_values(test.final, values);
  const bool stores_entries = std::any_of(
      thread.code.begin(), thread.code.end(),
      [](const Instruction& i) { return i.operation == Operation::StoreEntry && i.a.is_register; });
  for (unsigned i = 0; stores_entries && i < test.frames.size(); ++i) {
    values.insert(machine::mk_pte(static_cast<Pfn>(kFirstPfn + i), machine::pte_t::kWrite).word);
  }
  // A handler that sets the register does so to tell that there was a fault.
  for (const auto* handler : {&thread.on_translation_fault, &thread.on_permission_fault}) {
    for (const Assignment& assignment : *handler) {
      if (assignment.target == target) values.erase(assignment.value);
    }
  }
  return {values.begin(), values.end()};
}

}  // namespace

void find_inputs(Test& test) {
  for (unsigned number = 0; number < test.threads.size(); ++number) {
    const Thread& thread = test.threads[number];
    std::set<std::uint64_t> known;
    for (const Instruction& i : thread.code) {
      for (const Operand& operand : {i.a, i.b}) {
        if (!operand.is_register || !known.insert(operand.value).second) continue;
        const auto target = static_cast<unsigned>(operand.value);
        test.inputs.push_back(
            {.thread = number, .target = target, .candidates = candidates(test, thread, target)});
      }
      if (sets_target(i)) known.insert(i.target);
    }
  }
  std::size_t combinations = 1;
  for (const Input& input : test.inputs) {
    combinations = std::min(combinations * input.candidates.size(), kInputCombinationsMax + 1);
  }
  if (combinations > kInputCombinationsMax && test.cannot.empty()) {
    test.cannot = "it reads too many registers that nothing sets";
  }
}

std::string unset_in_condition(const Test& test, const Condition& condition) {
  for (const Condition& operand : condition.operands) {
    if (std::string name = unset_in_condition(test, operand); !name.empty()) return name;
  }
  if (condition.kind != Condition::Kind::Register) return "";
  const Thread& thread = test.threads[condition.thread];
  const unsigned place = condition.place;
  const auto sets = [&](const Assignment& i) { return i.target == place; };
  const bool set =
      std::any_of(thread.code.begin(), thread.code.end(),
                  [&](const Instruction& i) { return sets_target(i) && i.target == place; }) ||
      std::any_of(thread.on_translation_fault.begin(), thread.on_translation_fault.end(), sets) ||
      std::any_of(thread.on_permission_fault.begin(), thread.on_permission_fault.end(), sets);
  return set ? "" : fmt::format("{}:X{}", condition.thread, place);
}

void Reader::check_limits() {
  if (test_.threads.size() > kThreadsMax) cannot("it has too many threads");
  if (test_.addresses.size() > kAddressesMax) cannot("it has too many virtual addresses");
  if (test_.frames.size() > kFramesMax) cannot("it has too many physical pages");
  std::map<unsigned, std::size_t> stores;
  for (const Thread& thread : test_.threads) {
    if (thread.code.size() > kInstructionsMax) cannot("a thread is too long");
    std::size_t invalidations = 0;
    for (const Instruction& i : thread.code) {
      if (i.operation == Operation::Invalidate) ++invalidations;
      if (i.operation != Operation::StoreEntry) continue;
      if (++stores[i.address] > kEntryStoresMax) cannot("it stores too often to one entry");
    }
    if (invalidations > kInvalidationsMax) cannot("a thread has too many invalidations");
  }
}

Condition Reader::read_disjunction(Scanner& in, unsigned depth) {
  Condition first = read_conjunction(in, depth);
  if (!in.rest().starts_with('|')) return first;
  Condition all{.kind = Condition::Kind::Or, .operands = {std::move(first)}};
  while (in.accept("|")) all.operands.push_back(read_conjunction(in, depth));
  return all;
}

Condition Reader::read_conjunction(Scanner& in, unsigned depth) {
  Condition first = read_negation(in, depth);
  if (!in.rest().starts_with('&')) return first;
  Condition all{.kind = Condition::Kind::And, .operands = {std::move(first)}};
  while (in.accept("&")) all.operands.push_back(read_negation(in, depth));
  return all;
}

Condition Reader::read_negation(Scanner& in, unsigned depth) {
  if (depth == kNestingMax) in.fail("fewer nested conditions");
  if (in.accept("~")) {
    Condition negated{.kind = Condition::Kind::Not};
    negated.operands.push_back(read_negation(in, depth + 1));
    return negated;
  }
  if (!in.accept("(")) return read_atom(in);
  Condition inner = read_disjunction(in, depth + 1);
  in.expect(")");
  return inner;
}

Condition Reader::read_atom(Scanner& in) {
  Condition atom{.kind = Condition::Kind::Register};
  Scanner before = in;
  if (in.accept("*")) {
    atom.kind = Condition::Kind::Memory;
    const std::string name = Scanner(in).word("a page");
    const auto physical = std::find(test_.frames.begin(), test_.frames.end(), name);
    if (physical != test_.frames.end()) {
      static_cast<void>(in.word("a page"));
      atom.place = static_cast<unsigned>(physical - test_.frames.begin());
    } else {
      // Of the page that was mapped there when the threads started.
      const std::uint64_t entry = test_.entries[read_address(in)];
      if (entry == 0) cannot(fmt::format("*{} in the condition is not mapped", name));
      atom.place =
          entry == 0 ? 0 : static_cast<unsigned>(entry >> machine::pte_t::kPfnShift) - kFirstPfn;
    }
  } else {
    const std::uint64_t thread = in.number();
    if (thread >= test_.threads.size()) before.fail("a thread of the test");
    atom.thread = static_cast<unsigned>(thread);
    in.expect(":");
    atom.place = read_register(in);
  }
  in.expect("=");
  atom.value = read_value(in);
  return atom;
}

/// A number, or the entry that an address had when the threads started.
std::uint64_t Reader::read_value(Scanner& in) {
  if (in.accept("INV")) return 0;
  if (!in.accept("desc3(")) return in.number();
  const unsigned address = read_address(in);
  in.expect(",");
  static_cast<void>(in.word("the page table"));
  in.expect(")");
  return test_.entries[address];
}

}  // namespace mmcheck::workload::vmsa
