// SPDX-License-Identifier: Apache-2.0
#include "hunt/program.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mmcheck::hunt {

namespace {

constexpr unsigned kFirstValue = 2;  // a mapping that is dirty at the start holds 1
// What a scenario allows.
constexpr std::size_t kNameMax = 80;
constexpr std::size_t kTitleMax = 32;

std::string shortened(const std::string& text, std::size_t max) {
  return text.size() <= max ? text : text.substr(0, max - 3) + "...";
}

bool gets(const Operation& operation) {
  return operation.holding == Holding::Gets || operation.holding == Holding::GetsToRead;
}

/// The longer threads first, those of the same length in order.
bool comes_before(const Sequence& a, const Sequence& b) {
  return a.size() != b.size() ? a.size() > b.size() : a < b;
}

void sort_threads(Program& program) {
  std::sort(program.threads.begin(), program.threads.end(), comes_before);
}

// A child has its parent's.
std::string mapping_name(unsigned process, unsigned mapping, const Start& start) {
  const std::string name = process == 0 || start.child ? "x" : "y";
  return mapping == 0 ? name : name + "2";
}
std::string process_name(unsigned process) { return process == 0 ? "A" : "B"; }

std::string address(const std::string& base, unsigned page) {
  return page == 0 ? base : fmt::format("({} + {})", base, page * 4096);
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

unsigned Program::nr_operations() const {
  std::size_t sum = 0;
  for (const Sequence& thread : threads) sum += thread.size();
  return static_cast<unsigned>(sum);
}

bool Program::is_sorted() const {
  return std::is_sorted(threads.begin(), threads.end(), comes_before);
}

std::string Program::key() const {
  std::string key(1, static_cast<char>(start));
  for (const Sequence& thread : threads) {
    key += static_cast<char>(thread.size());
    key.append(thread.begin(), thread.end());
  }
  return key;
}

Space::Space(const Bounds& bounds, std::span<const Operation* const> operations,
             std::span<const Start* const> starts)
    : bounds_(bounds) {
  for (const Start* start : starts) {
    if (start->pages_min > bounds.pages) {
      throw InputError(fmt::format("the start {} needs {} pages", start->name, start->pages_min));
    }
    starts_.push_back(static_cast<std::uint8_t>(start - hunt::starts().data()));
  }
  const bool any_child =
      std::any_of(starts.begin(), starts.end(), [](const Start* start) { return start->child; });
  const bool any_twice =
      std::any_of(starts.begin(), starts.end(), [](const Start* start) { return start->twice; });
  for (const Operation* operation : operations) {
    const bool used = std::any_of(starts.begin(), starts.end(), [&](const Start* start) {
      return hunt::fits(*operation, *start);
    });
    if (!used || (operation->several && bounds.pages == 1)) {
      unused_.push_back(operation);
      continue;
    }
    // A kernel thread names the page by the process that maps it: the first will do.
    const bool by_all = operation->caller == Caller::User && operation->memory != Memory::Child;
    const unsigned processes = !by_all ? 1 : any_child ? 2 : bounds.processes;
    const unsigned pages = operation->per_page ? bounds.pages : 1;
    const unsigned mappings = any_twice && names_mapping(*operation) ? 2 : 1;
    for (unsigned i = 0; i < processes * mappings * pages; ++i) {
      letters_.push_back({.operation = operation,
                          .page = static_cast<std::uint8_t>(i % pages),
                          .process = static_cast<std::uint8_t>(i / pages / mappings),
                          .mapping = static_cast<std::uint8_t>(i / pages % mappings)});
    }
  }
  const bool forks = std::any_of(letters_.begin(), letters_.end(), [](const Letter& letter) {
    return letter.operation->memory == Memory::Child;
  });
  if (any_child && !forks) throw InputError("a start with a child needs the operation fork");
  if (letters_.empty() || starts_.empty()) throw InputError("no operation fits the start");
}

bool Space::can_run(const Sequence& sequence) const {
  const Letter& first = letters_[sequence.front()];
  bool holds = false;
  bool may_write = false;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const Letter& letter = letters_[sequence[i]];
    if (letter.operation->caller != first.operation->caller || letter.process != first.process) {
      return false;
    }
    switch (letter.operation->holding) {
      case Holding::None:
        break;
      case Holding::Gets:
      case Holding::GetsToRead:
        if (holds) return false;
        holds = true;
        may_write = letter.operation->holding == Holding::Gets;
        break;
      case Holding::Reads:
        if (!holds) return false;
        break;
      case Holding::Writes:
        if (!holds || !may_write) return false;
        break;
      case Holding::Puts:
        if (!holds) return false;
        holds = false;
        break;
      case Holding::Ends:
        if (i + 1 != sequence.size()) return false;
        break;
    }
  }
  return true;
}

bool Space::fits(const Program& program) const {
  const Start& start = hunt::starts()[program.start];
  const unsigned processes = start.child ? 2 : bounds_.processes;
  unsigned forks = 0;
  for (const Sequence& thread : program.threads) {
    if (!can_run(thread)) return false;
    for (const LetterId id : thread) {
      const Letter& letter = letters_[id];
      if (!hunt::fits(*letter.operation, start) || letter.process >= processes ||
          (letter.mapping != 0 && !start.twice)) {
        return false;
      }
      forks += letter.operation->memory == Memory::Child ? 1 : 0;
    }
  }
  return forks == (start.child ? 1 : 0);
}

std::optional<Program> Space::without(const Program& program, std::size_t thread,
                                      std::size_t position) const {
  Program less = program;
  Sequence& sequence = less.threads[thread];
  sequence.erase(sequence.begin() + static_cast<std::ptrdiff_t>(position));
  if (sequence.empty())
    less.threads.erase(less.threads.begin() + static_cast<std::ptrdiff_t>(thread));
  if (less.threads.empty()) return std::nullopt;
  sort_threads(less);
  return less;
}

Program Space::program_of(const std::string& key) const {
  Program program;
  const auto refuse = [] { throw InputError("expected a program of this campaign"); };
  if (key.empty()) refuse();
  program.start = static_cast<std::uint8_t>(key[0]);
  for (std::size_t at = 1; at < key.size();) {
    const auto length = static_cast<std::uint8_t>(key[at++]);
    if (length == 0 || at + length > key.size()) refuse();
    program.threads.emplace_back(key.begin() + static_cast<std::ptrdiff_t>(at),
                                 key.begin() + static_cast<std::ptrdiff_t>(at + length));
    at += length;
    for (const LetterId letter : program.threads.back()) {
      if (letter >= letters_.size()) refuse();
    }
  }
  if (program.start >= hunt::starts().size() || !fits(program)) refuse();
  return program;
}

std::string Space::name(const Program& program) const {
  std::string name;
  for (const Sequence& thread : program.threads) {
    if (!name.empty()) name += '+';
    for (std::size_t i = 0; i < thread.size(); ++i) {
      if (i != 0) name += '.';
      name += letters_[thread[i]].operation->name;
      if (letters_[thread[i]].page != 0) name += std::to_string(letters_[thread[i]].page + 1);
      if (letters_[thread[i]].mapping != 0) name += "-again";
      if (letters_[thread[i]].process != 0) name += "-B";
    }
  }
  return name;
}

std::string Space::statement(const Program& program, std::size_t thread, std::size_t position,
                             unsigned value) const {
  const Sequence& sequence = program.threads[thread];
  const Letter& letter = letters_[sequence[position]];
  std::size_t holder = position;
  while (holder > 0 && !gets(*letters_[sequence[holder]].operation)) --holder;
  const Start& start = hunt::starts()[program.start];
  const std::string mapping = mapping_name(letter.process, letter.mapping, start);
  const auto page_of = [](const std::string& base, unsigned page) {
    return page == 0 ? base : fmt::format("{} + {}", base, page * 4096);
  };
  const std::string next =
      start.twice ? page_of(mapping_name(letter.process, 1 - letter.mapping, start), letter.page)
                  : page_of(mapping, (letter.page + 1) % bounds_.pages);
  std::string text(letter.operation->statement);
  replace_all(text, "*$x", "*" + address(mapping, letter.page));
  replace_all(text, "$x", page_of(mapping, letter.page));
  replace_all(text, "$y", next);
  replace_all(text, "$p", letter.page == 0 ? "A:x" : fmt::format("A:x + {}", letter.page * 4096));
  replace_all(text, "$m", fmt::format("{}, {}", mapping, bounds_.pages * 4096));
  replace_all(text, "$o", std::to_string(letter.page * 4096));
  replace_all(text, "$v", std::to_string(value));
  replace_all(text, "$r", fmt::format("r{}", position));
  replace_all(text, "$g", fmt::format("r{}", holder));
  return text;
}

std::string Space::identity() const {
  std::string text;
  for (const Letter& letter : letters_) {
    text += fmt::format("{} {} {} {}{}\n", letter.operation->name, letter.operation->statement,
                        letter.page, letter.process, letter.mapping == 0 ? "" : " again");
  }
  for (const std::uint8_t id : starts_) {
    const Start& start = hunt::starts()[id];
    text += fmt::format("{} {} {} {} {} {}\n", id, start.name, start.mapping, start.settings,
                        start.file_state, start.child);
  }
  return text;
}

std::string Space::initial_section(const Program& program) const {
  const Start& start = hunt::starts()[program.start];
  const std::string size = bounds_.pages == 1 ? "1 page" : fmt::format("{} pages", bounds_.pages);
  std::string text = "{\n";
  if (!start.settings.empty()) text += fmt::format("  {}\n", start.settings);
  if (start.file) text += fmt::format("  file f, {}{};\n", size, start.file_state);
  const unsigned processes = start.child ? 1 : bounds_.processes;
  for (unsigned process = 0; process < processes; ++process) {
    std::string mapping(start.mapping);
    replace_all(mapping, "$n", size);
    text += fmt::format("  process {} {{", process_name(process));
    for (unsigned i = 0; i < (start.twice ? 2u : 1u); ++i) {
      text += fmt::format(" {} = {};", mapping_name(process, i, start), mapping);
    }
    text += " }\n";
  }
  if (start.child) text += "  process B, child of A;\n";
  return text + "}\n";
}

std::string Space::text(const Program& program) const {
  std::string text =
      fmt::format("C {}\n\n{}", shortened(name(program), kNameMax), initial_section(program));
  unsigned value = kFirstValue;
  for (std::size_t thread = 0; thread < program.threads.size(); ++thread) {
    const Sequence& sequence = program.threads[thread];
    const Letter& first = letters_[sequence.front()];
    std::string title;
    std::string body;
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      title += fmt::format("{}{}", i == 0 ? "" : ", ", letters_[sequence[i]].operation->name);
      body += fmt::format("  {};\n", statement(program, thread, i, value++));
    }
    text += fmt::format(
        "\nP{}({}) \"{}\" {{\n{}}}\n", thread,
        first.operation->caller == Caller::Kernel ? "kernel" : process_name(first.process),
        shortened(title, kTitleMax), body);
  }
  return text;
}

}  // namespace mmcheck::hunt
