// SPDX-License-Identifier: Apache-2.0
// Threads that all do the same to one word, or few.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

/// N threads add one to each of the words in turn: (N!) to the power of their number.
template <unsigned nr_words>
void add_increments(Scenario& s, Numbers n) {
  Words x = s.words("x", nr_words);
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("inc", [=] {
      for (unsigned w = 0; w < nr_words; ++w) x[w].fetch_add(1);
    });
  }
}

/// The same under a lock: N!, however many words.
template <unsigned nr_words>
void add_locked_increments(Scenario& s, Numbers n) {
  Mutex lock = s.mutex("lock");
  Words x = s.words("x", nr_words);
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("inc", [=] {
      lock.lock();
      for (unsigned w = 0; w < nr_words; ++w) x[w].store(x[w].load() + 1);
      lock.unlock();
    });
  }
  s.finally([=](Checker& c) { c.require(x[0].value() == x[nr_words - 1].value(), "in step"); });
}

void inc(Scenario& s, Numbers n) {
  Word x = s.word("x");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("inc", [=] { x.store(x.load() + (1u << i)); });
  }
}

void rw(Scenario& s, Numbers n) {
  Word x = s.word("x");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("rw", [=] {
      x.load();
      x.store(i);
    });
  }
}

void wrw(Scenario& s, Numbers n) {
  Word x = s.word("x");
  s.thread("w", [=] { x.store(1); });
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("rw", [=] {
      x.load();
      x.store(i);
    });
  }
}

void cas(Scenario& s, Numbers n) {
  Word x = s.word("x");
  for (unsigned i = 1; i <= n[0]; ++i) s.thread("cas", [=] { x.compare_exchange(0, i); });
}

void casrot(Scenario& s, Numbers n) {
  Word x = s.word("x");
  for (unsigned i = 0; i < n[0]; ++i) s.thread("cas", [=] { x.compare_exchange(i, i + 1); });
}

void casw(Scenario& s, Numbers n) {
  Word x = s.word("x");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("casw", [=] {
      x.compare_exchange(0, 1);
      x.store(i + 3);
    });
  }
}

void wcas(Scenario& s, Numbers n) {
  Word x = s.word("x");
  s.thread("w", [=] { x.store(2); });
  for (unsigned i = 0; i < n[0]; ++i) s.thread("cas", [=] { x.compare_exchange(2, 3); });
}

void wainc(Scenario& s, Numbers n) {
  Word x = s.word("x");
  s.thread("w", [=] { x.store(42); });
  for (unsigned i = 0; i < n[0]; ++i) s.thread("inc", [=] { x.fetch_add(1); });
}

void n_writers(Scenario& s, Numbers n) {
  Word x = s.word("x");
  s.thread("reader", [=] { x.load(); });
  for (unsigned i = 0; i <= n[0]; ++i) s.thread("writer", [=] { x.store(i); });
}

void spin_cas(Scenario& s, Numbers n) {
  Mutex x = s.mutex("x");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("spin", [=] {
      x.lock();
      x.unlock();
    });
  }
}

/// Threads that replace what they have just read, among others that change it too. They loop until
/// they succeed; as a loop that fails leaves nothing behind, that is the assumption that they do.
void conf_loop(Scenario& s, Numbers n) {
  Word x = s.word("x");
  auto add = [&](const char* name, std::uint64_t value) {
    s.daemon(name, [=, &s] { s.assume(x.compare_exchange(x.load(), value)); });
  };
  for (unsigned i = 0; i < n[0]; ++i) add("to 42", 42);
  for (unsigned i = 0; i < n[1]; ++i) {
    add("to 0", 0);
    s.thread("once", [=] { x.compare_exchange(42, 0); });
  }
}

/// Two threads stamp x and count a commit if the stamp is still there, until they have N. As they
/// may disturb each other for ever, they give up after so many tries.
void commits(Scenario& s, Numbers n) {
  Word goal = s.word("goal", n[0]);
  Word x = s.word("x");
  for (unsigned j = 1; j <= 2; ++j) {
    s.daemon("commit", [=, &s, tries = n[1]] {
      unsigned nr_tries = 0;
      for (std::uint64_t i = 0; i < goal.load();) {
        s.assume(nr_tries++ < tries);
        x.store(j);
        if (x.load() == j) ++i;
      }
    });
  }
}

constexpr Entry kEntries[] = {
    {"ainc", "N", "N threads add one atomically", add_increments<1>},
    {"binc", "N", "the same to two words", add_increments<2>},
    {"cinc", "N", "the same to three words", add_increments<3>},
    {"lockinc", "N", "N threads add one under a lock", add_locked_increments<1>},
    {"lock2inc", "N", "the same to two words", add_locked_increments<2>},
    {"inc", "N", "N threads add one in two steps", inc},
    {"rw", "N", "N threads read, then write", rw},
    {"wrw", "N", "the same beside a writer", wrw},
    {"cas", "N", "N threads compare-and-exchange 0 by different numbers", cas},
    {"casrot", "N", "thread i replaces i by i + 1", casrot},
    {"casw", "N", "N threads compare-and-exchange, then write", casw},
    {"wcas", "N", "N threads replace what a writer writes", wcas},
    {"wainc", "N", "N threads add one beside a writer", wainc},
    {"n-writers", "N", "N + 1 threads write, one reads", n_writers},
    {"spin-cas", "N", "N threads take a spin lock", spin_cas},
    {"conf-loop", "N M", "loops of compare-and-exchange", conf_loop},
    {"commits", "N TRIES", "two threads overwrite each other's stamps until they have N", commits},
};

}  // namespace

std::span<const Entry> counters() { return kEntries; }

}  // namespace classic
