// SPDX-License-Identifier: Apache-2.0
// One search of a program with a published number of executions. peers.py runs it beside the peers:
//   bench_classic fib_bench N | lastzero N | race NR_WRITERS NR_CLEANERS | trivial  [--buggy]
// Prints one JSON object. found_at is the execution that violates, or null.
#include "classic.h"

#include <sys/resource.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "explore/explorer.h"

namespace mmcheck::explore {
namespace {

struct Arguments {
  std::string_view program;
  std::vector<unsigned> numbers;
  bool buggy = false;
};

/// The only place that knows where the programs come from. False: there is no such program.
bool add_program(Scenario& scenario, const Arguments& arguments) {
  std::string name(arguments.program);
  std::vector<unsigned> numbers = arguments.numbers;
  if (name == "race" && arguments.buggy) name = "race-buggy";
  if (name == "trivial" && numbers.empty()) {
    name = "readers";
    numbers = {0};
  }
  try {
    classic::build(scenario, name, numbers);
  } catch (const InputError&) {
    return false;
  }
  return true;
}

std::optional<Arguments> parse(int argc, char** argv) {
  if (argc < 2) return std::nullopt;
  Arguments arguments{.program = argv[1], .numbers = {}};
  for (int i = 2; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--buggy") {
      arguments.buggy = true;
      continue;
    }
    unsigned number = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
    arguments.numbers.push_back(number);
  }
  return arguments;
}

double user_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec) * 1e-6;
}

/// Of this program's memory only: getrusage() counts that of the process before exec() too.
unsigned long peak_rss_kb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    unsigned long kb = 0;
    if (std::sscanf(line.c_str(), "VmHWM: %lu", &kb) == 1) return kb;
  }
  return 0;
}

void search(Program& program) {
  auto begin = std::chrono::steady_clock::now();
  double user_begin = user_seconds();
  Result result = explore(program, {});
  double user = user_seconds() - user_begin;
  double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::string found_at =
      result.counterexample ? std::to_string(result.executions) : std::string("null");
  std::printf(
      "{\"executions\": %llu, \"blocked\": %llu, \"steps\": %llu, \"complete\": %s, "
      "\"seconds\": %.6f, \"user_seconds\": %.6f, \"rss_kb\": %lu, \"found_at\": %s}\n",
      static_cast<unsigned long long>(result.executions),
      static_cast<unsigned long long>(result.blocked),
      static_cast<unsigned long long>(result.steps), result.complete ? "true" : "false", wall, user,
      peak_rss_kb(), found_at.c_str());
}

}  // namespace
}  // namespace mmcheck::explore

int main(int argc, char** argv) {
  using namespace mmcheck::explore;
  std::optional<Arguments> arguments = parse(argc, argv);
  Scenario scenario;
  if (!arguments || !add_program(scenario, *arguments)) {
    std::fprintf(stderr,
                 "usage: bench_classic fib_bench N | lastzero N | race NR_WRITERS NR_CLEANERS | "
                 "trivial  [--buggy]\n");
    return 2;
  }
  search(scenario);
  return 0;
}
