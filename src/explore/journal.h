// SPDX-License-Identifier: Apache-2.0
// Memory as it was before steps changed it: for programs whose memory is too large to be copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace mmcheck::explore {

class Journal {
 public:
  void clear() { entries_.clear(); }
  /// These bytes are about to change.
  void save(void* memory, std::size_t bytes) {
    auto* from = static_cast<std::byte*>(memory);
    while (bytes > 0) {
      Entry entry{.memory = from, .bytes = bytes < sizeof entry.old ? bytes : sizeof entry.old};
      std::memcpy(&entry.old, from, entry.bytes);
      entries_.push_back(entry);
      from += entry.bytes;
      bytes -= entry.bytes;
    }
  }
  std::size_t mark() const { return entries_.size(); }
  /// Puts back what has changed since mark() returned `mark`.
  void undo_to(std::size_t mark) {
    while (entries_.size() > mark) {
      const Entry& entry = entries_.back();
      std::memcpy(entry.memory, &entry.old, entry.bytes);
      entries_.pop_back();
    }
  }

 private:
  struct Entry {
    std::byte* memory = nullptr;
    std::size_t bytes = 0;
    std::uint64_t old = 0;
  };
  std::vector<Entry> entries_;
};

}  // namespace mmcheck::explore
