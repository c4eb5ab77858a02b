// SPDX-License-Identifier: Apache-2.0
// A stack, and locks that are more than a word.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

/// Linux's kernel/locking/mcs_spinlock.h. Nodes are numbered from 1; 0 is none.
void mcs_spinlock(Scenario& s, Numbers n) {
  Word tail = s.word("tail");
  Words next = s.words("next", n[0] + 1);
  Words locked = s.words("locked", n[0] + 1);
  Word shared = s.word("shared");
  for (unsigned i = 1; i <= n[0]; ++i) {
    s.thread("mcs", [=] {
      locked[i].store(0);
      next[i].store(0);
      if (std::uint64_t previous = tail.exchange(i); previous != 0) {
        next[previous].store(i);
        locked[i].wait_while(0);
      }
      shared.store(42);
      std::uint64_t following = next[i].load();
      if (following == 0) {
        if (tail.compare_exchange(i, 0)) return;
        following = next[i].wait_while(0);
      }
      locked[following].store(1);
    });
  }
}

/// Linux's old readers-writer locks: a writer takes the bias, a reader 1. Who does not get the lock
/// puts back what it took and tries again, which leaves nothing behind; so that is an assumption.
class RwLock {
 public:
  explicit RwLock(Scenario& s) : scenario_(&s), word_(s.word("rwlock", kBias)) {}

  void read_lock() const { scenario_->assume(static_cast<std::int64_t>(word_.fetch_sub(1)) > 0); }
  void read_unlock() const { word_.fetch_add(1); }
  void write_lock() const { scenario_->assume(word_.fetch_sub(kBias) == kBias); }
  void write_unlock() const { word_.fetch_add(kBias); }

 private:
  static constexpr std::uint64_t kBias = 0x100000;
  Scenario* scenario_;
  Word word_;
};

/// N threads read, then write.
void rwlocks(Scenario& s, Numbers n) {
  RwLock lock(s);
  Word shared = s.word("shared");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.daemon("rdwr", [=] {
      lock.read_lock();
      shared.load();
      lock.read_unlock();
      lock.write_lock();
      shared.store(1);
      lock.write_unlock();
    });
  }
}

/// Treiber's stack with counted pointers (R. K. Treiber, 1986). Node 0 is none.
class Stack {
 public:
  Stack(Scenario& s, unsigned nr_nodes)
      : scenario_(&s), top_(s.word("top")), next_(s.words("next", nr_nodes + 1)) {}

  void push(unsigned node) const {
    for (;;) {
      std::uint64_t old = top_.load();
      next_[node].store(old);
      if (top_.compare_exchange(old, pointer(node, count_of(old) + 1))) return;
    }
  }
  /// 0 if the stack is empty. As a try that fails leaves nothing behind, to try until one succeeds
  /// is to assume that the last one does.
  std::uint64_t pop() const {
    std::uint64_t old = top_.load();
    std::uint64_t node = node_of(old);
    if (node == 0) return 0;
    std::uint64_t next = next_[node].load();
    scenario_->assume(top_.compare_exchange(old, pointer(node_of(next), count_of(old) + 1)));
    return node;
  }

 private:
  static constexpr std::uint64_t pointer(std::uint64_t node, std::uint64_t count) {
    return count << 32 | node;
  }
  static constexpr std::uint64_t node_of(std::uint64_t p) { return p & 0xffffffff; }
  static constexpr std::uint64_t count_of(std::uint64_t p) { return p >> 32; }

  Scenario* scenario_;
  Word top_;
  Words next_;
};

/// W threads push a node each, R pop one and read what belongs to it.
void treiber_stack(Scenario& s, Numbers n) {
  Stack stack(s, n[0]);
  Words value = s.words("value", n[0] + 1);
  for (unsigned i = 1; i <= n[0]; ++i) {
    s.thread("push", [=] {
      value[i].store(i);
      stack.push(i);
    });
  }
  for (unsigned i = 0; i < n[1]; ++i) {
    s.daemon("pop", [=, &s] {
      std::uint64_t node = stack.pop();
      if (node != 0) s.require(value[node].load() == node, "the node was filled before");
    });
  }
}

constexpr Entry kEntries[] = {
    {"mcs_spinlock", "N", "Linux's MCS lock", mcs_spinlock},
    {"linuxrwlocks", "N", "Linux's old readers-writer locks", rwlocks},
    {"treiber-stack", "W R", "Treiber's stack: W push, R pop", treiber_stack},
};

}  // namespace

std::span<const Entry> structures() { return kEntries; }

}  // namespace classic
