// SPDX-License-Identifier: Apache-2.0
// Functions of the C library that have an effect, or touch memory that others may see.
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "guest/guest_function.h"
#include "guest/text.h"

namespace mmcheck::guest {

// --- the heap
// -------------------------------------------------------------------------------------

namespace {

void* allocate(std::size_t bytes, std::size_t alignment, Place place) {
  runtime().effect();
  void* block = runtime().heap().allocate(runtime().self(), std::max<std::size_t>(bytes, 1),
                                          alignment, place.code);
  if (block == nullptr) runtime().error_number() = ENOMEM;
  return block;
}

[[noreturn]] void freed_wrongly(Heap::Freed how, void* block, Place place) {
  const auto what = [&] {
    const std::string who = runtime().where(place.code) + ": frees ";
    if (how == Heap::Freed::NoBlock) return who + "what is no block";
    return who + "a block a second time, after " +
           runtime().where(runtime().heap().block_of(address_of(block))->freed_by);
  };
  runtime().violate(
      "R-MEMORY", what,
      how == Heap::Freed::Twice ? "a block is freed once" : "only what malloc() returned is freed");
}

void release(void* block, Place place) {
  if (block == nullptr) return;
  // To free a block is to store to all of it: a race with whoever uses it.
  if (runtime().heap().block_of(address_of(block)) != nullptr &&
      runtime().heap().block_of(address_of(block))->freed_by == 0) {
    runtime().store_range(block, runtime().heap().size_of(block), place);
  }
  const Heap::Freed how = runtime().heap().release(block, place.code);
  if (how != Heap::Freed::Ok) freed_wrongly(how, block, place);
}

}  // namespace

GUEST(void*, malloc, std::size_t bytes) { return allocate(bytes, 16, PLACE); }
GUEST(void*, calloc, std::size_t count, std::size_t bytes) {
  if (bytes != 0 && count > SIZE_MAX / bytes) return nullptr;
  void* block = allocate(count * bytes, 16, PLACE);
  if (block != nullptr) std::memset(block, 0, count * bytes);
  return block;
}
GUEST(void*, realloc, void* old, std::size_t bytes) {
  void* block = allocate(bytes, 16, PLACE);
  if (block == nullptr || old == nullptr) return block;
  const std::size_t kept = std::min(bytes, runtime().heap().size_of(old));
  runtime().load_range(old, kept, PLACE);
  runtime().store_range(block, kept, PLACE);
  std::memcpy(block, old, kept);
  release(old, PLACE);
  return block;
}
GUEST(void, free, void* block) { release(block, PLACE); }
GUEST(void*, aligned_alloc, std::size_t alignment, std::size_t bytes) {
  return allocate(bytes, alignment, PLACE);
}
GUEST(void*, memalign, std::size_t alignment, std::size_t bytes) {
  return allocate(bytes, alignment, PLACE);
}
GUEST(int, posix_memalign, void** result, std::size_t alignment, std::size_t bytes) {
  void* block = allocate(bytes, alignment, PLACE);
  if (block == nullptr) return ENOMEM;
  guest::put(result, block, PLACE);
  return 0;
}
// operator new and delete
GUEST(void*, _Znwm, std::size_t bytes) { return allocate(bytes, 16, PLACE); }
GUEST(void*, _Znam, std::size_t bytes) { return allocate(bytes, 16, PLACE); }
GUEST(void, _ZdlPv, void* block) { release(block, PLACE); }
GUEST(void, _ZdaPv, void* block) { release(block, PLACE); }
GUEST(void, _ZdlPvm, void* block, std::size_t) { release(block, PLACE); }
GUEST(void, _ZdaPvm, void* block, std::size_t) { release(block, PLACE); }

// --- memory and strings
// ---------------------------------------------------------------------------

// Steps are taken back by restoring stacks, so nothing that owns memory may be on one at a step of
// a program that has no kernel (Program::rewindable). functions.cc names those that do otherwise.

namespace {

void* copy(void* to, const void* from, std::size_t bytes, Place place) {
  if (bytes == 0) return to;
  if (runtime().has_kernel()) {
    runtime().put_bytes(to, runtime().take_bytes(from, bytes, place), place);
    return to;
  }
  runtime().load_range(from, bytes, place);
  runtime().store_range(to, bytes, place);
  return std::memmove(to, from, bytes);
}

void* fill(void* to, int value, std::size_t bytes, Place place) {
  if (bytes == 0) return to;
  if (runtime().has_kernel()) {
    const ScratchBytes filled(bytes, static_cast<std::byte>(value));
    runtime().put_bytes(to, filled, place);
    return to;
  }
  runtime().store_range(to, bytes, place);
  return std::memset(to, value, bytes);
}

int compare(const void* one, const void* other, std::size_t bytes, Place place) {
  if (runtime().has_kernel()) {
    const ScratchBytes a = runtime().take_bytes(one, bytes, place);
    runtime().effect();  // The second load from here is not a loop's next turn.
    const ScratchBytes b = runtime().take_bytes(other, bytes, place);
    return std::memcmp(a.data(), b.data(), bytes);
  }
  runtime().load_range(one, bytes, place);
  runtime().effect();
  runtime().load_range(other, bytes, place);
  return std::memcmp(one, other, bytes);
}

}  // namespace

GUEST(void*, memcpy, void* to, const void* from, std::size_t bytes) {
  return copy(to, from, bytes, PLACE);
}
GUEST(void*, memmove, void* to, const void* from, std::size_t bytes) {
  return copy(to, from, bytes, PLACE);
}
GUEST(void*, memset, void* to, int value, std::size_t bytes) {
  return fill(to, value, bytes, PLACE);
}
GUEST(void, bzero, void* to, std::size_t bytes) { fill(to, 0, bytes, PLACE); }
GUEST(int, memcmp, const void* one, const void* other, std::size_t bytes) {
  return compare(one, other, bytes, PLACE);
}
GUEST(char*, strdup, const char* from) {
  const ScratchString text = guest::take_string(from, PLACE);
  auto* block = static_cast<char*>(allocate(text.size() + 1, 16, PLACE));
  return block == nullptr ? nullptr : std::strcpy(block, text.c_str());
}

// --- output
// ---------------------------------------------------------------------------------------

namespace {

int print(std::string_view text) {
  runtime().write_out(text);
  return static_cast<int>(text.size());
}

int print_on(FILE* stream, std::string_view text, Place place) {
  return guest::print_to(stream, text, place) ? static_cast<int>(text.size()) : -1;
}

int print_into(char* to, std::size_t room, std::string_view text, Place place) {
  if (room == 0) return static_cast<int>(text.size());
  const std::size_t bytes = std::min(text.size(), room - 1);
  const ScratchString kept(text.substr(0, bytes));
  runtime().put_bytes(to, std::as_bytes(std::span(kept.c_str(), bytes + 1)), place);
  return static_cast<int>(text.size());
}

}  // namespace

#define FORMAT(text)                                                       \
  va_list arguments;                                                       \
  va_start(arguments, format);                                             \
  const ScratchString text = guest::format_text(format, arguments, PLACE); \
  va_end(arguments)

GUEST(int, printf, const char* format, ...) {
  FORMAT(text);
  return print(text);
}
GUEST(int, fprintf, FILE* stream, const char* format, ...) {
  FORMAT(text);
  return print_on(stream, text, PLACE);
}
GUEST(int, sprintf, char* to, const char* format, ...) {
  FORMAT(text);
  return print_into(to, text.size() + 1, text, PLACE);
}
GUEST(int, snprintf, char* to, std::size_t room, const char* format, ...) {
  FORMAT(text);
  return print_into(to, room, text, PLACE);
}
GUEST(int, vprintf, const char* format, va_list arguments) {
  return print(guest::format_text(format, arguments, PLACE));
}
GUEST(int, vfprintf, FILE* stream, const char* format, va_list arguments) {
  return print_on(stream, guest::format_text(format, arguments, PLACE), PLACE);
}
GUEST(int, vsnprintf, char* to, std::size_t room, const char* format, va_list arguments) {
  return print_into(to, room, guest::format_text(format, arguments, PLACE), PLACE);
}
GUEST(int, puts, const char* text) { return print(guest::take_string(text, PLACE) + '\n'); }
GUEST(int, putchar, int c) { return print(ScratchString(1, static_cast<char>(c))), c; }
GUEST(int, putc, int c, FILE* stream) {
  return print_on(stream, ScratchString(1, static_cast<char>(c)), PLACE), c;
}
GUEST(int, fputc, int c, FILE* stream) {
  return print_on(stream, ScratchString(1, static_cast<char>(c)), PLACE), c;
}
GUEST(int, fputs, const char* text, FILE* stream) {
  return print_on(stream, guest::take_string(text, PLACE), PLACE);
}
GUEST(std::size_t, fwrite, const void* from, std::size_t bytes, std::size_t count, FILE* stream) {
  const ScratchBytes given = runtime().take_bytes(from, bytes * count, PLACE);
  print_on(stream, {reinterpret_cast<const char*>(given.data()), given.size()}, PLACE);
  return count;
}
GUEST(int, fflush, FILE*) { return 0; }
GUEST(int, setvbuf, FILE*, char*, int, std::size_t) { return 0; }
GUEST(void, setbuf, FILE*, char*) {}
GUEST(void, perror, const char* text) {
  print((text == nullptr ? "" : guest::take_string(text, PLACE) + ": ") +
        std::strerror(runtime().error_number()) + '\n');
}
GUEST(int*, __errno_location, ) { return &runtime().error_number(); }

// --- the end
// --------------------------------------------------------------------------------------

GUEST(void, exit, int status) { runtime().exit_process(status, PLACE); }
GUEST(void, _exit, int status) { runtime().exit_process(status, PLACE); }
GUEST(void, _Exit, int status) { runtime().exit_process(status, PLACE); }

namespace {

[[noreturn]] void comes_here(const char* function, Place place) {
  const auto what = [&] { return runtime().where(place.code) + ": " + function; };
  runtime().violate("R-ASSERT", what, "the program says that it never comes here");
}

}  // namespace

GUEST(void, abort, ) { comes_here("abort()", PLACE); }
GUEST(void, __assert_fail, const char* expression, const char* file, unsigned line,
      const char* function) {
  static_cast<void>(file), static_cast<void>(line), static_cast<void>(function);
  const auto what = [expression, place = PLACE] {
    return runtime().where(place.code) + ": assertion " + expression + " does not hold";
  };
  runtime().violate("R-ASSERT", what, "the program requires it, whatever the schedule");
}
// As the software verification competitions have it.
GUEST(void, __VERIFIER_assume, bool holds) {
  if (!holds) runtime().assume_false(PLACE);
}
GUEST(void, __VERIFIER_error, ) { comes_here("__VERIFIER_error()", PLACE); }

// --- time, which passes only where somebody looks, and chance, which is none
// ------------------------------

namespace {
constexpr long kNanoseconds = 1'000'000'000;

timespec now() {
  const auto ticks = static_cast<long>(runtime().next_tick());
  return {.tv_sec = ticks / kNanoseconds, .tv_nsec = ticks % kNanoseconds};
}
}  // namespace

GUEST(int, sched_yield, ) { return 0; }
GUEST(int, nanosleep, const timespec* time, timespec*) {
  runtime().nap(static_cast<std::uint64_t>(time->tv_sec) * 1000 +
                    static_cast<std::uint64_t>(time->tv_nsec) / 1'000'000,
                PLACE);
  return 0;
}
GUEST(int, usleep, unsigned microseconds) {
  runtime().nap(microseconds / 1000, PLACE);
  return 0;
}
GUEST(unsigned, sleep, unsigned seconds) {
  runtime().nap(std::uint64_t{seconds} * 1000, PLACE);
  return 0;
}
GUEST(int, clock_gettime, int, timespec* result) {
  guest::put(result, now(), PLACE);
  return 0;
}
GUEST(int, gettimeofday, timeval* result, void*) {
  guest::put(result, {.tv_sec = now().tv_sec, .tv_usec = 0}, PLACE);
  return 0;
}
GUEST(time_t, time, time_t* result) {
  const time_t seconds = now().tv_sec;
  if (result != nullptr) guest::put(result, seconds, PLACE);
  return seconds;
}
GUEST(int, rand, ) { return static_cast<int>(runtime().next_tick() * 1103515245 % 0x7fffffff); }
GUEST(long, random, ) { return static_cast<long>(runtime().next_tick() * 1103515245 % 0x7fffffff); }
GUEST(void, srand, unsigned) {}
GUEST(void, srandom, unsigned) {}
GUEST(char*, getenv, const char*) { return nullptr; }
GUEST(char*, setlocale, int, const char*) { return nullptr; }
GUEST(int, gettid, ) { return static_cast<int>(runtime().self()) + 1; }

void link_libc_functions() {}

}  // namespace mmcheck::guest
