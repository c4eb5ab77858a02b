// SPDX-License-Identifier: Apache-2.0
// What a guest has opened: files of the model's kernel, and files of /proc, which are made of what
// that kernel says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::guest {

class Runtime;

/// The files of /proc that are open, of all processes.
class ProcFiles {
 public:
  /// Descriptors of these begin here: the kernel's are below.
  static constexpr int kFirstFd = 100;

  void clear() { files_.clear(); }
  /// Whether there is such a file. Of the calling process.
  static bool exists(Runtime& runtime, std::string_view path);
  int open(unsigned process, std::string_view path);
  /// Null if the process has no such descriptor.
  struct File {
    unsigned process = 0;
    int fd = 0;
    std::string_view name{};  ///< behind /proc/PID/; a literal
    std::uint64_t position = 0;
    std::string text{};  ///< as it was when its beginning was read
  };
  File* find(unsigned process, int fd);
  void close(unsigned process, int fd);
  /// fork(): the child has what the parent has.
  void copy(unsigned parent, unsigned child);

  // Of an open file of the calling process. They make steps, in which others may open files, or
  // close this one: it is looked for again after them.
  std::int64_t read(Runtime& runtime, int fd, std::span<std::byte> out);
  std::int64_t pread(Runtime& runtime, int fd, std::span<std::byte> out, std::uint64_t offset);

 private:
  std::vector<File> files_;
};

// read(2) and write(2), pread(2) and pwrite(2) if there is an offset, of the calling thread:
// -errno, or how many bytes.
std::int64_t read_descriptor(int fd, std::span<std::byte> out,
                             std::optional<std::int64_t> offset = {});
std::int64_t write_descriptor(int fd, std::span<const std::byte> in);
std::int64_t open_descriptor(std::string_view path, int flags, unsigned mode);
std::int64_t close_descriptor(int fd);

/// The C library's convention: -1, and errno is set.
std::int64_t check_result(std::int64_t result);

}  // namespace mmcheck::guest
