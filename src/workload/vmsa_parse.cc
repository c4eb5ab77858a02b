// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include "workload/vmsa_reader.h"

namespace mmcheck::workload::vmsa {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

template <typename Container>
unsigned index_of(const Container& names, const std::string& name) {
  return static_cast<unsigned>(
      std::distance(names.begin(), std::find(names.begin(), names.end(), name)));
}

/// "pa" and digits.
bool is_frame_name(std::string_view name) {
  return name.size() > 2 && name.starts_with("pa") &&
         name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

bool is_barrier_kind(std::string_view kind) {
  constexpr std::string_view kKinds[] = {"SY",  "LD",    "ST",    "ISH", "ISHLD", "ISHST",
                                         "NSH", "NSHLD", "NSHST", "OSH", "OSHLD", "OSHST"};
  std::string upper(kind);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return std::find(std::begin(kKinds), std::end(kKinds), upper) != std::end(kKinds);
}

/// Arm ARM, TLB maintenance: only a DSB for both loads and stores completes it. So it is with what
/// orders a store before a later load.
bool completes(std::string_view kind) {
  return !kind.ends_with('D') && !kind.ends_with('T') && !kind.ends_with('d') &&
         !kind.ends_with('t');
}

}  // namespace

Test parse(const Source& source) { return Reader().read(source); }

Test Reader::read(const Source& source) {
  read_init(source.init);
  if (source.threads.empty()) throw InputError("threads: expected at least one");
  for (unsigned i = 0; i < source.threads.size(); ++i) read_thread(i, source.threads[i]);
  Scanner in("final", source.final);
  test_.final = read_disjunction(in, 0);
  if (!in.done()) in.fail("'&', '|' or the end");
  if (const std::string name = unset_in_condition(test_, test_.final); !name.empty()) {
    cannot(fmt::format("the condition reads {}, which nothing sets", name));
  }
  check_limits();
  find_inputs(test_);
  return std::move(test_);
}

void Reader::cannot(std::string reason) {
  if (test_.cannot.empty()) test_.cannot = std::move(reason);
}

unsigned Reader::frame(const std::string& name) {
  const unsigned index = index_of(test_.frames, name);
  if (index == test_.frames.size()) {
    test_.frames.push_back(name);
    test_.contents.push_back(0);
  }
  return index;
}

void Reader::read_init(const std::string& text) {
  Scanner in("init", text);
  while (!in.done()) {
    const std::string name = in.word("a virtual address or a physical page");
    if (is_frame_name(name)) {
      in.expect("=");
      test_.contents[frame(name)] = in.number();
    } else {
      in.expect("->");
      if (index_of(test_.addresses, name) < test_.addresses.size()) {
        throw InputError(fmt::format("init: '{}' is mapped twice", name));
      }
      test_.entries.push_back(read_entry(in));
      test_.addresses.push_back(name);
    }
    if (!in.accept(",") && !in.accept(";") && !in.done()) in.fail("',' or ';'");
  }
}

std::uint64_t Reader::read_entry(Scanner& in) {
  if (in.accept("INV")) return 0;
  Scanner before = in;
  const std::string name = in.word("INV or a physical page (pa1, pa2 ...)");
  if (!is_frame_name(name)) before.fail("INV or a physical page (pa1, pa2 ...)");
  const auto pfn = static_cast<Pfn>(kFirstPfn + frame(name));
  return read_permissions(in, machine::mk_pte(pfn, machine::pte_t::kWrite).word);
}

std::uint64_t Reader::read_permissions(Scanner& in, std::uint64_t entry) {
  if (!in.accept("[")) return entry;
  std::string permissions = in.until("]");
  in.expect("]");
  std::erase(permissions, ' ');
  const std::uint64_t read_only = entry & ~machine::pte_t::kWrite;
  if (permissions == "RO") return read_only;
  if (permissions == "EL1-RW,EL0-none") return entry | machine::kPteNoEl0;
  if (permissions == "EL1-RO,EL0-none") return read_only | machine::kPteNoEl0;
  cannot(fmt::format("permissions [{}] cannot be expressed", permissions));
  return entry;
}

unsigned Reader::read_address(Scanner& in) {
  Scanner before = in;
  const std::string name = in.word("a virtual address");
  const unsigned index = index_of(test_.addresses, name);
  if (index == test_.addresses.size()) before.fail("a virtual address that init maps");
  return index;
}

unsigned Reader::read_register(Scanner& in) {
  Scanner before = in;
  const std::string name = in.word("a register");
  const bool register_name = name.size() >= 2 && name.size() <= 3 &&
                             (name[0] == 'X' || name[0] == 'R' || name[0] == 'W') &&
                             name.find_first_not_of("0123456789", 1) == std::string::npos;
  if (!register_name) before.fail("a register, X0 to X30");
  const auto number = static_cast<unsigned>(std::stoul(name.substr(1)));
  if (number >= kNrRegisters) before.fail("a register, X0 to X30");
  return number;
}

void Reader::skip_suffixes(Scanner& in) {
  while (true) {
    if (in.accept("+dep(")) {
      static_cast<void>(read_register(in));
      in.expect(")");
    } else if (!in.accept(".acq") && !in.accept(".rel")) {
      return;
    }
  }
}

void Reader::read_thread(unsigned number, const std::string& text) {
  const std::string where = fmt::format("threads[{}]", number);
  Scanner in(where, text);
  in.expect(fmt::format("P{}:", number));
  Thread& thread = test_.threads.emplace_back();
  labels_.clear();
  std::string code = in.until("{");
  for (std::string_view rest = code; !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    read_statement(thread, where, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (in.accept("{")) read_handler(thread, in);
  if (!in.done()) in.fail("the end");
  resolve_labels(thread, where);
}

void Reader::read_statement(Thread& thread, const std::string& where, std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text = text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  if (text.empty()) return;
  const auto size = static_cast<unsigned>(thread.code.size());
  Scanner in(fmt::format("{}: `{}`", where, text), text);
  if (text.ends_with(':')) {
    labels_.emplace_back(in.word("a label"), size);
    in.expect(":");
  } else if (text.starts_with("[") || text.starts_with("PTE(")) {
    read_store(thread, in);
  } else if (text.find('=') != std::string_view::npos) {
    read_assignment(thread, in);
  } else if (!read_other(thread, in)) {
    cannot(fmt::format("`{}` cannot be expressed", text));
    return;
  }
  if (!in.done()) in.fail("the end");
}

void Reader::read_store(Thread& thread, Scanner& in) {
  Instruction i;
  i.operation = in.accept("PTE(") ? Operation::StoreEntry : Operation::Store;
  const bool entry = i.operation == Operation::StoreEntry;
  if (!entry) in.expect("[");
  i.address = read_address(in);
  in.expect(entry ? ")" : "]");
  skip_suffixes(in);
  in.expect(":=");
  if (in.rest().starts_with('X') || in.rest().starts_with('W')) {
    i.a = {.is_register = true, .value = read_register(in)};
  } else {
    i.a.value = entry && !in.at_number() ? read_entry(in) : in.number();
  }
  thread.code.push_back(std::move(i));
}

void Reader::read_assignment(Thread& thread, Scanner& in) {
  Instruction i;
  i.target = read_register(in);
  in.expect("=");
  if (in.accept("PTE(")) {
    i.operation = Operation::LoadEntry;
    i.address = read_address(in);
    in.expect(")");
    skip_suffixes(in);
  } else if (in.accept("[")) {
    i.operation = Operation::Load;
    i.address = read_address(in);
    in.expect("]");
    skip_suffixes(in);
  } else if (in.accept("dep0(")) {  // 0, depending on the register
    static_cast<void>(read_register(in));
    in.expect(")");
  } else if (in.at_number()) {
    i.a.value = in.number();
  } else {
    i.a = {.is_register = true, .value = read_register(in)};
  }
  thread.code.push_back(std::move(i));
}

/// Barriers, invalidations, branches, arithmetic. False if it is none of these.
bool Reader::read_other(Thread& thread, Scanner& in) {
  Scanner start = in;
  const std::string name = in.word("an instruction");
  Instruction i;
  if (name == "TLBI") {
    in = start;
    if (!in.accept("TLBI.bcast(") && !in.accept("TLBI.local(")) return false;
    in = start;
    read_invalidation(thread, in);
    return true;
  }
  if (name == "DSB" || name == "DMB" || name == "ISB") {
    const std::string kind = in.accept(".") ? in.word("the kind of barrier") : "SY";
    if (!is_barrier_kind(kind)) start.fail("a barrier");
    i.operation = name == "DSB" ? Operation::Complete : Operation::Fence;
    if (name != "ISB" && completes(kind)) thread.code.push_back(std::move(i));
    return true;
  }
  const auto read_operand = [&]() -> Operand {
    if (in.at_number()) return {.is_register = false, .value = in.number()};
    return {.is_register = true, .value = read_register(in)};
  };
  if (name == "B" || name == "CBZ" || name == "CBNZ") {
    i.operation = name == "B"     ? Operation::Branch
                  : name == "CBZ" ? Operation::BranchIfZero
                                  : Operation::BranchIfNonZero;
    if (name != "B") {
      i.a = {.is_register = true, .value = read_register(in)};
      in.expect(",");
    }
    i.label = in.word("a label");
  } else if (name == "ORR" || name == "AND" || name == "EOR" || name == "ADD") {
    i.operation = name == "ORR"   ? Operation::Or
                  : name == "AND" ? Operation::And
                  : name == "EOR" ? Operation::Xor
                                  : Operation::Add;
    i.target = read_register(in);
    in.expect(",");
    i.a = read_operand();
    in.expect(",");
    i.b = read_operand();
  } else {
    return false;
  }
  thread.code.push_back(std::move(i));
  return true;
}

void Reader::read_invalidation(Thread& thread, Scanner& in) {
  Instruction i;
  i.operation = Operation::Invalidate;
  i.broadcast = in.accept("TLBI.bcast(");
  if (!i.broadcast) in.expect("TLBI.local(");
  const std::string name = in.word("a virtual address or ALL");
  in.expect(")");
  // Of an address that the test does not use otherwise, it is an invalidation of nothing.
  for (unsigned address = 0; address < test_.addresses.size(); ++address) {
    if (name == "ALL" || name == test_.addresses[address]) i.addresses.push_back(address);
  }
  thread.code.push_back(std::move(i));
}

void Reader::read_handler(Thread& thread, Scanner& in) {
  constexpr unsigned kSelected = 13;
  constexpr unsigned kIfPermission = 15;
  constexpr unsigned kIfTranslation = 16;
  in.expect("fault:");
  std::vector<Assignment> assignments;
  while (in.rest().starts_with('X') || in.rest().starts_with('W')) {
    const unsigned target = read_register(in);
    in.expect("=");
    assignments.push_back({.target = target, .value = in.number()});
    if (!in.accept(",") && !in.accept(";")) in.fail("',' or ';'");
  }
  thread.skips = in.accept("skip");
  if (!thread.skips) in.expect("stop");
  in.expect("}");
  thread.on_permission_fault = thread.on_translation_fault = assignments;
  // The suite's handlers that tell the kinds of fault apart end in CSEL X13,X15,X16.
  for (const Assignment& i : assignments) {
    const bool both = std::any_of(assignments.begin(), assignments.end(), [&](const auto& other) {
      return i.target + other.target == kIfPermission + kIfTranslation;
    });
    if (both && i.target == kIfPermission) {
      thread.on_permission_fault.push_back({.target = kSelected, .value = i.value});
    }
    if (both && i.target == kIfTranslation) {
      thread.on_translation_fault.push_back({.target = kSelected, .value = i.value});
    }
  }
}

void Reader::resolve_labels(Thread& thread, const std::string& where) {
  for (unsigned at = 0; at < thread.code.size(); ++at) {
    Instruction& i = thread.code[at];
    if (i.label.empty()) continue;
    const auto label = std::find_if(labels_.begin(), labels_.end(),
                                    [&](const auto& entry) { return entry.first == i.label; });
    if (label == labels_.end()) {
      throw InputError(fmt::format("{}: there is no label '{}'", where, i.label));
    }
    i.destination = label->second;
    if (i.destination <= at) cannot("loops cannot be expressed");
  }
}

}  // namespace mmcheck::workload::vmsa
