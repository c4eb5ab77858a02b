// SPDX-License-Identifier: Apache-2.0
// Locks that are kept, forgotten, or taken in many orders.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

/// N threads increase x under a lock, and all release it but those for which `keeps` says no.
template <typename Keeps>
void increase_locked(Scenario& s, unsigned nr_threads, Keeps keeps) {
  Mutex m = s.mutex("m");
  Word x = s.word("x");
  for (unsigned i = 0; i < nr_threads; ++i) {
    bool kept = keeps(i);
    s.daemon("t", [=] {
      m.lock();
      x.store(x.load() + 1);
      if (!kept) m.unlock();
    });
  }
}

void mutex_order(Scenario& s, Numbers n) {
  increase_locked(s, n[0], [](unsigned) { return false; });
}
void mutex_deadlock(Scenario& s, Numbers n) {
  increase_locked(s, n[0], [](unsigned) { return true; });
}
void mutex_deadlock_one(Scenario& s, Numbers n) {
  increase_locked(s, n[0], [&](unsigned i) { return i + 1 == n[0]; });
}

/// Releases only if the threads come in their order.
void mutex_hard(Scenario& s, Numbers n) {
  Mutex m = s.mutex("m");
  Word x = s.word("x");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.daemon("t", [=] {
      m.lock();
      if (x.fetch_add(1) == i) m.unlock();
    });
  }
}

/// Two threads take a lock N times by exchange; who finds it taken goes no further.
void xchg_lock(Scenario& s, Numbers n) {
  Word lock = s.word("lock");
  Word x = s.word("x");
  for (unsigned t = 0; t < 2; ++t) {
    s.daemon("t", [=, &s, times = n[0]] {
      for (unsigned i = 0; i < times; ++i) {
        s.assume(lock.exchange(1) == 0);
        x.store(x.load() + 1);
        lock.store(0);
      }
    });
  }
}

/// A write beside a lock under which others write and read.
void lockrev(Scenario& s, Numbers) {
  Mutex m = s.mutex("m");
  Word x = s.word("x");
  s.thread("beside", [=] { x.store(42); });
  s.thread("write", [=] {
    m.lock();
    x.store(1);
    m.unlock();
  });
  s.thread("write and read", [=] {
    m.lock();
    x.store(2);
    x.load();
    m.unlock();
  });
}

constexpr Entry kEntries[] = {
    {"mutex-order", "N", "N threads take a lock", mutex_order},
    {"mutex-deadlock", "N", "the first of N threads keeps the lock", mutex_deadlock},
    {"mutex-deadlock-one", "N", "the last of N threads keeps the lock", mutex_deadlock_one},
    {"mutex-hard", "N", "who comes out of turn keeps the lock", mutex_hard},
    {"xchg-lock", "N", "a lock by exchange, taken N times by two threads", xchg_lock},
    {"lockrev", "", "a write beside a lock", lockrev},
};

}  // namespace

std::span<const Entry> mutexes() { return kEntries; }

}  // namespace classic
