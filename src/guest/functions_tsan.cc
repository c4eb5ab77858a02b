// SPDX-License-Identifier: Apache-2.0
// What compiled code calls at its accesses of memory: the sanitizer's interface, as GCC 12 and
// clang 14 use it (compiler-rt, include/sanitizer/tsan_interface.h and tsan_interface_atomic.h).
#include "guest/guest_function.h"

namespace mmcheck::guest {

namespace {

/// Before main() constructors run, and nobody else does.
bool outside() { return Runtime::current() == nullptr; }

/// GCC gives hints in higher bits.
MemoryOrder order_of(int order) { return static_cast<MemoryOrder>(order & 0xff); }

}  // namespace

GUEST(void, __tsan_init, ) {}

// NOLINTBEGIN(bugprone-macro-parentheses): types and names cannot stand in parentheses.
#define LOAD(name, bytes, is_volatile)                                                \
  GUEST(void, name, void* at) {                                                       \
    if (!outside()) runtime().load(guest::address_of(at), bytes, PLACE, is_volatile); \
  }
#define STORE(name, bytes, is_volatile)                                                \
  GUEST(void, name, void* at) {                                                        \
    if (!outside()) runtime().store(guest::address_of(at), bytes, PLACE, is_volatile); \
  }
#define ACCESSES(bytes)                          \
  LOAD(__tsan_read##bytes, bytes, false)         \
  STORE(__tsan_write##bytes, bytes, false)       \
  LOAD(__tsan_volatile_read##bytes, bytes, true) \
  STORE(__tsan_volatile_write##bytes, bytes, true)
ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
#define UNALIGNED(bytes)                                   \
  LOAD(__tsan_unaligned_read##bytes, bytes, false)         \
  STORE(__tsan_unaligned_write##bytes, bytes, false)       \
  LOAD(__tsan_unaligned_volatile_read##bytes, bytes, true) \
  STORE(__tsan_unaligned_volatile_write##bytes, bytes, true)
UNALIGNED(2)
UNALIGNED(4)
UNALIGNED(8)
UNALIGNED(16)

GUEST(void, __tsan_read_range, void* at, std::size_t bytes) {
  if (!outside()) runtime().load_range(at, bytes, PLACE);
}
GUEST(void, __tsan_write_range, void* at, std::size_t bytes) {
  if (!outside()) runtime().store_range(at, bytes, PLACE);
}
GUEST(void, __tsan_vptr_update, void* at, void*) {
  if (!outside()) runtime().store(guest::address_of(at), sizeof(void*), PLACE);
}
GUEST(void, __tsan_vptr_read, void* at) {
  if (!outside()) runtime().load(guest::address_of(at), sizeof(void*), PLACE);
}

#define UPDATE(bits, type, name, expression)                                                  \
  GUEST(type, __tsan_atomic##bits##_##name, volatile type* at, type operand, int order) {     \
    if (outside()) {                                                                          \
      const type old = *at;                                                                   \
      *at = static_cast<type>(expression);                                                    \
      return old;                                                                             \
    }                                                                                         \
    return static_cast<type>(                                                                 \
        runtime().atomic_update(guest::address_of(at), sizeof(type), order_of(order), PLACE,  \
                                [operand](std::uint64_t whole) -> std::uint64_t {             \
                                  [[maybe_unused]] const auto old = static_cast<type>(whole); \
                                  return static_cast<type>(expression);                       \
                                }));                                                          \
  }

#define COMPARE(bits, type, name)                                                              \
  GUEST(int, __tsan_atomic##bits##_compare_exchange_##name, volatile type* at, type* expected, \
        type desired, int success, int failure) {                                              \
    std::uint64_t found = *expected;                                                           \
    const bool done =                                                                          \
        runtime().compare_exchange(guest::address_of(at), sizeof(type), found, desired,        \
                                   order_of(success), order_of(failure), PLACE);               \
    if (!done) guest::put(expected, static_cast<type>(found), PLACE);                          \
    return done ? 1 : 0;                                                                       \
  }

#define ATOMICS(bits, type)                                                                     \
  GUEST(type, __tsan_atomic##bits##_load, const volatile type* at, int order) {                 \
    if (outside()) return *at;                                                                  \
    return static_cast<type>(                                                                   \
        runtime().atomic_load(guest::address_of(at), sizeof(type), order_of(order), PLACE));    \
  }                                                                                             \
  GUEST(void, __tsan_atomic##bits##_store, volatile type* at, type value, int order) {          \
    if (outside()) {                                                                            \
      *at = value;                                                                              \
      return;                                                                                   \
    }                                                                                           \
    runtime().atomic_store(guest::address_of(at), sizeof(type), value, order_of(order), PLACE); \
  }                                                                                             \
  UPDATE(bits, type, exchange, operand)                                                         \
  UPDATE(bits, type, fetch_add, old + operand)                                                  \
  UPDATE(bits, type, fetch_sub, old - operand)                                                  \
  UPDATE(bits, type, fetch_and, old& operand)                                                   \
  UPDATE(bits, type, fetch_or, old | operand)                                                   \
  UPDATE(bits, type, fetch_xor, old ^ operand)                                                  \
  UPDATE(bits, type, fetch_nand, ~(old & operand))                                              \
  COMPARE(bits, type, strong)                                                                   \
  COMPARE(bits, type, weak)                                                                     \
  GUEST(type, __tsan_atomic##bits##_compare_exchange_val, volatile type* at, type expected,     \
        type desired, int success, int failure) {                                               \
    std::uint64_t found = expected;                                                             \
    runtime().compare_exchange(guest::address_of(at), sizeof(type), found, desired,             \
                               order_of(success), order_of(failure), PLACE);                    \
    return static_cast<type>(found);                                                            \
  }
// NOLINTEND(bugprone-macro-parentheses)
ATOMICS(8, std::uint8_t)
ATOMICS(16, std::uint16_t)
ATOMICS(32, std::uint32_t)
ATOMICS(64, std::uint64_t)

GUEST(void, __tsan_atomic_thread_fence, int order) {
  if (!outside()) runtime().fence(order_of(order), PLACE);
}
GUEST(void, __tsan_atomic_signal_fence, int) {}

namespace {
/// What the compiler passes: ELF's tls_index.
struct TlsIndex {
  unsigned long module;
  unsigned long offset;
};
}  // namespace

GUEST(void*, __tls_get_addr, TlsIndex* index) { return runtime().tls(index->offset); }

void link_tsan_functions() {}

}  // namespace mmcheck::guest
