// SPDX-License-Identifier: Apache-2.0
#include "programs.h"

namespace mmcheck::explore {

Script ainc(unsigned n) {
  Script s({0});
  for (unsigned i = 0; i < n; ++i) {
    s.thread([](Script& p) {
      p.step("increment");
      p[0].write(p[0].read() + 1);
    });
  }
  return s;
}

Script lockinc(unsigned n) {
  Script s({0, 0});
  for (unsigned i = 0; i < n; ++i) {
    s.thread([](Script& p) {
      p.lock(0);
      p.write(1, p.read(1) + 1);
      p.unlock(0);
    });
  }
  return s;
}

Script rwlock(unsigned nr_readers, bool readers_release) {
  constexpr std::uint64_t kWriter = 0x100;
  Script s({0});
  for (unsigned i = 0; i < nr_readers; ++i) {
    s.thread([readers_release](Script& p) {
      p.step_when({.object = p[0].id(), .mask = kWriter}, "down_read");
      p.execution().read_add(p[0].id(), 1);
      if (!readers_release) return;
      p.step("up_read");
      p.execution().read_add(p[0].id(), ~std::uint64_t{0});
    });
  }
  s.thread([](Script& p) {
    p.step_when(p[0].is(0), "down_write");
    p[0].write(kWriter);
    p.step("up_write");
    p[0].write(0);
  });
  return s;
}

namespace {

/// Where the words of the race are.
struct RaceWords {
  explicit RaceWords(unsigned n) : nr_writers(n) {}
  unsigned nr_writers;
  unsigned ptl = 0, pte_present = 1, pte_dirty = 2, mapcount = 3, page_dirty = 4;
  unsigned cpu(unsigned i) const { return 5 + i; }
  unsigned tlb(unsigned i) const { return 5 + nr_writers + i; }
  unsigned data(unsigned i) const { return 5 + 2 * nr_writers + i; }
  unsigned disk(unsigned i) const { return 5 + 3 * nr_writers + i; }
};

void flush_tlbs(Script& p, const RaceWords& w) {
  for (unsigned i = 0; i < w.nr_writers; ++i) {
    p.lock(w.cpu(i));
    p.write(w.tlb(i), 0);
    p.unlock(w.cpu(i));
  }
}

void drop_mapping(Script& p, const RaceWords& w) {
  p.step("page_remove_rmap");
  p[w.mapcount].write(p[w.mapcount].read() - 1);
}

void zap(Script& p, const RaceWords& w, bool buggy) {
  p.lock(w.ptl);
  if (p.read(w.pte_present) != 0) {
    bool dirty = p.read(w.pte_dirty) != 0;
    p.write(w.pte_present, 0);
    p.write(w.pte_dirty, 0);
    if (dirty) p.write(w.page_dirty, 1);
    if (buggy) drop_mapping(p, w);
    flush_tlbs(p, w);
    if (!buggy) drop_mapping(p, w);
  }
  p.unlock(w.ptl);
}

void store(Script& p, const RaceWords& w, unsigned i) {
  p.lock(w.cpu(i));
  if (p.read(w.tlb(i)) != 0) p.write(w.data(i), 1);
  p.unlock(w.cpu(i));
}

void clean(Script& p, const RaceWords& w) {
  if (p.read(w.mapcount) > 0) {
    p.lock(w.ptl);
    if (p.read(w.pte_present) != 0) {
      p.write(w.pte_dirty, 0);
      flush_tlbs(p, w);
      p.write(w.page_dirty, 1);
    }
    p.unlock(w.ptl);
  }
  p.step("test and clear dirty");
  if (p[w.page_dirty].exchange(0) == 0) return;
  for (unsigned i = 0; i < w.nr_writers; ++i) p.write(w.disk(i), p.read(w.data(i)));
}

}  // namespace

Script race(const RaceOptions& options) {
  RaceWords w(options.nr_writers);
  std::vector<std::uint64_t> initial(5 + 4 * w.nr_writers, 0);
  initial[w.pte_present] = initial[w.pte_dirty] = initial[w.mapcount] = 1;
  for (unsigned i = 0; i < w.nr_writers; ++i) initial[w.tlb(i)] = 1;
  Script s(std::move(initial));
  s.thread([w, buggy = options.buggy](Script& p) { zap(p, w, buggy); });
  for (unsigned i = 0; i < w.nr_writers; ++i) s.thread([w, i](Script& p) { store(p, w, i); });
  for (unsigned i = 0; i < options.nr_cleaners; ++i) s.thread([w](Script& p) { clean(p, w); });
  s.at_end([w](Script& p) {
    if (p[w.page_dirty].peek() != 0) return;
    for (unsigned i = 0; i < w.nr_writers; ++i) {
      if (p[w.disk(i)].peek() != p[w.data(i)].peek()) p.violate("R-WRITE");
    }
  });
  return s;
}

}  // namespace mmcheck::explore
