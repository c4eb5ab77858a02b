// SPDX-License-Identifier: Apache-2.0
// A compiled guest in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mmcheck::guest {

class Module {
 public:
  /// Loads the shared object; its constructors run, unless they were taken away from the loader.
  /// Throws InputError if it cannot be loaded.
  explicit Module(const std::filesystem::path& path);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  using Main = int (*)(int, char**, char**);
  Main main() const { return main_; }
  /// What has been taken away from the loader: to be called before main(), with its arguments.
  std::span<const Main> constructors() const { return constructors_; }
  const std::filesystem::path& path() const { return path_; }
  std::uintptr_t base() const { return base_; }
  /// Global variables: .data, .bss and what is beside them.
  std::span<std::byte> data() const { return data_; }
  /// Puts the global variables back to what they were when main() had not begun.
  void reset();
  bool holds_code(std::uintptr_t address) const { return address - text_begin_ < text_bytes_; }

  /// What a new thread's variables of its own (`_Thread_local`) hold, and how many bytes there are.
  std::span<const std::byte> tls_image() const { return tls_image_; }
  std::size_t tls_bytes() const { return tls_bytes_; }

 private:
  void find_segments();
  void find_constructors(const void* dynamic);

  void* handle_;
  std::filesystem::path path_;
  Main main_ = nullptr;
  std::vector<Main> constructors_;
  std::uintptr_t base_ = 0;
  std::uintptr_t text_begin_ = 0;
  std::uintptr_t text_bytes_ = 0;
  std::span<std::byte> data_;
  std::vector<std::byte> initial_;
  std::span<const std::byte> tls_image_;
  std::size_t tls_bytes_ = 0;
};

}  // namespace mmcheck::guest
