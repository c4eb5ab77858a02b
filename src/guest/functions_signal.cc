// SPDX-License-Identifier: Apache-2.0
// Signals. Handlers run in the thread that has brought the signal about: by an access to what is
// not mapped so, or by raise(). Nobody interrupts another process.
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "guest/guest_function.h"

namespace mmcheck::guest {

namespace {

/// A handler that does not mend what it was called for is called for ever.
constexpr unsigned kHandledMax = 1000;

bool ignores_by_default(int signal) {
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT;
}

}  // namespace

bool Runtime::handle_signal(int signal, std::uintptr_t address, Place place) {
  const Signals::Action action = signals_.action(me().process, signal);
  const bool is_fault = address != 0;
  Thread& thread = me();
  // A fault that is blocked, or ignored, is one all the same.
  if (action.handler == reinterpret_cast<std::uintptr_t>(SIG_IGN)) return !is_fault;
  if (action.handler == reinterpret_cast<std::uintptr_t>(SIG_DFL)) {
    return !is_fault && ignores_by_default(signal);
  }
  if (thread.in_handler && (action.flags & SA_NODEFER) == 0 && is_fault) return false;
  if (is_fault && ++thread.nr_handled > kHandledMax) {
    unsupported("a handler that returns does not mend the fault", place);
  }
  if ((action.flags & static_cast<int>(SA_RESETHAND)) != 0) {
    signals_.action(thread.process, signal) = {};
  }
  const bool outer = thread.in_handler;
  thread.in_handler = true;
  if ((action.flags & SA_SIGINFO) != 0) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = is_fault ? int{SEGV_MAPERR} : int{SI_TKILL};
    info.si_addr = reinterpret_cast<void*>(address);
    using Handler = void (*)(int, siginfo_t*, void*);
    reinterpret_cast<Handler>(action.handler)(signal, &info, nullptr);
  } else {
    reinterpret_cast<void (*)(int)>(action.handler)(signal);
  }
  finish_store();
  me().in_handler = outer;
  return true;
}

namespace {

bool is_signal(int signal) { return signal > 0 && signal < Signals::kSignalsMax; }

bool may_be_changed(int signal) {
  return is_signal(signal) && signal != SIGKILL && signal != SIGSTOP;
}

Signals::Action& action_of(int signal) {
  return runtime().signals().action(runtime().process(), signal);
}

}  // namespace

GUEST(int, sigaction, int signal, const struct sigaction* wanted, struct sigaction* old) {
  if (!is_signal(signal) || (wanted != nullptr && !may_be_changed(signal))) {
    runtime().error_number() = EINVAL;
    return -1;
  }
  const Signals::Action before = action_of(signal);
  if (wanted != nullptr) {
    runtime().load_range(wanted, sizeof *wanted, PLACE);
    action_of(signal) = {.handler = reinterpret_cast<std::uintptr_t>(wanted->sa_handler),
                         .flags = wanted->sa_flags};
  }
  if (old != nullptr) {
    runtime().store_range(old, sizeof *old, PLACE);
    std::memset(old, 0, sizeof *old);
    old->sa_handler = reinterpret_cast<__sighandler_t>(before.handler);
    old->sa_flags = before.flags;
  }
  return 0;
}
GUEST(__sighandler_t, signal, int signal, __sighandler_t handler) {
  if (!may_be_changed(signal)) {
    runtime().error_number() = EINVAL;
    return SIG_ERR;
  }
  const Signals::Action before = action_of(signal);
  action_of(signal) = {.handler = reinterpret_cast<std::uintptr_t>(handler), .flags = SA_RESTART};
  return reinterpret_cast<__sighandler_t>(before.handler);
}
GUEST(int, raise, int signal) {
  runtime().effect();
  if (!is_signal(signal)) return -1;
  if (runtime().handle_signal(signal, 0, PLACE)) return 0;
  const auto what = [signal, place = PLACE] {
    return runtime().where(place.code) + ": raises " + sigdescr_np(signal) +
           ", which it does not handle";
  };
  runtime().violate("R-SIGNAL", what,
                    "a program uses only memory that is mapped, and as it is mapped");
}
// Time is virtual, so nothing takes too long.
GUEST(unsigned, alarm, unsigned) { return 0; }
// Which signals are blocked matters to nobody: faults come all the same.
GUEST(int, sigprocmask, int, const sigset_t*, sigset_t* old) {
  if (old != nullptr) std::memset(old, 0, sizeof *old);
  return 0;
}
GUEST(int, pthread_sigmask, int, const sigset_t*, sigset_t* old) {
  if (old != nullptr) std::memset(old, 0, sizeof *old);
  return 0;
}

void link_signal_functions() {}

}  // namespace mmcheck::guest
