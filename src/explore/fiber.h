// SPDX-License-Identifier: Apache-2.0
// Fibers on pooled stacks. A fiber may be abandoned at any suspension: its stack is not unwound.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "explore/execution.h"

namespace mmcheck::explore {

class Fibers {
 public:
  static constexpr std::size_t kStackBytes = 64 * 1024;
  using Body = void (*)(void* context, unsigned fiber);

  /// Each fiber runs body(context, number). The body must not let exceptions escape.
  Fibers(Body body, void* context);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  /// Makes the fiber begin anew at its next resume(), whatever it was doing.
  void restart(unsigned fiber);
  /// Runs the fiber until it suspends or ends. Called by the scheduler.
  void resume(unsigned fiber);
  /// Returns to the scheduler, and from here when resumed. Called by the running fiber.
  void suspend();

  /// `twin`, which is suspended as well, goes on where `fiber` does, on the same stack.
  void share(unsigned fiber, unsigned twin) { fibers_[twin] = fibers_[fiber]; }
  /// Of a suspended fiber.
  const std::byte* stack_pointer(unsigned fiber) const {
    return static_cast<const std::byte*>(fibers_[fiber]);
  }
  /// Whether fibers can be put back to where they were suspended before. Not under
  /// AddressSanitizer, whose notes about the stack cannot be put back with it.
  static bool can_restore();
  /// What is on the stack of a suspended fiber. To restore() the same bytes later puts it back.
  std::span<const std::byte> live(unsigned fiber) const;
  void restore(unsigned fiber, std::span<const std::byte> live);

 private:
  using Context = boost::context::detail::fcontext_t;
  using Transfer = boost::context::detail::transfer_t;
  struct Sanitizer;

  static void enter(Transfer from);
  char* stack_bottom(unsigned fiber) const;
  void make_usable(unsigned fiber);

  Body body_;
  void* body_context_;
  char* stacks_ = nullptr;
  std::size_t stride_bytes_;  ///< a stack and its guard page
  std::size_t page_bytes_;
  std::uint32_t usable_ = 0;  ///< stacks that may be touched, as bits
  Context scheduler_ = nullptr;
  Context fibers_[kThreadsMax] = {};
  unsigned running_ = 0;
  // AddressSanitizer's own notes about each stack; unused without it.
  void* fake_stacks_[kThreadsMax] = {};
  const void* scheduler_bottom_ = nullptr;
  std::size_t scheduler_bytes_ = 0;
};

}  // namespace mmcheck::explore
