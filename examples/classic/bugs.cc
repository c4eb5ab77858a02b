// SPDX-License-Identifier: Apache-2.0
// Programs in which something can go wrong, or nearly.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

std::uint64_t fibonacci(unsigned n) {
  std::uint64_t previous = 0, current = 1;
  for (; n > 0; --n) {
    previous += current;
    std::swap(previous, current);
  }
  return previous;
}

/// SV-COMP fib_bench: two threads add to each other's sums N times; the third reads both.
void fib_bench(Scenario& s, Numbers n) {
  Words sum = s.words("sum", 2, 1);
  for (unsigned own = 0; own < 2; ++own) {
    s.thread("add", [=, times = n[0]] {
      for (unsigned i = 0; i < times; ++i) {
        std::uint64_t x = sum[0].load();
        std::uint64_t y = sum[1].load();
        sum[own].store(x + y);
      }
    });
  }
  s.thread("check", [=, &s, bound = fibonacci(2 + 2 * n[0])] {
    s.require(sum[0].load() <= bound, "a Fibonacci number bounds the first sum");
    s.require(sum[1].load() <= bound, "a Fibonacci number bounds the second sum");
  });
}

/// Two threads write 0, ..., N - 1; the second reads first. Only if it comes last is that N - 1.
void bug_after_1k(Scenario& s, Numbers n) {
  Word x = s.word("x");
  s.thread("write", [=, times = n[0]] {
    for (unsigned i = 0; i < times; ++i) x.store(i);
  });
  s.thread("read, write", [=, &s, times = n[0]] {
    std::uint64_t seen = x.load();
    for (unsigned i = 0; i < times; ++i) x.store(i);
    s.require(seen != times - 1, "it does not read the last number");
  });
}

/// Huang, "Stateless Model Checking Concurrent Programs with Maximal Causality Reduction", PLDI
/// 2015: a bug behind one of exponentially many orders.
void exponential_bug(Scenario& s, Numbers n) {
  Word x = s.word("x");
  Word y = s.word("y");
  Mutex m = s.mutex("m");
  s.thread("one", [=, times = n[0]] {
    for (unsigned round = 0; round < 2; ++round) {
      m.lock();
      x.store(1);
      for (unsigned i = 0; i < times; ++i) y.store(1);
      m.unlock();
    }
  });
  s.thread("two", [=] {
    for (unsigned round = 0; round < 2; ++round) {
      m.lock();
      x.store(0);
      m.unlock();
      if (x.load() == 0) continue;
      y.store(y.load() + 1);
      x.store(2);
    }
  });
  s.thread("three", [=, &s] {
    for (unsigned round = 0; round < 2; ++round) {
      if (x.load() <= 1) continue;
      s.require(y.load() != 3, "three increments in a row");
      y.store(2);
    }
  });
}

/// Huang, the same paper's example of control flow: N readers and N writers around two decisions.
void control_flow(Scenario& s, Numbers n) {
  Word x = s.word("x");
  Word y = s.word("y");
  Word z = s.word("z");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("p", [=] { x.load(); });
    s.thread("q", [=] { y.store(1); });
  }
  s.thread("r", [=] {
    if (y.load() == 0) z.store(1);
  });
  s.thread("s", [=] {
    if (z.load() == 1 && y.load() == 0) x.store(1);
  });
}

/// zap_pte_range() against a stale TLB entry and writeback, as the other checkers were given it: a
/// word for each bit, and a lock for each CPU, which keeps its store and a flush apart.
class Race {
 public:
  Race(Scenario& s, unsigned nr_writers, bool buggy)
      : buggy_(buggy),
        nr_writers_(nr_writers),
        ptl_(s.mutex("ptl")),
        pte_present_(s.word("pte_present", 1)),
        pte_dirty_(s.word("pte_dirty", 1)),
        mapcount_(s.word("mapcount", 1)),
        page_dirty_(s.word("page_dirty")),
        tlb_(s.words("tlb", nr_writers, 1)),
        cpu_(s.mutexes("cpu", nr_writers)),
        data_(s.words("data", nr_writers)),
        disk_(s.words("disk", nr_writers)) {}

  void zap() const {
    ptl_.lock();
    if (pte_present_.load() != 0) {
      bool dirty = pte_dirty_.load() != 0;
      pte_present_.store(0);
      pte_dirty_.store(0);
      if (dirty) page_dirty_.store(1);
      if (buggy_) mapcount_.fetch_sub(1);
      flush_tlbs();
      if (!buggy_) mapcount_.fetch_sub(1);
    }
    ptl_.unlock();
  }
  void write(unsigned i) const {
    cpu_[i].lock();
    if (tlb_[i].load() != 0) data_[i].store(1);
    cpu_[i].unlock();
  }
  void clean() const {
    if (mapcount_.load() > 0) {
      ptl_.lock();
      if (pte_present_.load() != 0) {
        pte_dirty_.store(0);
        flush_tlbs();
        page_dirty_.store(1);
      }
      ptl_.unlock();
    }
    if (page_dirty_.exchange(0) == 0) return;
    for (unsigned i = 0; i < nr_writers_; ++i) disk_[i].store(data_[i].load());
  }
  /// Before it ends, the system writes back what is dirty.
  void check(Checker& c) const {
    for (unsigned i = 0; i < nr_writers_; ++i) {
      bool written = page_dirty_.value() != 0 || disk_[i].value() == data_[i].value();
      c.require(written, "what was stored is on disk");
    }
  }

 private:
  void flush_tlbs() const {
    for (unsigned i = 0; i < nr_writers_; ++i) {
      cpu_[i].lock();
      tlb_[i].store(0);
      cpu_[i].unlock();
    }
  }

  bool buggy_;
  unsigned nr_writers_;
  Mutex ptl_;
  Word pte_present_, pte_dirty_, mapcount_, page_dirty_;
  Words tlb_;
  std::vector<Mutex> cpu_;
  Words data_, disk_;
};

void add_race(Scenario& s, Numbers n, bool buggy) {
  Race race(s, n[0], buggy);
  s.thread("zap", [=] { race.zap(); });
  for (unsigned i = 0; i < n[0]; ++i) s.thread("write", [=] { race.write(i); });
  for (unsigned i = 0; i < n[1]; ++i) s.thread("clean", [=] { race.clean(); });
  s.finally([=](Checker& c) { race.check(c); });
}

void race(Scenario& s, Numbers n) { add_race(s, n, false); }
void race_buggy(Scenario& s, Numbers n) { add_race(s, n, true); }

constexpr Entry kEntries[] = {
    {"fib_bench", "N", "two threads add to each other's sums N times", fib_bench},
    {"bug_after_1k", "N", "a number that is read in one order of many", bug_after_1k},
    {"exponential_bug", "N", "a bug behind exponentially many orders", exponential_bug},
    {"control_flow", "N", "decisions that hide accesses", control_flow},
    {"race", "WRITERS CLEANERS", "zap against stale TLB entries and writeback", race},
    {"race-buggy", "WRITERS CLEANERS", "the same, the mapping forgotten too early", race_buggy},
};

}  // namespace

std::span<const Entry> bugs() { return kEntries; }

}  // namespace classic
