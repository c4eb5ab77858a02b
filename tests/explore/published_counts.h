// SPDX-License-Identifier: Apache-2.0
// Numbers of executions that others have published, or that other checkers agree on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace classic {

/// What the publication counts.
enum class Counted : std::uint8_t {
  Finished,  ///< executions in which every thread comes to its end
  All,       ///< those too at whose end a thread waits
};

/// How long the search takes in a release build.
enum class Cost : std::uint8_t { Below1s, Above1s };

struct Row {
  std::string_view program;  ///< of examples/classic
  std::vector<unsigned> numbers;
  std::uint64_t executions;
  Counted counted;
  Cost cost;
  std::string_view source;  ///< a suite and the path in it, or a paper
};

std::span<const Row> published_counts();

}  // namespace classic
