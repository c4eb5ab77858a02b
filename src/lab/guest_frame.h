// SPDX-License-Identifier: Apache-2.0
// What every guest program is around its scenario. It is the first process of the kernel: it makes
// the file system, then performs the scenario again and again, under the eyes of a controller.
#pragma once

#include <cstdint>
#include <string_view>

namespace mmcheck::lab {

/// The guest lies where no other program does, so that a breakpoint is hit by it alone.
inline constexpr std::uint64_t kGuestText = 0x7000'0000;
/// What guest and controller share: `struct words` of the text.
inline constexpr std::uint64_t kShared = 0x7100'0000;
/// The first mapping of the first process. Mappings of a process lie in a row.
inline constexpr std::uint64_t kMappings = 0x7200'0000;

inline constexpr unsigned kThreadsMax = 8;
inline constexpr unsigned kFilesMax = 4;
inline constexpr unsigned kPagesMax = 16;
inline constexpr unsigned kRegistersMax = 32;

/// `struct words`, as the controller sees it.
struct Shared {
  std::uint64_t state = 0;               ///< see GuestState
  std::uint64_t ready = 0;               ///< threads that wait at their first statement
  std::uint64_t over = 0;                ///< the round is
  std::uint64_t allowed[kThreadsMax]{};  ///< statements that the thread may make
  std::uint64_t made[kThreadsMax]{};     ///< that it has made
  std::uint64_t fault[kThreadsMax]{};    ///< the address of an access that was refused, or 0
  std::uint64_t stored[kFilesMax][kPagesMax]{};  ///< the last word that was stored to this page
  std::uint64_t seen[kFilesMax][kPagesMax]{};    ///< the word that the disk has in the end
  std::uint64_t nr_stores[kFilesMax][kPagesMax]{};
  std::uint64_t registers[kThreadsMax][kRegistersMax]{};
  char failure[128]{};  ///< what has failed, where the state says so
};

// All of it is one page, which is there from the start.
static_assert(sizeof(Shared) <= 4096);

enum class GuestState : std::uint64_t { None, Ready, Judged, Failed };

/// Text before the scenario's.
extern const std::string_view kGuestBegin;
/// Text behind it: uses what it has defined.
extern const std::string_view kGuestEnd;

}  // namespace mmcheck::lab
