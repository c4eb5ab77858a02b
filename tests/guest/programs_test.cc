// SPDX-License-Identifier: Apache-2.0
// Each program says in its first line what comes out: "sc: held 3    tso: R-ASSERT". Behind `held`
// stands the number of executions, without those in which a thread waits in vain.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "design/design.h"
#include "run_program.h"

namespace mmcheck::guest {

namespace {

using testing::HasSubstr;

const std::filesystem::path kFolder = "tests/guest/programs";

std::string source(const std::string& name) { return (kFolder / (name + ".c")).string(); }

/// By "sc", "tso", or a design.
using Expectations = std::vector<std::pair<std::string, std::string>>;

Expectations expectations_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  std::istringstream words(line);
  Expectations found;
  for (std::string word; words >> word;) {
    if (word == "//") continue;
    if (word.ends_with(':')) {
      found.emplace_back(word.substr(0, word.size() - 1), "");
    } else if (!found.empty()) {
      found.back().second += (found.back().second.empty() ? "" : " ") + word;
    }
  }
  return found;
}

RuntimeOptions options_of(const std::string& key) {
  RuntimeOptions options;
  if (key == "tso") options.memory = explore::MemoryModel::Tso;
  options.design = design::find_design(key.starts_with("linux") ? key : "linux-6.12");
  return options;
}

std::string verdict_of(const GuestResult& found) {
  if (found.result.counterexample) return found.result.counterexample->rule;
  std::string text = "held";
  if (found.result.complete) {
    text += " " + std::to_string(found.result.executions - found.cut_short);
  }
  return text;
}

/// AddressSanitizer cannot follow a thread that goes on on another one's stack.
bool can_fork(const std::string& path) {
#ifdef __SANITIZE_ADDRESS__
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str().find("fork()") == std::string::npos;
#else
  static_cast<void>(path);
  return true;
#endif
}

class Programs : public testing::TestWithParam<std::string> {};

TEST_P(Programs, DoAsTheySay) {
  const Expectations expectations = expectations_of(source(GetParam()));
  ASSERT_FALSE(expectations.empty());
  if (!can_fork(source(GetParam()))) GTEST_SKIP() << "forks";
  for (const auto& [key, expected] : expectations) {
    SCOPED_TRACE(key);
    Loaded program(source(GetParam()), options_of(key));
    // What has system calls has many executions.
    const GuestResult found = explore_guest(*program, {.executions_max = 3000});
    EXPECT_EQ(verdict_of(found), expected);
  }
}

// The search leaves out what is like something else; here nothing is left out.
TEST_P(Programs, HaveTheSameVerdictUnderEverySchedule) {
  const Expectations expectations = expectations_of(source(GetParam()));
  if (expectations.front().first != "sc") GTEST_SKIP() << "has too many schedules";
  Loaded program(source(GetParam()), options_of("sc"));
  const GuestResult found = explore_guest(
      *program, {.strategy = explore::Strategy::Naive, .executions_max = 20'000, .steps_max = 200});
  const std::string expected = expectations.front().second;
  if (!expected.starts_with("held")) {
    EXPECT_EQ(verdict_of(found), expected);
    return;
  }
  EXPECT_FALSE(found.result.counterexample);
  if (!found.result.complete) GTEST_SKIP() << "nothing was broken in 20,000 schedules, not in all";
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, Programs, testing::ValuesIn(names()),
                         [](const auto& program) { return program.param; });

// --- executions that are cut short
// --------------------------------------------------------------------

// Threads are abandoned where they are, and nothing on their stacks is destroyed: LeakSanitizer has
// something to say where that owned memory.
TEST(CutShort, AtAnyStepNothingIsLeftBehind) {
  RuntimeOptions options = options_of("linux-6.12");
  options.endless = true;
  options.waits = false;
  Loaded program(source("buffers"), options);
  const explore::Options whole{.strategy = explore::Strategy::Random, .executions_max = 1};
  const std::uint64_t steps = explore_guest(*program, whole).result.steps;
  ASSERT_GT(steps, 300u);
  for (std::uint64_t at = 1; at < steps; ++at) {
    explore::Options options_at = whole;
    options_at.steps_max = at;
    explore_guest(*program, options_at);
  }
}

// --- replay
// ---------------------------------------------------------------------------------------

TEST(Replay, RunsTheSameExecutionInAnotherProcessImage) {
  std::string text;
  std::size_t steps = 0;
  {
    Loaded program(source("lost_update"), {});
    const GuestResult found = explore_guest(*program, {});
    ASSERT_TRUE(found.result.counterexample);
    text = encode_replay(*program, found.result.counterexample->schedule);
    steps = explore::replay(*program, found.result.counterexample->schedule).steps.size();
  }
  Loaded again(source("lost_update"), {});
  const trace::Record record = replay_guest(*again, text);
  ASSERT_TRUE(record.violation);
  EXPECT_EQ(record.violation->rule, "R-ASSERT");
  EXPECT_THAT(record.violation->what, HasSubstr("lost_update.c:19: assertion count == 2"));
  EXPECT_EQ(record.steps.size(), steps);
}

TEST(Replay, RefusesWhatIsNone) {
  Loaded program(source("lost_update"), {});
  for (const std::string text : {"", "x", "2::", "0::0", "99:0.0w:0*3", "2:9.0.0:0", "2:0.0.q:0",
                                 "2:0.ffffffffff.0:0", "3:0.0.0:0*1000000"}) {
    EXPECT_THROW(replay_guest(*program, text), InputError) << text;
  }
}

// --- what is refused
// --------------------------------------------------------------------------------

/// A program of one line in main(), as a file.
class Written {
 public:
  explicit Written(const std::string& text) : path_((folder_.path() / "written.c").string()) {
    std::ofstream(path_) << text;
  }
  const std::string& path() const { return path_; }

 private:
  host::TemporaryFolder folder_;
  std::string path_;
};

std::string message_of(const std::string& path) {
  try {
    Loaded program(path, {});
    explore_guest(*program, {});
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Refused, AFunctionThatIsNotSupported) {
  const Written file("#include <unistd.h>\nint main(void) {\n\n  return nice(1);\n}\n");
  EXPECT_THAT(message_of(file.path()), HasSubstr("written.c:4: nice() is not supported"));
}

TEST(Refused, WhatDoesNotCompile) {
  const Written file("int main(void) { return x; }\n");
  EXPECT_THAT(message_of(file.path()), HasSubstr("undeclared"));
}

TEST(Refused, WhatHasNoMain) {
  const Written file("int f(void) { return 1; }\n");
  EXPECT_THAT(message_of(file.path()), HasSubstr("has no main()"));
}

TEST(Refused, AFileThatIsNotThere) {
  EXPECT_THAT(message_of("no/such/file.c"), HasSubstr("no/such/file.c: no such file"));
}

// --- processes, which are sampled
// -------------------------------------------------------------------

TEST(Processes, HaveMemoryOfTheirOwn) {
  const Written file(R"(
#include <assert.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int global = 1;
int main(void) {
  int local = 1, *heap = malloc(sizeof *heap), status;
  *heap = 1;
  int pid = fork();
  assert(pid >= 0);
  if (pid == 0) {
    for (int i = 0; i < 20; i++) {
      global += 2, local += 2, *heap += 2;
      usleep(1000);
    }
    _exit(global == 41 && local == 41 && *heap == 41 ? 7 : 8);
  }
  for (int i = 0; i < 20; i++) {
    global++, local++, (*heap)++;
    usleep(1000);
  }
  assert(global == 21 && local == 21 && *heap == 21);
  assert(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
}
)");
  if (!can_fork(file.path())) GTEST_SKIP() << "forks";
  RuntimeOptions options = options_of("linux-6.12");
  options.endless = true;
  options.waits = false;
  Loaded program(file.path(), options);
  const GuestResult found = explore_guest(
      *program,
      {.strategy = explore::Strategy::Random, .executions_max = 30, .steps_max = 100'000});
  EXPECT_EQ(verdict_of(found), "held");
}

TEST(Processes, OpenFilesOfProcWhileAThreadReadsOne) {
  const Written file(R"(
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
static int shared;
static void* other(void* unused) {
  int fds[4];
  for (int i = 0; i < 4; i++) fds[i] = open("/proc/self/maps", O_RDONLY);
  for (int i = 0; i < 4; i++) close(fds[i]);
  close(shared);
  return unused;
}
int main(void) {
  pthread_t thread;
  char text[40];
  shared = open("/proc/self/maps", O_RDONLY);
  pthread_create(&thread, 0, other, 0);
  read(shared, text, sizeof text);
  pthread_join(thread, 0);
}
)");
  RuntimeOptions options = options_of("linux-6.12");
  options.endless = true;
  Loaded program(file.path(), options);
  const GuestResult found = explore_guest(
      *program, {.strategy = explore::Strategy::Random, .executions_max = 100, .steps_max = 1000});
  EXPECT_EQ(verdict_of(found), "held");
}

TEST(Processes, LoseAWriteAsTheThreadSaid) {
  RuntimeOptions options = options_of("linux-6.1");
  options.endless = true;
  options.waits = false;
  Loaded program(source("lost_write"), options);
  const GuestResult found = explore_guest(
      *program,
      {.strategy = explore::Strategy::Random, .executions_max = 20'000, .steps_max = 10'000});
  EXPECT_EQ(verdict_of(found), "R-WRITE");
}

}  // namespace

}  // namespace mmcheck::guest
