// SPDX-License-Identifier: Apache-2.0
#include "trace/schedule.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "base/error.h"

namespace mmcheck::trace {
namespace {

/// Far beyond what an execution may have; keeps a mistyped run length from eating the memory.
constexpr std::uint64_t kChoicesMax = 1'000'000;

class Decoder {
 public:
  explicit Decoder(std::string_view text) : text_(text) {}

  Schedule decode() {
    if (text_.empty()) return {};
    decode_run();
    while (position_ < text_.size()) {
      if (text_[position_] != '.') fail(expected_);
      ++position_;
      decode_run();
    }
    return std::move(schedule_);
  }

 private:
  void decode_run() {
    Choice choice;
    choice.thread =
        static_cast<ThreadId>(number("a thread number", std::numeric_limits<std::uint8_t>::max()));
    std::uint64_t length = 1;
    expected_ = "'.', '*' or ':'";
    if (accept('*')) {
      length = number("a run length", kChoicesMax);
      if (length == 0) fail_at(start_, "the run length is 0; it must be at least 1");
      expected_ = "'.'";
    } else if (accept(':')) {
      choice.alternative = number("a label", std::numeric_limits<std::uint64_t>::max());
      expected_ = "'.'";
    }
    if (schedule_.size() + length > kChoicesMax) {
      fail_at(start_, fmt::format("the schedule is longer than {} steps", kChoicesMax));
    }
    schedule_.insert(schedule_.end(), length, choice);
  }

  bool accept(char wanted) {
    if (position_ >= text_.size() || text_[position_] != wanted) return false;
    ++position_;
    return true;
  }

  std::uint64_t number(std::string_view what, std::uint64_t max) {
    start_ = position_;
    std::uint64_t value = 0;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      const std::uint64_t digit = static_cast<std::uint64_t>(text_[position_] - '0');
      if (value > (max - digit) / 10) {
        fail_at(start_, fmt::format("{} is at most {}", what, max));
      }
      value = value * 10 + digit;
      ++position_;
    }
    if (position_ == start_) fail(what);
    return value;
  }

  [[noreturn]] void fail(std::string_view expected) const {
    if (position_ >= text_.size()) {
      fail_at(position_, fmt::format("expected {}, found the end", expected));
    }
    const char c = text_[position_];
    const bool printable = c >= ' ' && c < '\x7f';
    fail_at(position_, printable ? fmt::format("expected {}, found '{}'", expected, c)
                                 : fmt::format("expected {}, found byte {:#04x}", expected,
                                               static_cast<unsigned char>(c)));
  }

  [[noreturn]] static void fail_at(std::size_t position, std::string_view message) {
    throw InputError(fmt::format("schedule, character {}: {}", position + 1, message));
  }

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;      ///< of the last number, for messages
  std::string_view expected_;  ///< what may follow the last run
  Schedule schedule_;
};

}  // namespace

std::string encode(const Schedule& schedule) {
  std::string out;
  for (std::size_t i = 0; i < schedule.size();) {
    const Choice& choice = schedule[i];
    std::size_t length = 1;
    // Labels are written out one by one: a run of equal labels is rare and "1:7*2" reads badly.
    while (choice.alternative == 0 && i + length < schedule.size() &&
           schedule[i + length] == choice) {
      ++length;
    }
    if (!out.empty()) out.push_back('.');
    auto end = std::back_inserter(out);
    fmt::format_to(end, "{}", to_index(choice.thread));
    if (choice.alternative != 0) {
      fmt::format_to(end, ":{}", choice.alternative);
    } else if (length > 1) {
      fmt::format_to(end, "*{}", length);
    }
    i += length;
  }
  return out;
}

Schedule decode(std::string_view text) { return Decoder(text).decode(); }

}  // namespace mmcheck::trace
