// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace mmcheck {

/// A thread of the explored program: a fiber, or a handler without a stack (an interrupt).
enum class ThreadId : std::uint8_t {};

/// A shared word. Every access to it is known to the explorer.
enum class ObjectId : std::uint16_t {};

/// Position of a step in one execution, counted from 0.
enum class EventId : std::uint32_t {};

/// A processor. Reports give each one a column.
enum class CpuId : std::uint8_t {};

/// A page frame number. Frames are never reused, so a number names one life of a frame.
enum class Pfn : std::uint16_t {};

/// A user virtual address in bytes.
enum class Vaddr : std::uint64_t {};

inline constexpr EventId kNoEvent{0xffffffff};
inline constexpr Pfn kNoPfn{0xffff};
inline constexpr std::uint64_t kPageSizeBytes = 4096;

constexpr std::uint8_t to_index(ThreadId id) { return static_cast<std::uint8_t>(id); }
constexpr std::uint16_t to_index(ObjectId id) { return static_cast<std::uint16_t>(id); }
constexpr std::uint32_t to_index(EventId id) { return static_cast<std::uint32_t>(id); }
constexpr std::uint8_t to_index(CpuId id) { return static_cast<std::uint8_t>(id); }
constexpr std::uint16_t to_index(Pfn id) { return static_cast<std::uint16_t>(id); }
constexpr std::uint64_t to_bytes(Vaddr va) { return static_cast<std::uint64_t>(va); }

}  // namespace mmcheck
