// SPDX-License-Identifier: Apache-2.0
// The figures of /proc/PID/smaps, summed over the window.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "conform/program.h"

namespace mmcheck::conform {

class SmapsSum {
 public:
  /// The next piece of the text, wherever it was cut. False if there is nothing more to be had from
  /// it: mappings are in the order of their addresses. Allocates nothing.
  bool add(std::string_view text);

  /// In pages, by SmapsField.
  const std::array<std::uint64_t, kSmapsFields>& fields() const { return fields_; }

 private:
  void add_line(std::string_view line);
  void begin_mapping(std::string_view line);
  void add_figure(std::string_view name, std::uint64_t pages);
  std::uint64_t& field(SmapsField field) { return fields_[static_cast<std::size_t>(field)]; }

  std::array<std::uint64_t, kSmapsFields> fields_{};
  std::array<char, 512> line_{};  ///< what there is of the current line; the rest of it is dropped
  std::size_t line_bytes_ = 0;
  bool within_ = false;  ///< the current mapping is in the window
  bool past_ = false;
  bool file_ = false;  ///< the current mapping has an inode
};

}  // namespace mmcheck::conform
