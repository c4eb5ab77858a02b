// SPDX-License-Identifier: Apache-2.0
#include "explore/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#if defined(__SANITIZE_ADDRESS__)
#define MMCHECK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MMCHECK_ASAN 1
#endif
#endif

#ifdef MMCHECK_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace mmcheck::explore {

/// What AddressSanitizer wants to know about switches. Nothing at all in other builds.
struct Fibers::Sanitizer {
#ifdef MMCHECK_ASAN
  static void start(void** fake, const void* bottom, std::size_t bytes) {
    __sanitizer_start_switch_fiber(fake, bottom, bytes);
  }
  static void finish(void* fake, const void** bottom, std::size_t* bytes) {
    __sanitizer_finish_switch_fiber(fake, bottom, bytes);
  }
  static void forget(char* stack) { __asan_unpoison_memory_region(stack, kStackBytes); }
#else
  static void start(void**, const void*, std::size_t) {}
  static void finish(void*, const void**, std::size_t*) {}
  static void forget(char*) {}
#endif
};

Fibers::Fibers(Body body, void* context)
    : body_(body),
      body_context_(context),
      stride_bytes_(0),
      page_bytes_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
  stride_bytes_ = kStackBytes + page_bytes_;
  // Pages are committed at first touch, so unused stacks cost address space only.
  void* memory = mmap(nullptr, stride_bytes_ * kThreadsMax, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  stacks_ = static_cast<char*>(memory);
}

Fibers::~Fibers() {
  for (unsigned i = 0; i < kThreadsMax; ++i) Sanitizer::forget(stack_bottom(i));
  munmap(stacks_, stride_bytes_ * kThreadsMax);
}

char* Fibers::stack_bottom(unsigned fiber) const {
  return stacks_ + fiber * stride_bytes_ + page_bytes_;
}

/// Those that are needed only: where programs are small, many mappings would take longer to make
/// than the searches.
void Fibers::make_usable(unsigned fiber) {
  if (mprotect(stack_bottom(fiber), kStackBytes, PROT_READ | PROT_WRITE) != 0) {
    throw std::system_error(errno, std::generic_category(), "mprotect");
  }
  usable_ |= 1u << fiber;
}

void Fibers::restart(unsigned fiber) {
  if (((usable_ >> fiber) & 1u) == 0) make_usable(fiber);
  // An abandoned stack still has the red zones of the frames that were on it.
  Sanitizer::forget(stack_bottom(fiber));
  fake_stacks_[fiber] = nullptr;
  fibers_[fiber] = boost::context::detail::make_fcontext(stack_bottom(fiber) + kStackBytes,
                                                         kStackBytes, &Fibers::enter);
}

void Fibers::resume(unsigned fiber) {
  running_ = fiber;
  [[maybe_unused]] void* fake = nullptr;
  Sanitizer::start(&fake, stack_bottom(fiber), kStackBytes);
  Transfer back = boost::context::detail::jump_fcontext(fibers_[fiber], this);
  Sanitizer::finish(fake, nullptr, nullptr);
  fibers_[fiber] = back.fctx;
}

void Fibers::suspend() {
  unsigned self = running_;
  Sanitizer::start(&fake_stacks_[self], scheduler_bottom_, scheduler_bytes_);
  Transfer back = boost::context::detail::jump_fcontext(scheduler_, this);
  Sanitizer::finish(fake_stacks_[self], &scheduler_bottom_, &scheduler_bytes_);
  scheduler_ = back.fctx;
}

bool Fibers::can_restore() {
#ifdef MMCHECK_ASAN
  return false;
#else
  return true;
#endif
}

std::span<const std::byte> Fibers::live(unsigned fiber) const {
  // A suspended context is the stack pointer: what was saved at the switch lies there.
  auto* begin = static_cast<const std::byte*>(fibers_[fiber]);
  auto* end = reinterpret_cast<const std::byte*>(stack_bottom(fiber) + kStackBytes);
  return {begin, end};
}

void Fibers::restore(unsigned fiber, std::span<const std::byte> live) {
  char* begin = stack_bottom(fiber) + kStackBytes - live.size();
  std::memcpy(begin, live.data(), live.size());
  fibers_[fiber] = begin;
}

void Fibers::enter(Transfer from) {
  auto* fibers = static_cast<Fibers*>(from.data);
  Sanitizer::finish(nullptr, &fibers->scheduler_bottom_, &fibers->scheduler_bytes_);
  fibers->scheduler_ = from.fctx;
  fibers->body_(fibers->body_context_, fibers->running_);
  // The end: leave for good. Nobody resumes an ended fiber, only restarts it.
  Sanitizer::start(nullptr, fibers->scheduler_bottom_, fibers->scheduler_bytes_);
  boost::context::detail::jump_fcontext(fibers->scheduler_, fibers);
}

}  // namespace mmcheck::explore
