// SPDX-License-Identifier: Apache-2.0
// Where a kernel's functions are, as the kernel itself says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lab/image.h"

namespace mmcheck::lab {

class Symbols {
 public:
  /// Of the text of /proc/kallsyms. Modules are left out, and what is no function.
  explicit Symbols(const std::string& kallsyms);

  /// Also where the compiler has changed the function, and with it the name: "f.isra.0". Not the
  /// parts of one ("f.part.0", "f.cold").
  std::optional<std::uint64_t> find(const std::string& name) const;

  /// The function that the address is in; empty outside of the kernel's text.
  std::string_view name_at(std::uint64_t address) const;

  /// The function that has made a call which returns to the address; empty where it can be none: a
  /// function's first instruction is where a pointer to it points.
  std::string_view caller_at(std::uint64_t address) const;

  std::vector<std::string> names() const;

  std::size_t size() const { return by_address_.size(); }

 private:
  std::map<std::uint64_t, std::string> by_address_;
  std::unordered_map<std::string, std::uint64_t> by_name_;
};

/// As they were found out before; else boots the kernel once, and keeps what it says beside the
/// image. A new boot leaves its files in `folder`.
Symbols load_symbols(const Image& image, const std::filesystem::path& folder);

/// Whether `load_symbols` need not boot.
bool knows_symbols(const Image& image);

}  // namespace mmcheck::lab
