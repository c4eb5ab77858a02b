// SPDX-License-Identifier: Apache-2.0
// One call, made through whichever kernel, and its result in a form in which two can be compared.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "conform/program.h"

namespace mmcheck::conform {

/// Where the window begins.
inline constexpr std::uint64_t kWindow = 0x4d00'0000'0000;

/// The kernel, as one process sees it. Results are Linux's: -errno for an error. No call allocates
/// memory: the native one is used after fork().
class Kernel {
 public:
  virtual std::int64_t mmap(std::uint64_t addr, std::uint64_t length, int prot, int flags, int fd,
                            std::int64_t offset) = 0;
  virtual std::int64_t munmap(std::uint64_t addr, std::uint64_t length) = 0;
  virtual std::int64_t mprotect(std::uint64_t addr, std::uint64_t length, int prot) = 0;
  virtual std::int64_t mremap(std::uint64_t addr, std::uint64_t old_length,
                              std::uint64_t new_length, int flags, std::uint64_t new_addr) = 0;
  virtual std::int64_t madvise(std::uint64_t addr, std::uint64_t length, int advice) = 0;
  virtual std::int64_t msync(std::uint64_t addr, std::uint64_t length, int flags) = 0;
  virtual std::int64_t mincore(std::uint64_t addr, std::uint64_t length,
                               std::span<std::uint8_t> out) = 0;
  virtual std::int64_t mlock(std::uint64_t addr, std::uint64_t length) = 0;
  virtual std::int64_t munlock(std::uint64_t addr, std::uint64_t length) = 0;

  virtual std::int64_t open(unsigned file, int flags) = 0;
  virtual std::int64_t close(int fd) = 0;
  virtual std::int64_t read(int fd, std::span<std::byte> out) = 0;
  virtual std::int64_t write(int fd, std::span<const std::byte> in) = 0;
  virtual std::int64_t pread(int fd, std::span<std::byte> out, std::int64_t offset) = 0;
  virtual std::int64_t pwrite(int fd, std::span<const std::byte> in, std::int64_t offset) = 0;
  virtual std::int64_t lseek(int fd, std::int64_t offset, int whence) = 0;
  virtual std::int64_t ftruncate(int fd, std::int64_t length) = 0;
  virtual std::int64_t fsync(int fd) = 0;
  virtual std::int64_t fdatasync(int fd) = 0;
  virtual std::int64_t posix_fadvise(int fd, std::int64_t offset, std::int64_t length,
                                     int advice) = 0;
  virtual std::int64_t size(int fd) = 0;

  virtual Fault load(std::uint64_t addr, unsigned width, std::uint64_t& value) = 0;
  virtual Fault store(std::uint64_t addr, unsigned width, std::uint64_t value) = 0;
  virtual Fault add(std::uint64_t addr, unsigned width, std::uint64_t value,
                    std::uint64_t& old) = 0;
  /// Of the pages of the range, as bits; empty where it cannot be told.
  struct PageKinds {
    std::uint64_t file = 0;   ///< the mapping has a file
    std::uint64_t zeros = 0;  ///< anonymous, and may be the zero page
  };
  virtual PageKinds page_kinds(std::uint64_t addr, std::uint64_t length) {
    static_cast<void>(addr);
    static_cast<void>(length);
    return {};
  }
  virtual void smaps(std::span<std::uint64_t, kSmapsFields> fields) = 0;

 protected:
  ~Kernel() = default;
};

/// The file descriptors of one process; a fork copies them.
class Slots {
 public:
  /// Never the number of an open file.
  static constexpr int kNeverOpen = 1'000;

  Slots() { fds_.fill(kNeverOpen); }
  int& operator[](std::int64_t slot) { return fds_[static_cast<std::size_t>(slot)]; }
  int fd(std::int64_t slot) const {
    return slot >= 0 && slot < kSlots ? fds_[static_cast<std::size_t>(slot)] : kNeverOpen;
  }

 private:
  std::array<int, kSlots> fds_{};
};

using Transfer = std::array<std::byte, kTransferMax>;

/// Makes the call; not fork and exit, which are the caller's.
Result perform(const Call& call, Kernel& kernel, Slots& slots, Transfer& transfer);

/// Makes the files, through slot 0, which is closed then.
void make_files(const std::array<std::uint32_t, kFiles>& file_bytes, Kernel& kernel,
                Transfer& transfer);

}  // namespace mmcheck::conform
