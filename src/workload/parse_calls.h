// SPDX-License-Identifier: Apache-2.0
// The functions and constants that the body of a thread may use.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "workload/scenario.h"

namespace mmcheck::workload {

/// Which calls a named constant is for. Keeps PROT_READ and MAP_SHARED, both 1, apart.
enum class ConstantFamily : std::uint8_t {
  None,
  Protection,
  MapFlags,
  MremapFlags,
  MadviseAdvice,
  MsyncFlags,
  FadviseAdvice,
  GupFlags,
  Mixed,
};

struct NamedConstant {
  std::string_view name;
  std::int64_t value;
  ConstantFamily family;
};

enum class Parameter : std::uint8_t {
  None,
  Access,         ///< *x
  Address,        ///< x or &x
  Lock,           ///< x or &x, a spinlock_t
  Srcu,           ///< x or &x, a struct srcu_struct
  Value,          ///< an expression
  Range,          ///< x or x + 4096: start of a range of one of the process's mappings
  Length,         ///< bytes, within the mapping
  Protection,     ///< PROT_READ|PROT_WRITE
  MapFlags,       ///< MAP_SHARED|MAP_FIXED
  MapFile,        ///< a file, or -1 if MAP_ANONYMOUS
  MapOffset,      ///< bytes
  SameLength,     ///< as many bytes as the Length before; not an operand
  MremapFlags,    ///< MREMAP_MAYMOVE|MREMAP_FIXED, MREMAP_DONTUNMAP
  OtherRange,     ///< where a range of that length, that is not the first, begins
  MadviseAdvice,  ///< MADV_DONTNEED or MADV_FREE; not an operand: the operation says which
  MsyncFlags,     ///< MS_SYNC; not an operand
  FadviseAdvice,  ///< POSIX_FADV_DONTNEED; not an operand
  File,
  FileOffset,  ///< bytes, within the file
  FileLength,  ///< bytes, within the file from the offset before it; 0: to its end
  Status,      ///< a number
  Folios,      ///< a file or A:x
  PageOf,      ///< x, or of a kernel thread A:x: a page of a mapping
  GupFlags,    ///< FOLL_WRITE or 0
  Process,     ///< A
  Child,       ///< B, a child of the thread's process
};

/// Who may make a call.
enum class Caller : std::uint8_t { Any, ScenarioThread, ProcessThread, KernelThread, LitmusThread };

/// How the operands follow from the arguments.
enum class Shape : std::uint8_t {
  AsWritten,
  ValueFirst,         ///< atomic_add(i, v)
  ValueFirstNegated,  ///< atomic_sub(i, v)
  One,                ///< atomic_inc(v): adds 1
  MinusOne,           ///< atomic_dec(v): adds -1
};

enum class Result : std::uint8_t { Nothing, Value, IsZero, IsNegative };

struct CallSpec {
  std::string_view name;
  Operation operation;
  Order order;
  Shape shape;
  Result result;
  Caller caller;
  std::array<Parameter, 6> parameters;
  std::string_view usage;  ///< an example
};

std::size_t nr_parameters(const CallSpec& spec);

/// Also finds xchg_acquire, xchg_release and xchg_relaxed, with that order.
std::optional<CallSpec> find_call(std::string_view name);

const NamedConstant* find_constant(std::string_view name);

/// For error messages.
std::vector<std::string_view> call_names();
std::vector<std::string_view> constant_names();

/// Names that nothing in a scenario may have: functions, constants, types and keywords.
bool is_reserved_name(std::string_view name);

}  // namespace mmcheck::workload
