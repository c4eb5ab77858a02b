// SPDX-License-Identifier: Apache-2.0
// setjmp() and longjmp(). The C library's hide what they save, and leave mmcheck's own frames,
// which may lie in between where a handler jumps out of a fault, without their destructors.
#include <unwind.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "guest/guest_function.h"

namespace mmcheck::guest {

#if !defined(__x86_64__)
#error "setjmp() for guests is written for x86-64"
#endif

namespace {

/// What a guest's jmp_buf holds, of 200 bytes.
struct Context {
  std::array<std::uint64_t, 6> kept{};  ///< rbx, rbp, r12 to r15
  std::uint64_t stack = 0;              ///< rsp as the caller has it
  std::uint64_t code = 0;               ///< where setjmp() returns to
  std::uint64_t in_handler = 0;
};

struct Jump {
  Context to;
  int value = 0;
};

/// Not on the stack: the destructors that run on the way use what is below their frames.
struct PendingJump {
  Jump jump;
  _Unwind_Exception exception{};
};

[[noreturn]] void enter(const Jump& jump) {
  const std::uint64_t* from = jump.to.kept.data();
  const long value = jump.value;
  asm volatile(
      "movq 0(%0), %%rbx\n\t"
      "movq 8(%0), %%rbp\n\t"
      "movq 16(%0), %%r12\n\t"
      "movq 24(%0), %%r13\n\t"
      "movq 32(%0), %%r14\n\t"
      "movq 40(%0), %%r15\n\t"
      "movq 48(%0), %%rsp\n\t"
      "jmpq *56(%0)"
      :
      : "d"(from), "a"(value)
      : "memory");
  __builtin_unreachable();
}

/// Of each frame on the way: whether it is the one to go on in.
_Unwind_Reason_Code stop(int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*,
                         _Unwind_Context* context, void* argument) {
  auto* pending = static_cast<PendingJump*>(argument);
  const bool end = (actions & _UA_END_OF_STACK) != 0;
  if (!end && _Unwind_GetCFA(context) < pending->jump.to.stack) return _URC_NO_REASON;
  const Jump jump = pending->jump;
  ScratchAllocator<PendingJump>().deallocate(pending, 1);
  enter(jump);
}

[[noreturn]] void jump(const void* buffer, int value, Place place) {
  auto* pending = new (ScratchAllocator<PendingJump>().allocate(1)) PendingJump;
  pending->jump.value = value == 0 ? 1 : value;
  {
    const ScratchBytes saved = runtime().take_bytes(buffer, sizeof(Context), place);
    std::memcpy(static_cast<void*>(&pending->jump.to), saved.data(), sizeof(Context));
  }
  runtime().leave_handler(pending->jump.to.in_handler != 0);
  _Unwind_ForcedUnwind(&pending->exception, &stop, pending);
  runtime().unsupported("longjmp() to a function that has returned", place);
}

}  // namespace

/// Called by the functions below with what they have saved on their stack.
extern "C" [[gnu::visibility("hidden"), gnu::used]] void mmcheck_save_context(
    void* buffer, std::uint64_t* saved) {
  Context context;
  std::copy_n(saved, context.kept.size(), context.kept.begin());
  context.stack = saved[context.kept.size()];
  context.code = saved[context.kept.size() + 1];
  context.in_handler = runtime().in_handler() ? 1 : 0;
  const Place place{static_cast<std::uintptr_t>(context.code),
                    static_cast<std::uintptr_t>(context.stack) - 16};
  runtime().put_bytes(buffer, std::as_bytes(std::span(&context, 1)), place);
}

// They return to a caller that may come back to them later, so they have no frame of their own.
#define SETJMP(name)                   \
  asm(".text\n"                        \
      ".globl mmcheck_guest_" name     \
      "\n"                             \
      ".type mmcheck_guest_" name      \
      ", @function\n"                  \
      "mmcheck_guest_" name            \
      ":\n"                            \
      "  .cfi_startproc\n"             \
      "  subq $72, %rsp\n"             \
      "  .cfi_adjust_cfa_offset 72\n"  \
      "  movq %rbx, 0(%rsp)\n"         \
      "  movq %rbp, 8(%rsp)\n"         \
      "  movq %r12, 16(%rsp)\n"        \
      "  movq %r13, 24(%rsp)\n"        \
      "  movq %r14, 32(%rsp)\n"        \
      "  movq %r15, 40(%rsp)\n"        \
      "  leaq 80(%rsp), %rax\n"        \
      "  movq %rax, 48(%rsp)\n"        \
      "  movq 72(%rsp), %rax\n"        \
      "  movq %rax, 56(%rsp)\n"        \
      "  movq %rsp, %rsi\n"            \
      "  call mmcheck_save_context\n"  \
      "  addq $72, %rsp\n"             \
      "  .cfi_adjust_cfa_offset -72\n" \
      "  xorl %eax, %eax\n"            \
      "  ret\n"                        \
      "  .cfi_endproc\n"               \
      ".size mmcheck_guest_" name ", .-mmcheck_guest_" name "\n")

SETJMP("setjmp");
SETJMP("_setjmp");
SETJMP("__sigsetjmp");

GUEST(void, longjmp, void* buffer, int value) { jump(buffer, value, PLACE); }
GUEST(void, _longjmp, void* buffer, int value) { jump(buffer, value, PLACE); }
GUEST(void, siglongjmp, void* buffer, int value) { jump(buffer, value, PLACE); }

void link_jump_functions() {}

}  // namespace mmcheck::guest
