// SPDX-License-Identifier: Apache-2.0
#include "guest/crash.h"

#include <ucontext.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "guest/runtime.h"

namespace mmcheck::guest {

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr std::size_t kStackBytes = 64 * 1024;

alignas(16) thread_local std::byte handler_stack[kStackBytes];
struct sigaction old_actions[std::size(kSignals)];

/// On the guest's own stack, as if it had called this.
[[noreturn]] void report_crash(std::uintptr_t code, std::uintptr_t address) {
  Runtime::current()->crashed(code, address);
}

/// Leaves the handler for report_crash(): a fiber must not be left from within a handler.
void handle(int signal, siginfo_t* info, void* context) {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto code = static_cast<std::uintptr_t>(registers[REG_RIP]);
  Runtime* runtime = Runtime::current();
  if (runtime == nullptr || !runtime->runs_guest(static_cast<std::uintptr_t>(registers[REG_RSP]))) {
    for (std::size_t i = 0; i < std::size(kSignals); ++i) {
      if (kSignals[i] == signal) sigaction(signal, &old_actions[i], nullptr);
    }
    return;  // To the same instruction, and its old end.
  }
  constexpr std::uintptr_t kRedZone = 128;
  const auto stack = static_cast<std::uintptr_t>(registers[REG_RSP]) - kRedZone;
  registers[REG_RSP] = static_cast<greg_t>(runtime->crash_stack(stack) / 16 * 16 - 8);
  registers[REG_RDI] = static_cast<greg_t>(code);
  registers[REG_RSI] = static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(info->si_addr));
  registers[REG_RIP] = static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(&report_crash));
}

}  // namespace

CrashGuard::CrashGuard() {
  stack_t stack{};
  stack.ss_sp = handler_stack;
  stack.ss_size = kStackBytes;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = &handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], &action, &old_actions[i]);
  }
}

CrashGuard::~CrashGuard() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], &old_actions[i], nullptr);
  }
  stack_t stack{};
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, nullptr);
}

}  // namespace mmcheck::guest
