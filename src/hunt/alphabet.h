// SPDX-License-Identifier: Apache-2.0
// What programs are made of: operations, and the states that they start in.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace mmcheck::hunt {

enum class Caller : std::uint8_t { User, Kernel };

/// What an operation needs of the memory that it works on.
enum class Memory : std::uint8_t {
  Any,
  File,      ///< there is a file behind it
  Mapped,    ///< a page is mapped at the start
  Large,     ///< an anonymous folio of several pages is mapped at the start
  AnonPage,  ///< an anonymous page is mapped at the start
  NoFile,    ///< there is none
  Child,     ///< a child waits to be born
};

/// What an operation means to those behind it in its thread.
enum class Holding : std::uint8_t {
  None,
  Gets,        ///< has a page afterwards; not while it has one
  GetsToRead,  ///< the same, and may not write to it
  Reads,       ///< must have one
  Writes,      ///< must have one that it may write to
  Puts,        ///< must have one, and has none afterwards
  Ends,        ///< the thread ends
};

struct Operation {
  std::string_view name;  ///< as `--calls` takes it, and as programs are called
  /// In the dialect of scenarios. $x is the page's address, $p the same for kernel threads, $o its
  /// offset in the file, $m the whole mapping, $v a value that nothing else stores, $r a register
  /// of its own, $g the one with the page that the thread holds, $y the address of the next page,
  /// or of the same one in the other mapping.
  std::string_view statement;
  Caller caller = Caller::User;
  Memory memory = Memory::Any;
  Holding holding = Holding::None;
  bool per_page = true;  ///< works on one page; else on the mapping, the file, or nothing
  bool several = false;  ///< only where there are several pages
};

/// All, in the order in which programs are enumerated.
std::span<const Operation> operations();

struct Start {
  std::string_view name;
  std::string_view mapping;  ///< "mmap(f, $n, MAP_SHARED), dirty": $n is the size
  bool file = false;
  bool mapped = false;
  bool anonymous = false;         ///< what is mapped is
  std::string_view settings{};    ///< further declarations: "vma locks;"
  std::string_view file_state{};  ///< "large folio"
  unsigned pages_min = 1;
  bool child = false;  ///< process B is A's child: each program forks, once
  bool twice = false;  ///< each process maps it a second time, in a page table of its own
};

std::span<const Start> starts();

bool fits(const Operation& operation, const Start& start);

/// Whether the operation works on addresses, so that it matters which mapping they are in.
bool names_mapping(const Operation& operation);

/// nullptr if there is none of that name.
const Operation* find_operation(std::string_view name);
const Start* find_start(std::string_view name);

}  // namespace mmcheck::hunt
