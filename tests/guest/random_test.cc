// SPDX-License-Identifier: Apache-2.0
// Small random C programs: the search that leaves out what is like something else ends in the same
// global variables as the one that makes every schedule.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>

#include "run_program.h"

namespace mmcheck::guest {

namespace {

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::string program() {
    std::string text =
        "#include <pthread.h>\n#include <stdatomic.h>\n#include <stdbool.h>\n#include <string.h>\n"
        "void __VERIFIER_assume(bool);\n"
        "static atomic_int x0, x1;\nstatic volatile int v0, v1;\nstatic char b[8];\n"
        "static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;\nstatic int out[3];\n";
    const unsigned nr_threads = 2 + draw(5) / 4;
    for (unsigned t = 0; t < nr_threads; ++t) text += thread(t, nr_threads == 2 ? 2 + draw(2) : 1);
    text += "int main(void) {\n  pthread_t t[3];\n";
    for (unsigned t = 0; t < nr_threads; ++t) {
      text += fmt::format("  pthread_create(&t[{0}], 0, t{0}, 0);\n", t);
    }
    return text + "}\n";
  }

 private:
  unsigned draw(unsigned below) { return static_cast<unsigned>(random_() % below); }

  std::string thread(unsigned number, unsigned nr_statements) {
    std::string text = fmt::format("static void *t{}(void *p) {{\n  int r = 0;\n", number);
    for (unsigned i = 0; i < nr_statements; ++i) text += "  " + statement() + "\n";
    return text + fmt::format("  out[{}] = r;\n  return p;\n}}\n", number);
  }

  std::string statement() {
    const unsigned variable = draw(2);
    const unsigned value = 1 + draw(3);
    switch (draw(18)) {
      case 0:
      case 1:
        return fmt::format("atomic_store(&x{}, {});", variable, value);
      case 2:
        return fmt::format("r = 10 * r + atomic_load(&x{});", variable);
      case 3:
        return fmt::format("r = 10 * r + atomic_fetch_add(&x{}, {});", variable, value);
      case 4:
        return fmt::format(
            "{{ int e = {0}; atomic_compare_exchange_strong(&x{1}, &e, {0} + 1); r += e; }}",
            draw(2), variable);
      case 5:
      case 11:
        return fmt::format("v{} = {};", variable, value);
      case 6:
        return fmt::format("r = 10 * r + v{};", variable);
      case 7:
        return "pthread_mutex_lock(&m); v0++; pthread_mutex_unlock(&m);";
      case 8:
        return fmt::format("b[{}] = {};", draw(4), value);
      case 9:
        return fmt::format("memset(b + {}, {}, 2);", draw(3), value);
      case 10:
      case 12:
        return fmt::format("__VERIFIER_assume(atomic_load(&x{}) != {});", variable, draw(3));
      case 13:
        return fmt::format("__VERIFIER_assume(r != {});", draw(3));
      case 14:
        return fmt::format("for (int i = 0; i < 2; i++) r = 10 * r + atomic_load(&x{});", variable);
      case 15:
      case 16:
        return fmt::format("if (v{} == {}) atomic_store(&x{}, {});", variable, draw(2), draw(2),
                           value);
      default:
        return fmt::format("while (atomic_load(&x{}) == {}) {{ }}", variable, draw(2));
    }
  }

  std::mt19937_64 random_;
};

using Outcomes = std::set<std::uint64_t>;

/// Those of complete executions; none if the search does not end.
Outcomes outcomes_of(GuestProgram& program, explore::Strategy strategy) {
  Outcomes outcomes;
  const GuestResult found =
      explore_guest(program, {.strategy = strategy, .executions_max = 10'000, .steps_max = 500},
                    [&](std::uint64_t outcome) {
                      if (outcome != 0) outcomes.insert(outcome);
                    });
  EXPECT_FALSE(found.result.counterexample) << found.result.counterexample->rule;
  return found.result.complete ? outcomes : Outcomes{};
}

TEST(Random, ProgramsEndAsUnderEverySchedule) {
  constexpr std::uint64_t kPrograms = 45;
  unsigned compared = 0;
  host::TemporaryFolder folder;
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const std::string path = (folder.path() / "random.c").string();
    const std::string text = Writer(seed).program();
    std::ofstream(path) << text;
    // A loop that waits has no end under every schedule; without one no turn is to be left out.
    const bool waits = text.find("while") != std::string::npos;
    const RuntimeOptions options{.races = false, .liveness = false};
    Loaded program(path, {.races = false, .liveness = false, .waits = waits});
    const Outcomes all = outcomes_of(*program, explore::Strategy::Naive);
    if (all.empty()) continue;
    program.begin_anew(options);
    EXPECT_EQ(outcomes_of(*program, explore::Strategy::Dpor), all) << seed << '\n' << text;
    ++compared;
  }
  EXPECT_GT(compared, kPrograms / 3);  // The others have too many schedules.
}

}  // namespace

}  // namespace mmcheck::guest
