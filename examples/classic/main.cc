// SPDX-License-Identifier: Apache-2.0
// Counts the executions of a classic program, and shows the shortest in which something is broken.
//
//   classic NAME [NUMBER...] [--memory sc|tso] [--strategy dpor|stateful] [-j N] [--json]
//   classic --list
//
// Exits with 0 if nothing is broken, 1 if something is, 2 on wrong usage.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "classic.h"
#include "report/columns.h"

namespace {

using namespace mmcheck;

struct Arguments {
  std::string_view name;
  std::vector<unsigned> numbers;
  explore::MemoryModel memory = explore::MemoryModel::Sc;
  explore::Strategy strategy = explore::Strategy::Dpor;
  unsigned jobs = 1;
  bool json = false;
  bool list = false;
};

explore::MemoryModel parse_memory(std::string_view text) {
  if (text == "sc") return explore::MemoryModel::Sc;
  if (text == "tso") return explore::MemoryModel::Tso;
  throw InputError("--memory is sc or tso");
}

explore::Strategy parse_strategy(std::string_view text) {
  if (text == "dpor") return explore::Strategy::Dpor;
  if (text == "stateful") return explore::Strategy::Stateful;
  throw InputError("--strategy is dpor or stateful");
}

Arguments parse(std::span<char*> words) {
  Arguments result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    unsigned number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (word == "--json") {
      result.json = true;
    } else if (word == "--list") {
      result.list = true;
    } else if (word == "--memory" && i + 1 < words.size()) {
      result.memory = parse_memory(words[++i]);
    } else if (word == "--strategy" && i + 1 < words.size()) {
      result.strategy = parse_strategy(words[++i]);
    } else if (word == "-j" && i + 1 < words.size()) {
      result.jobs = static_cast<unsigned>(std::max(1, std::atoi(words[++i])));
    } else if (result.name.empty() && !word.starts_with("-")) {
      result.name = word;
    } else if (error == std::errc{} && end == word.data() + word.size()) {
      result.numbers.push_back(number);
    } else {
      throw InputError("`" + std::string(word) + "`: not an option, and not a number");
    }
  }
  if (result.name.empty() && !result.list) {
    throw InputError(
        "usage: classic NAME [NUMBER...] [--memory sc|tso] "
        "[--strategy dpor|stateful] [-j N] [--json] | --list");
  }
  return result;
}

void print(const Arguments& arguments, const classic::Counts& counts) {
  std::string name(arguments.name);
  for (unsigned number : arguments.numbers) name += " " + std::to_string(number);
  const explore::Result& result = counts.result;
  const char* verdict = result.counterexample ? result.counterexample->rule.c_str() : "held";
  const char* format =
      arguments.json
          ? "{\"program\": \"%s\", \"memory\": \"%s\", \"verdict\": \"%s\", \"complete\": %s, "
            "\"finished\": %llu, \"unfinished\": %llu, \"cut_short\": %llu, \"steps\": %llu}\n"
          : "%s (%s): %s, complete: %s\n"
            "  finished   %llu\n  unfinished %llu\n  cut short  %llu\n  steps      %llu\n";
  auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(format, name.c_str(), arguments.memory == explore::MemoryModel::Sc ? "sc" : "tso",
              verdict, result.complete ? "true" : "false", number(counts.finished),
              number(counts.unfinished), number(result.blocked), number(result.steps));
  if (result.states && !arguments.json) {
    std::printf("  states     %llu\n  transitions %llu\n", number(result.states->states),
                number(result.states->transitions));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Arguments arguments = parse({argv + 1, argv + argc});
  if (arguments.list) {
    std::printf("%s", classic::list().c_str());
    return 0;
  }
  explore::Scenario scenario(arguments.memory);
  classic::build(scenario, arguments.name, arguments.numbers);
  const auto another = [&] {
    auto result = std::make_unique<explore::Scenario>(arguments.memory);
    classic::build(*result, arguments.name, arguments.numbers);
    return result;
  };
  classic::Counts counts = classic::count(scenario, another,
                                          {.strategy = arguments.strategy,
                                           .on_violation = explore::OnViolation::Continue,
                                           .jobs = arguments.jobs});
  print(arguments, counts);
  if (counts.result.counterexample && !arguments.json) {
    trace::Schedule schedule = straighten(scenario, counts.result.counterexample->schedule);
    trace::Record record = replay(scenario, schedule);
    std::printf("\n%s", report::columns(record, {.steps = report::Steps::All}).c_str());
  }
  return counts.result.counterexample ? 1 : 0;
} catch (const InputError& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}
