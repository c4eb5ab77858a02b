// SPDX-License-Identifier: Apache-2.0
// Numbers of executions that others have published, or that other checkers agree on.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace classic {

/// What the publication counts.
enum class Counted : std::uint8_t {
  Finished,  ///< executions in which every thread comes to its end
  All,       ///< those too at whose end a thread waits
};

/// How long the search takes in a release build.
enum class Cost : std::uint8_t { Below1s, Above1s };

/// The numbers that a program takes.
class Parameters {
 public:
  constexpr Parameters(std::initializer_list<unsigned> numbers)
      : size_(static_cast<unsigned>(numbers.size())) {
    std::copy(numbers.begin(), numbers.end(), numbers_.begin());
  }
  constexpr const unsigned* begin() const { return numbers_.data(); }
  constexpr const unsigned* end() const { return numbers_.data() + size_; }

 private:
  std::array<unsigned, 2> numbers_{};
  unsigned size_;
};

struct Row {
  std::string_view program;  ///< of examples/classic
  Parameters numbers;
  std::uint64_t executions;
  Counted counted;
  Cost cost;
  std::string_view source;  ///< a suite and the path in it, or a paper
};

std::span<const Row> published_counts();

}  // namespace classic
