// SPDX-License-Identifier: Apache-2.0
// Mutual exclusion from loads and stores, and from compare-and-exchange.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

/// Writes its number and reads it back: what a lock is for.
void critical_section(Scenario& s, Word shared, std::uint64_t number) {
  shared.store(number);
  s.require(shared.load() == number, "mutual exclusion");
}

void peterson(Scenario& s, Numbers) {
  Words flag = s.words("flag", 2);
  Word turn = s.word("turn");
  Word shared = s.word("shared");
  for (unsigned i = 0; i < 2; ++i) {
    s.daemon("peterson", [=, &s] {
      flag[i].store(1);
      turn.store(1 - i);
      // As published, the flag is read once: where it is set, the turn must change.
      if (flag[1 - i].load() == 1) turn.wait_while(1 - i);
      shared.store(i);
      s.require(shared.load() == i, "mutual exclusion");
      flag[i].store(0);
    });
  }
}

/// The states of Szymanski's flags, such that each condition on them is one on their bits.
enum Flag : std::uint64_t { kOut = 0, kWants = 1, kWaits = 2, kInside = 4, kDoor = 6 };

void szymanski(Scenario& s, Numbers) {
  constexpr std::uint64_t kBelowDoor = 4, kBelowWaits = 6;  // the bits that such a flag lacks
  Words flag = s.words("flag", 2);
  Word shared = s.word("shared");
  for (unsigned i = 0; i < 2; ++i) {
    s.daemon("szymanski", [=, &s, own = flag[i], other = flag[1 - i]] {
      own.store(kWants);
      s.fence();
      other.wait_for_bits(kBelowDoor, 0);
      own.store(kDoor);
      s.fence();
      if (other.load() == kWants) {
        own.store(kWaits);
        s.fence();
        other.wait_until(kInside);
      }
      own.store(kInside);
      s.fence();
      other.wait_for_bits(kBelowWaits, 0);
      shared.store(i);
      shared.load();
      s.require(shared.load() == i, "mutual exclusion");
      s.fence();
      if ((other.load() & kBelowWaits) != 0) other.wait_until(kInside);
      own.store(kOut);
    });
  }
}

bool lamport_enters(Words b, Word x, Word y, unsigned nr_threads, unsigned i) {
  b[i].store(1);
  x.store(i + 1);
  if (y.load() != 0) {
    b[i].store(0);
    y.wait_until(0);
    return false;
  }
  y.store(i + 1);
  if (x.load() == i + 1) return true;
  b[i].store(0);
  for (unsigned j = 0; j < nr_threads; ++j) b[j].wait_until(0);
  if (y.load() == i + 1) return true;
  y.wait_until(0);
  return false;
}

void lamport(Scenario& s, Numbers n) {
  Words b = s.words("b", n[0]);
  Word x = s.word("x");
  Word y = s.word("y");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.daemon("lamport", [=, nr_threads = n[0]] {
      while (!lamport_enters(b, x, y, nr_threads, i)) continue;
      y.store(0);
      b[i].store(0);
    });
  }
}

void dekker_f(Scenario& s, Numbers) {
  Words flag = s.words("flag", 2);
  Word shared = s.word("shared");
  for (unsigned i = 0; i < 2; ++i) {
    s.thread("dekker", [=, &s] {
      flag[i].store(1);
      s.fence();
      if (flag[1 - i].load() == 0) critical_section(s, shared, i);
    });
  }
}

/// Beside Dekker's two threads, two that would race if both had entered.
void dekker2(Scenario& s, Numbers n) {
  Words flag = s.words("flag", 2);
  Words entered = s.words("entered", 2);
  for (unsigned i = 0; i < 2; ++i) {
    s.thread("dekker", [=, &s] {
      flag[i].store(1);
      s.fence();
      if (flag[1 - i].load() == 0) entered[i].store(1);
    });
  }
  s.thread("writer", [=, length = n[0]] {
    if (entered[0].load() == 0 || entered[1].load() == 0) return;
    for (unsigned i = 0; i < length; ++i) flag[1].store(i);
  });
  s.thread("reader", [=, length = n[0]] {
    if (entered[0].load() == 0 || entered[1].load() == 0) return;
    for (unsigned i = 0; i < length; ++i) flag[1].load();
  });
}

