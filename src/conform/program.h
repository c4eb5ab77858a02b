// SPDX-License-Identifier: Apache-2.0
// Programs of system calls and accesses, and what comes out when one is run: on the host's kernel,
// or on the model.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace mmcheck::conform {

inline constexpr auto kPage = static_cast<std::int64_t>(kPageSizeBytes);

/// All addresses of a program lie in a window of so many pages, which begins at the same address on
/// both sides, with nothing mapped in it.
inline constexpr unsigned kWindowPages = 16;
inline constexpr unsigned kProcesses = 3;
inline constexpr unsigned kFiles = 2;
inline constexpr unsigned kSlots = 4;  ///< of file descriptors, by which programs name them
inline constexpr unsigned kCallsMax = 64;
/// No address space has so many bytes.
inline constexpr std::int64_t kMoreThanThereIs = std::int64_t{1} << 47;
/// A read or write is of no more than this.
inline constexpr std::size_t kTransferMax = 4 * 4096;

enum class Op : std::uint8_t {
  Mmap,
  Munmap,
  Mprotect,
  Mremap,
  Madvise,
  Msync,
  Mincore,
  Mlock,
  Munlock,
  Open,
  Close,
  Read,
  Write,
  Pread,
  Pwrite,
  Lseek,
  Ftruncate,
  Fsync,
  Fdatasync,
  PosixFadvise,
  Size,  ///< st_size of fstat()
  Load,
  Store,
  Add,  ///< a locked read-modify-write
  Fork,
  Exit,
  Smaps,
};

/// What an operand is: how it is drawn, simplified and printed.
enum class Kind : std::uint8_t {
  None,
  Addr,    ///< a distance from the beginning of the window, in bytes
  Length,  ///< of a range of addresses
  Prot,
  MapFlags,
  RemapFlags,
  Advice,
  SyncFlags,
  Slot,  ///< of a file descriptor; kSlots and more are never open
  File,
  OpenFlags,
  Count,   ///< of bytes
  Offset,  ///< in a file
  Whence,
  FileAdvice,
  Width,   ///< of one access: 1, 2, 4 or 8
  Repeat,  ///< how many accesses, each a page after the one before
  Value,
  Process,
};

inline constexpr std::size_t kOperandsMax = 6;

struct Shape {
  Op op{};
  std::string_view name;
  std::array<Kind, kOperandsMax> operands{};
};

/// Of all operations, in their order.
std::span<const Shape> shapes();
const Shape& shape_of(Op op);

struct Call {
  Op op{};
  std::uint8_t process = 0;  ///< which makes it; 0 is there from the beginning
  std::array<std::int64_t, kOperandsMax> operands{};

  friend bool operator==(const Call&, const Call&) = default;
};

/// The calls are made one at a time, in this order, whichever process makes them.
struct Program {
  std::array<std::uint32_t, kFiles> file_bytes{};  ///< how large the files are at first
  std::vector<Call> calls;

  friend bool operator==(const Program&, const Program&) = default;
  unsigned nr_processes() const;
};

/// What a byte of a file is before the program runs; never 0.
constexpr std::uint8_t initial_byte(unsigned file, std::uint64_t offset) {
  return static_cast<std::uint8_t>(1 + (offset * 7 + offset / 4096 * 31 + file * 101) % 251);
}

/// Whether each call is made by a process that is there, forked before and not gone, and none can
/// reach what lies behind the window. Of kCallsMax calls at most.
bool is_valid(const Program& program);

/// Without the calls that no process is there to make.
Program without_orphans(Program program);

enum class Fault : std::uint8_t { None, Sigsegv, Sigbus, Killed };

struct Word {
  std::uint64_t value = 0;
  Fault fault = Fault::None;

  friend bool operator==(const Word&, const Word&) = default;
};

/// `value` of a mapping that the kernel put elsewhere than asked; it is unmapped at once.
inline constexpr std::int64_t kElsewhere = 0x7fff'ffff'ffff;

/// What smaps is asked for, in the order of its words: sums over the window, in pages.
enum class SmapsField : std::uint8_t {
  Size,
  Anonymous,
  AnonRss,  ///< of mappings without a file, as the next
  AnonSharedDirty,
  AnonPrivateDirty,
  AnonZeros,  ///< of the model only: anonymous pages for which Linux may have mapped the zero page
};
inline constexpr std::size_t kSmapsFields = 6;

/// Of one call. What else than `value` there is depends on the operation.
struct Result {
  static constexpr std::size_t kWords = kWindowPages;

  std::int64_t value = 0;  ///< as Linux's: -errno if it failed; addresses as distances
  std::uint32_t nr_words = 0;
  /// Mincore: a bit for each page that is resident; and, where the side can tell, for each that is
  /// of a file, and that may be the zero page. Read: the bytes, or, of more than 8, a hash of them.
  /// Load: one for each access. Smaps: one for each field.
  std::array<Word, kWords> words{};

  void add(std::uint64_t word, Fault fault = Fault::None) {
    if (nr_words < kWords) words[nr_words++] = Word{word, fault};
  }
  bool failed() const { return value < 0; }
  friend bool operator==(const Result&, const Result&) = default;
};

/// One result for each call; or why there are none.
struct Outcome {
  std::vector<Result> results;
  std::string error{};    ///< the side itself failed: the model by an internal error, say
  std::string refused{};  ///< the model says that it cannot run this
};

}  // namespace mmcheck::conform
