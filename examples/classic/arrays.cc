// SPDX-License-Identifier: Apache-2.0
// Threads that meet in arrays.
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

/// One thread writes, N read it: 2^N.
void readers(Scenario& s, Numbers n) {
  Word x = s.word("x");
  s.thread("writer", [=] { x.store(42); });
  for (unsigned i = 0; i < n[0]; ++i) s.thread("reader", [=] { x.load(); });
}

/// Abdulla et al., "Source Sets", JACM 2017: 2^(N-2) * (N + 3).
void lastzero(Scenario& s, Numbers n) {
  Words a = s.words("a", n[0] + 1);
  s.thread("look", [=, last = n[0]] {
    for (unsigned i = last; a[i].load() != 0;) --i;
  });
  for (unsigned j = 1; j <= n[0]; ++j) {
    s.thread("copy", [=] { a[j].store(a[j - 1].load() + 1); });
  }
}

/// Flanagan and Godefroid, POPL 2005: threads put four keys each into a hash table of 128. With
/// fewer than 12 none of them collide.
void indexer(Scenario& s, Numbers n) {
  constexpr unsigned kSize = 128;
  Words table = s.words("table", kSize);
  for (unsigned t = 0; t < n[0]; ++t) {
    s.thread("put", [=] {
      for (unsigned m = 1; m <= 4; ++m) {
        unsigned key = m * 11 + t;
        unsigned h = key * 7 % kSize;
        while (!table[h].compare_exchange(0, key)) h = (h + 1) % kSize;
      }
    });
  }
}

/// The same paper: threads give inodes blocks. With fewer than 14 none of them meet.
void filesystem(Scenario& s, Numbers n) {
  constexpr unsigned kBlocks = 26, kInodes = 32, kTries = 10;
  std::vector<Mutex> lock_inode = s.mutexes("locki", kInodes);
  std::vector<Mutex> lock_block = s.mutexes("lockb", kBlocks);
  Words inode = s.words("inode", kInodes);
  Words busy = s.words("busy", kBlocks);
  for (unsigned t = 0; t < n[0]; ++t) {
    unsigned i = t % kInodes;
    s.thread("create", [=] {
      lock_inode[i].lock();
      if (inode[i].load() == 0) {
        unsigned b = i * 2 % kBlocks;
        for (unsigned j = 0; j < kTries; ++j, b = (b + 1) % kBlocks) {
          lock_block[b].lock();
          bool is_free = busy[b].load() == 0;
          if (is_free) {
            busy[b].store(1);
            inode[i].store(b + 1);
          }
          lock_block[b].unlock();
          if (is_free) break;
        }
      }
      lock_inode[i].unlock();
    });
  }
}

/// SV-COMP sigma: main starts thread i after it has set the index to i; the thread writes to where
/// the index then is: (2N - 1)!!.
void sigma(Scenario& s, Numbers n) {
  Words array = s.words("array", n[0]);
  Words started = s.words("started", n[0]);
  Word index = s.word("index", ~std::uint64_t{0});
  s.thread("main", [=, nr_threads = n[0]] {
    for (unsigned i = 0; i < nr_threads; ++i) {
      index.store(index.load() + 1);
      started[i].store(1);
    }
  });
  for (unsigned i = 0; i < n[0]; ++i) {
    s.thread("mark", [=] {
      started[i].wait_until(1);
      array[index.load()].store(1);
    });
  }
}

/// Two threads sieve the same numbers.
void eratosthenes(Scenario& s, Numbers n) {
  Words naturals = s.words("naturals", n[0]);
  for (unsigned t = 0; t < 2; ++t) {
    s.thread("sieve", [=, size = n[0]] {
      for (unsigned i = 0; i < size; ++i) {
        if (naturals[i].load() != 0) continue;
        naturals[i].store(1);
        for (unsigned j = 2 * i + 2; j < size; j += i + 2) naturals[j].store(2);
      }
    });
  }
}

/// Two threads write and read words of their own N times, then a common one.
void par_length(Scenario& s, Numbers n) {
  Word v = s.word("v");
  Words own = s.words("own", 2);
  for (unsigned t = 0; t < 2; ++t) {
    s.thread("length", [=, length = n[0]] {
      for (unsigned i = 0; i < length; ++i) {
        own[t].store(i);
        own[t].load();
      }
      v.store(t);
      v.load();
    });
  }
}

/// Two threads point p to different words, read for a while, and add 3 to where p points then.
void shared_ptr(Scenario& s, Numbers n) {
  constexpr std::uint64_t kNone = 2;
  Words value = s.words("value", 2, 3);
  Word p = s.word("p", kNone);
  for (unsigned t = 0; t < 2; ++t) {
    s.thread("add", [=, length = n[0]] {
      p.store(1 - t);
      for (unsigned i = 0; i < length; ++i) value[t].load();
      Word target = value[p.load()];
      target.store(target.load() + 3);
    });
  }
}

/// Two threads write x and read it again after another word, which N - 1 threads write.
void coa(Scenario& s, Numbers n) {
  Word x = s.word("x");
  Words y = s.words("y", 2);
  for (unsigned t = 0; t < 2; ++t) {
    s.thread("reader", [=] {
      x.store(t + 1);
      y[t].load();
      x.load();
    });
  }
  for (unsigned i = 0; i + 1 < n[0]; ++i) {
    s.thread("writer", [=] {
      y[0].store(i);
      y[1].store(i);
    });
  }
}

/// A reader looks for a flag N times, and if it is set reads what was published.
void publish(Scenario& s, Numbers n) {
  Word x = s.word("x");
  Word flag = s.word("flag");
  s.thread("reader", [=, &s, tries = n[0]] {
    for (unsigned i = 0; i < tries; ++i) {
      if (flag.load() == 0) continue;
      s.require(x.load() == 42, "what the flag announces is there");
      return;
    }
  });
  s.thread("writer", [=] {
    x.store(42);
    flag.store(1);
  });
}

constexpr Entry kEntries[] = {
    {"readers", "N", "one thread writes, N read", readers},
    {"lastzero", "N", "look for the last zero of an array that N threads fill", lastzero},
    {"indexer", "N", "N threads share a hash table", indexer},
    {"filesystem", "N", "N threads give inodes blocks", filesystem},
    {"sigma", "N", "N threads write where a moving index points", sigma},
    {"eratosthenes", "N", "two threads sieve N numbers", eratosthenes},
    {"par_length", "N", "2 N steps of their own, then two that meet", par_length},
    {"SharedPtr", "N", "two threads add to what a common pointer points to", shared_ptr},
    {"CoA", "N", "a word read again after others that N - 1 threads write", coa},
    {"publish", "N", "a flag that announces a word, looked for N times", publish},
};

}  // namespace

std::span<const Entry> arrays() { return kEntries; }

}  // namespace classic
