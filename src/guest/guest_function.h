// SPDX-License-Identifier: Apache-2.0
// How a function is written that guests call. Not to be included by headers.
#pragma once

#include <cstdint>

#include "guest/runtime.h"

/// GUEST(int, puts, const char* text) { ... }: what a guest gets that calls puts().
#define GUEST(result, name, ...) \
  extern "C" [[gnu::visibility("default"), gnu::noinline]] result mmcheck_guest_##name(__VA_ARGS__)

/// Where the guest has called the function in whose body this stands.
#define PLACE                                                                           \
  (mmcheck::guest::Place{reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)), \
                         reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0))})

namespace mmcheck::guest {

// Guests find functions by name, so nothing else refers to the files that have them.
void link_tsan_functions();
void link_pthread_functions();
void link_libc_functions();
void link_sys_functions();
void link_string_functions();
void link_stdio_functions();
void link_proc_functions();
void link_signal_functions();
void link_jump_functions();

inline Runtime& runtime() { return *Runtime::current(); }

inline std::uintptr_t address_of(const volatile void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

/// Stores a result where the guest wants it.
template <typename T>
void put(T* target, T value, Place place) {
  runtime().store(address_of(target), sizeof value, place);
  *target = value;
}

}  // namespace mmcheck::guest
