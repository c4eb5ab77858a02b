// SPDX-License-Identifier: Apache-2.0
// Limits of scenario files. The search is exhaustive, so what exceeds them would not end anyway;
// and with them no input can make the parser overflow its stack or run for long.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mmcheck::workload {

inline constexpr std::size_t kFileBytesMax = 65536;
inline constexpr std::size_t kThreadsMax = 8;
inline constexpr std::size_t kProcessesMax = 4;
inline constexpr std::size_t kMappingsMax = 8;  ///< of one process
inline constexpr std::size_t kFilesMax = 4;
inline constexpr std::int64_t kPagesMax = 16;  ///< of one file or mapping
inline constexpr unsigned kFolioPagesMax = 4;  ///< of one large folio: what one page table maps
inline constexpr std::size_t kVariablesMax = 32;
inline constexpr std::size_t kRegistersMax = 32;    ///< of one thread
inline constexpr std::size_t kStatementsMax = 256;  ///< of one thread
inline constexpr std::size_t kExpectationsMax = 64;
inline constexpr std::int64_t kGatherMax = 64;
inline constexpr unsigned kNestingMax = 32;       ///< of statements, parentheses and calls
inline constexpr std::size_t kOperatorsMax = 64;  ///< of one expression, not counting inner ones
inline constexpr std::size_t kNameLengthMax = 32;
inline constexpr std::size_t kScenarioNameLengthMax = 80;

}  // namespace mmcheck::workload