/// Each raises its flag and waits until the other's is down.
void simplified_dekker(Scenario& s, Numbers) {
  Words flag = s.words("flag", 2);
  for (unsigned i = 0; i < 2; ++i) {
    s.daemon("dekker", [=] {
      flag[i].store(1);
      flag[1 - i].wait_until(0);
      flag[i].store(0);
    });
  }
}

/// To wait and to take is not one step here.
void broken_mutual_exclusion(Scenario& s, Numbers) {
  Word x = s.word("x");
  for (unsigned i = 0; i < 2; ++i) {
    s.daemon("enter", [=] {
      x.wait_until(0);
      x.store(1);
    });
  }
}

void ticketlock(Scenario& s, Numbers n) {
  Word next = s.word("next");
  Word owner = s.word("owner");
  Word shared = s.word("shared");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("ticket", [=, &s] {
      owner.wait_until(next.fetch_add(1));
      critical_section(s, shared, i);
      owner.store(owner.load() + 1);
    });
  }
}

/// As the ticket lock; who is far from its turn waits elsewhere.
void twalock(Scenario& s, Numbers n) {
  constexpr unsigned kNear = 1;
  Word ticket = s.word("ticket");
  Word grant = s.word("grant");
  Words slots = s.words("slots", n[0] + kNear + 1);
  Word shared = s.word("shared");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("twa", [=, &s] {
      std::uint64_t mine = ticket.fetch_add(1);
      std::uint64_t distance = mine - grant.load();
      if (distance > kNear) {
        std::uint64_t slot = slots[mine].load();
        distance = mine - grant.load();
        while (distance > kNear) {
          slot = slots[mine].wait_while(slot);
          distance = mine - grant.load();
        }
        grant.wait_until(mine);
      } else if (distance != 0) {
        grant.wait_until(mine);
      }
      critical_section(s, shared, i);
      std::uint64_t following = grant.load() + 1;
      grant.store(following);
      slots[following + kNear].fetch_add(1);
    });
  }
}

// The loops of the next two are assumptions, as GenMC takes them: an iteration that does not get
// the lock leaves nothing behind.

void spinlock(Scenario& s, Numbers n) {
  Word lock = s.word("lock");
  Word shared = s.word("shared");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.daemon("spin", [=, &s] {
      lock.wait_until(0);
      s.assume(lock.compare_exchange(0, 1));
      critical_section(s, shared, i);
      lock.store(0);
    });
  }
}

void ttaslock(Scenario& s, Numbers n) {
  Word lock = s.word("lock");
  Word shared = s.word("shared");
  for (unsigned i = 0; i < n[0]; ++i) {
    s.daemon("ttas", [=, &s] {
      lock.wait_until(0);
      s.assume(lock.exchange(1) == 0);
      critical_section(s, shared, i);
      lock.store(0);
    });
  }
}

constexpr Entry kEntries[] = {
    {"peterson", "", "Peterson's lock", peterson},
    {"szymanski", "", "Szymanski's lock", szymanski},
    {"lamport", "N", "Lamport's fast mutex", lamport},
    {"dekker_f", "", "entry of Dekker's lock", dekker_f},
    {"dekker2", "N", "the same, beside threads that would race", dekker2},
    {"simplified-dekker", "", "flags that are raised and waited for", simplified_dekker},
    {"broken-mutex", "", "to wait and to take in two steps", broken_mutual_exclusion},
    {"ticketlock", "N", "ticket lock", ticketlock},
    {"twalock", "N", "ticket lock with a waiting array", twalock},
    {"spinlock", "N", "spin, then compare-and-exchange", spinlock},
    {"ttaslock", "N", "spin, then exchange", ttaslock},
};

}  // namespace

std::span<const Entry> locks() { return kEntries; }

}  // namespace classic
