// SPDX-License-Identifier: Apache-2.0
// Memory that each process of a guest has for itself, at the same addresses: what is there is that
// of the process whose thread runs.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace mmcheck::guest {

class ProcessMemory {
 public:
  using Spans = std::vector<std::span<std::byte>>;
  /// The memory that a process uses now.
  using SpansOf = std::function<Spans(unsigned process)>;

  /// A new execution, with process 0 in place.
  void reset(SpansOf spans_of);
  /// Process `to` runs now.
  void switch_to(unsigned to) {
    if (to != loaded_) exchange(to);
  }
  unsigned loaded() const { return loaded_; }
  /// The other processes have this, too, as it is now.
  void add_to_others(const Spans& spans);
  /// The new process has what the running one has.
  void copy_to(unsigned process);

 private:
  void exchange(unsigned to);
  void save(unsigned process, const Spans& spans);

  struct Image {
    Spans spans;
    std::vector<std::byte> bytes;
  };
  SpansOf spans_of_;
  std::vector<Image> images_;
  unsigned loaded_ = 0;
};

}  // namespace mmcheck::guest
