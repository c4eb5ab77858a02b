// SPDX-License-Identifier: Apache-2.0
// The host's kernel, as the process that calls it sees it.
#pragma once

#include <csetjmp>
#include <csignal>

#include "conform/perform.h"

namespace mmcheck::conform {

/// "f0"
constexpr std::array<char, 3> file_name(unsigned file) {
  return {'f', static_cast<char>('0' + file), '\0'};
}

class NativeKernel final : public Kernel {
 public:
  /// One of them in a process: it takes the signals of faults.
  explicit NativeKernel(int folder);

  std::int64_t mmap(std::uint64_t addr, std::uint64_t length, int prot, int flags, int fd,
                    std::int64_t offset) override;
  std::int64_t munmap(std::uint64_t addr, std::uint64_t length) override;
  std::int64_t mprotect(std::uint64_t addr, std::uint64_t length, int prot) override;
  std::int64_t mremap(std::uint64_t addr, std::uint64_t old_length, std::uint64_t new_length,
                      int flags, std::uint64_t new_addr) override;
  std::int64_t madvise(std::uint64_t addr, std::uint64_t length, int advice) override;
  std::int64_t msync(std::uint64_t addr, std::uint64_t length, int flags) override;
  std::int64_t mincore(std::uint64_t addr, std::uint64_t length,
                       std::span<std::uint8_t> out) override;
  std::int64_t mlock(std::uint64_t addr, std::uint64_t length) override;
  std::int64_t munlock(std::uint64_t addr, std::uint64_t length) override;
  std::int64_t open(unsigned file, int flags) override;
  std::int64_t close(int fd) override;
  std::int64_t read(int fd, std::span<std::byte> out) override;
  std::int64_t write(int fd, std::span<const std::byte> in) override;
  std::int64_t pread(int fd, std::span<std::byte> out, std::int64_t offset) override;
  std::int64_t pwrite(int fd, std::span<const std::byte> in, std::int64_t offset) override;
  std::int64_t lseek(int fd, std::int64_t offset, int whence) override;
  std::int64_t ftruncate(int fd, std::int64_t length) override;
  std::int64_t fsync(int fd) override;
  std::int64_t fdatasync(int fd) override;
  std::int64_t posix_fadvise(int fd, std::int64_t offset, std::int64_t length, int advice) override;
  std::int64_t size(int fd) override;
  Fault load(std::uint64_t addr, unsigned width, std::uint64_t& value) override;
  Fault store(std::uint64_t addr, unsigned width, std::uint64_t value) override;
  Fault add(std::uint64_t addr, unsigned width, std::uint64_t value, std::uint64_t& old) override;
  void smaps(std::span<std::uint64_t, kSmapsFields> fields) override;

 private:
  int folder_;
};

}  // namespace mmcheck::conform
