// SPDX-License-Identifier: Apache-2.0
#include "explore/scenario.h"

#include <charconv>
#include <span>

#include "base/error.h"

namespace mmcheck::explore {

namespace {

/// Words and threads that a scenario may have: the engine's limits, less what scenarios add.
constexpr std::uint32_t kWordsMax = kObjectsMax - kThreadsMax - 1;

constexpr std::string_view kRule = "R-ASSERT";
constexpr std::string_view kWhy = "the program requires it, whatever the schedule";

trace::Violation violation_of(std::string_view text) {
  return {.rule = kRule, .what = {.format = text}, .why = kWhy};
}

/// The numbers below n.
class Below final : public Alternatives {
 public:
  explicit Below(unsigned n) : n_(n) {}
  unsigned list(std::span<std::uint64_t, kMax> out) const override {
    for (unsigned i = 0; i < n_; ++i) out[i] = i;
    return n_;
  }

 private:
  unsigned n_;
};

constexpr WordTexts kOfWords{.load = {.format = "load "},
                             .store = {.format = "store "},
                             .exchange = {.format = "exchange "},
                             .add = {.format = "add to "},
                             .compare = {.format = "compare and exchange "},
                             .wait = {.format = "wait for "}};
constexpr WordTexts kOfLocks{.store = {.format = "unlock "},
                             .exchange = {.format = "lock "},
                             .compare = {.format = "try to lock "}};

constexpr trace::StepText kChoose{.format = "choose"};
constexpr trace::StepText kAssume{.format = "goes no further"};

}  // namespace

struct Scenario::Variable {
  /// The word's steps are called by the phrases, with its name at their ends.
  Variable(std::string its_name, std::uint64_t its_initial, const WordTexts& phrases)
      : name(std::move(its_name)), initial(its_initial), texts(phrases) {
    trace::StepText* steps[kNrTexts] = {&texts.load, &texts.store,   &texts.exchange,
                                        &texts.add,  &texts.compare, &texts.wait};
    for (unsigned i = 0; i < kNrTexts; ++i) {
      sentences[i] = std::string(steps[i]->format) + name;
      steps[i]->format = sentences[i];
    }
    text = {.format = name, .value = trace::format_decimal};
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

  std::string name;
  std::uint64_t initial;
  static constexpr unsigned kNrTexts = 6;
  std::string sentences[kNrTexts];  ///< what the texts view
  WordTexts texts;
  trace::ObjectText text;
};

Scenario::Scenario(MemoryModel model) : memory_(model) {}
Scenario::~Scenario() = default;

// --- building
// -------------------------------------------------------------------------------------

void Scenario::check_building(const char* what) const {
  if (explored_) throw InputError(std::string(what) + ": the scenario has been explored already");
}

Word Scenario::word(std::string name, std::uint64_t initial) {
  return add_word(std::move(name), initial, kOfWords);
}

Word Scenario::add_word(std::string name, std::uint64_t initial, const WordTexts& phrases) {
  check_building("word");
  if (name.find("{}") != std::string::npos) throw InputError("a word's name must not contain {}");
  if (variables_.size() == kWordsMax) {
    throw InputError("too many words: at most " + std::to_string(kWordsMax));
  }
  auto index = static_cast<std::uint32_t>(variables_.size());
  variables_.emplace_back(std::move(name), initial, phrases);
  texts_.push_back(&variables_.back().texts);
  ids_.push_back(ObjectId{});
  return {*this, index};
}

Words Scenario::words(const std::string& name, std::uint32_t size, std::uint64_t initial) {
  auto first = static_cast<std::uint32_t>(variables_.size());
  for (std::uint32_t i = 0; i < size; ++i) word(name + "[" + std::to_string(i) + "]", initial);
  return {*this, first, size};
}

Mutex Scenario::mutex(std::string name) { return Mutex(add_word(std::move(name), 0, kOfLocks)); }

std::vector<Mutex> Scenario::mutexes(const std::string& name, std::uint32_t size) {
  std::vector<Mutex> result;
  for (std::uint32_t i = 0; i < size; ++i) {
    result.push_back(mutex(name + "[" + std::to_string(i) + "]"));
  }
  return result;
}

Scenario::Thread& Scenario::new_thread(std::string name, Kind kind) {
  check_building("thread");
  if (threads_.size() == kThreadsMax) {
    throw InputError("too many threads: at most " + std::to_string(kThreadsMax));
  }
  auto index = static_cast<std::uint32_t>(threads_.size());
  return threads_.emplace_back(
      Thread{.name = std::move(name), .kind = kind, .scenario = this, .index = index});
}

void Scenario::finally(std::function<void(Checker&)> check) {
  check_building("finally");
  finally_ = std::move(check);
}

// --- an execution
// ---------------------------------------------------------------------------------

void Scenario::setup(Execution& execution) {
  explored_ = true;
  recording_ = execution.recording();
  ended_at_start_ = 0;
  memory_.reset(execution);
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    ids_[i] = memory_.add(variables_[i].initial, variables_[i].text);
  }
  never_ = execution.new_object(0, {.format = "an assumption"});
  for (Thread& thread : threads_) {
    CpuId cpu{static_cast<std::uint8_t>(thread.index)};
    if (thread.kind == Kind::Daemon) {
      thread.ended = execution.new_object(0, {.format = "end"});
      execution.spawn_daemon(thread.name, cpu, thread.run, &thread);
    } else {
      execution.spawn(thread.name, cpu, thread.run, &thread);
    }
  }
  memory_.start(static_cast<unsigned>(threads_.size()));
}

void Scenario::add_findings(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  nr_unfinished_ += number;
}

void Scenario::finished(Execution& execution) {
  bool all_ended = true;
  for (const Thread& thread : threads_) {
    if (thread.kind != Kind::Daemon) continue;
    bool at_start = ((ended_at_start_ >> thread.index) & 1u) != 0;
    if (!at_start && execution.peek(thread.ended) == 0) all_ended = false;
  }
  if (!all_ended) ++nr_unfinished_;
  if (!finally_) return;
  Checker checker(execution, all_ended);
  finally_(checker);
}

void Scenario::end_daemon(const Thread& thread) {
  // Belongs to the thread's last step; nobody else has this word. A thread without any step ends
  // while the execution is set up, where words cannot be written.
  Execution& execution = memory_.execution();
  if (execution.current_event() == kNoEvent) {
    ended_at_start_ |= 1u << thread.index;
  } else {
    execution.write(thread.ended, 1);
  }
}

void Scenario::fail(std::string_view text) {
  memory_.execution().violate(violation_of(text));
  throw InternalError("a thread went on after it had reported a violation");
}

void Scenario::wait_for_ever() {
  memory_.execution().step_when({.object = never_, .expected = 1}, kAssume);
}

std::uint64_t Scenario::choose(unsigned n) {
  if (n == 0 || n > Alternatives::kMax) throw InputError("choose: from 1 to 32 alternatives");
  return memory_.execution().step_choose(Below(n), kChoose);
}

void Scenario::note_value(std::uint64_t value) {
  memory_.execution().note(
      {.format = "reads {}", .args = {{.value = value, .format = trace::format_decimal}}});
}

void Checker::require(bool condition, std::string_view text) {
  if (!condition) execution_.violate(violation_of(text));
}

void Words::no_element(std::uint64_t index) const {
  throw InputError("no element " + std::to_string(index) + " of " + std::to_string(size_));
}

}  // namespace mmcheck::explore
