// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "mm/folio.h"
#include "mm/rmap.h"
#include "mm/vma_lock.h"

namespace mmcheck::mm {

void vma_interval_tree_insert(VmaTree& tree, vm_area_struct& vma) {
  tree.push_back(&vma);
  const auto behind = std::upper_bound(
      tree.begin(), tree.end() - 1, vma.pgoff,
      [](unsigned pgoff, const vm_area_struct* other) { return pgoff < other->pgoff; });
  std::rotate(behind, tree.end() - 1, tree.end());
}

void vma_erase(VmaTree& tree, const vm_area_struct& vma) {
  const auto place = std::find(tree.begin(), tree.end(), &vma);
  if (place == tree.end()) throw InternalError("a VMA is not in the tree that it is taken from");
  tree.erase(place);
}

namespace {

/// Hangs the VMA on its anon_vma. [mm.mmap_lock, or page_table_lock in Linux]
void anon_vma_link(thread& task, vm_area_struct& vma) {
  anon_vma& av = *vma.anon;
  av.root->rwsem.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  if (av.tree.empty()) av.refcount.write(av.refcount.read_last() + 1);
  av.tree.push_back(&vma);
  vma.anon_ready.write(true);
  av.root->rwsem.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
}

}  // namespace

namespace {

/// linux v6.12 mm/rmap.c: anon_vma_alloc. Part of the current step.
/// differs: without System::recycles each VMA has one in store.
anon_vma& anon_vma_alloc(thread& task) {
  System& system = *task.system;
  if (!system.recycles) throw InternalError("a mapping has no anon_vma to take");
  system.anon_vma_pool.write(system.anon_vma_pool.read_last() + 1);
  for (anon_vma& av : system.anon_vmas) {
    if (av.taken) continue;
    av.taken = true;
    av.root = &av;
    av.parent = nullptr;
    av.freed.write(false);
    av.freed_at = kNoEvent;
    return av;
  }
  system.exhausted(Resource::Vmas);
}

}  // namespace

// linux v6.12 mm/rmap.c: __anon_vma_prepare
// differs: no search for a neighbour's anon_vma to share: each VMA has one in store.
void anon_vma_prepare(thread& task, vm_area_struct& vma) {
  task.x().step({.format = "anon_vma_prepare()", .detail = Detail::Minor});
  if (vma.anon_ready.read()) return;
  if (vma.anon == nullptr) vma.anon = &anon_vma_alloc(task);
  vma.anon_ready.write(true);  // Claimed: a fault that races for it finds it done.
  anon_vma_link(task, vma);
}

namespace {

/// linux v6.12 mm/rmap.c: anon_vma_clone: a VMA on all of its chain. [anon_vma lock]
void anon_vma_hang(vm_area_struct& vma) {
  for (anon_vma* av = vma.anon; av != nullptr; av = av->parent) {
    av->tree.push_back(&vma);
  }
}

}  // namespace

// linux v6.12 mm/rmap.c: anon_vma_clone, for copy_vma()
void anon_vma_clone(thread& task, vm_area_struct& copy, const vm_area_struct& vma) {
  copy.anon = vma.anon;
  if (vma.anon == nullptr || !vma.anon_ready.peek()) return;  // Stable: mmap_lock.
  kernel::rw_semaphore& lock = vma.anon->root->rwsem;
  lock.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  anon_vma_hang(copy);
  copy.anon_ready.write(true);
  lock.up_write(task, {.format = "anon_vma_clone()", .detail = Detail::Minor});
}

// linux v6.12 mm/rmap.c: anon_vma_clone, for split_vma(): both parts hang on one anon_vma, and a
// walk sees the whole or both parts.
void anon_vma_split(thread& task, vm_area_struct& vma, vm_area_struct& tail, unsigned page_nr) {
  tail.anon = vma.anon;
  if (vma.anon == nullptr) {
    vma_resize(task, vma, page_nr);
    return;
  }
  kernel::rw_semaphore& lock = vma.anon->root->rwsem;
  lock.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  vma_resize(task, vma, page_nr);
  if (vma.anon_ready.read()) {
    anon_vma_hang(tail);
    tail.anon_ready.write(true);
  }
  lock.up_write(task, {.format = "anon_vma_clone()", .detail = Detail::Minor});
}

// linux v6.12 mm/rmap.c: anon_vma_fork
// differs: an anon_vma that no VMA hangs on any more is not used again.
//
// The child's VMA hangs on the parent's anon_vma, to which the pages lead that both map, before any
// of them is mapped by the child; and on one of its own, for pages that the child will make.
void anon_vma_fork(thread& task, vm_area_struct& vma, const vm_area_struct& parent) {
  if (!parent.anon_ready.peek()) return;  // Stable: mmap_lock.
  anon_vma& above = *parent.anon;
  kernel::rw_semaphore& lock = above.root->rwsem;
  lock.down_write(task, {.format = "anon_vma_fork(): anon_vma_lock_write()"});
  if (vma.anon == nullptr) vma.anon = &anon_vma_alloc(task);
  anon_vma& av = *vma.anon;
  av.root = above.root;
  av.parent = &above;
  anon_vma_hang(vma);
  av.refcount.write(1);
  av.root->refcount.write(av.root->refcount.read_last() + 1);
  vma.anon_ready.write(true);
  lock.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
}

namespace {

/// linux v6.12 mm/rmap.c: anon_vma_free, __put_anon_vma
/// differs: the memory is not used again; nor does it need to be, as any use of it is reported that
/// Linux does not allow.
void anon_vma_free(thread& task, anon_vma& av) {
  // Waits for who has locked it and will find out under the lock that the page is not mapped.
  av.root->rwsem.wait_until_free(task, {.format = "put_anon_vma(): freed"});
  task.system->monitor->anon_vma_freed(av);
  av.freed.write(true);
  av.freed_at = task.x().current_event();
  if (!task.system->recycles) return;
  task.system->anon_vma_pool.write(task.system->anon_vma_pool.read_last() + 1);
  av.taken = false;
}

/// linux v6.12 mm/rmap.c: __put_anon_vma
void put_anon_vma_last(thread& task, anon_vma& av) {
  anon_vma* root = av.root;
  anon_vma_free(task, av);
  if (root != &av) put_anon_vma(task, *root);
}

/// For rules: the lock of an anon_vma is the root's.
void tell_used(thread& task, anon_vma& av) {
  task.system->monitor->anon_vma_used(av);
  if (av.root != &av) task.system->monitor->anon_vma_used(*av.root);
}

}  // namespace

// linux v6.12 include/linux/rmap.h: put_anon_vma
void put_anon_vma(thread& task, anon_vma& av) {
  task.x().step({.format = "put_anon_vma()", .detail = Detail::Minor});
  const int count = av.refcount.read_last() - 1;
  av.refcount.write(count);
  if (count == 0) put_anon_vma_last(task, av);
}

// linux v6.12 mm/rmap.c: unlink_anon_vmas
//
// Runs from free_pgtables(), before the gather is finished. A page that still counts as mapped now
// leads rmap walks to an anon_vma that is about to be freed (R-ANON; Dickins, 6 Nov 2022):
//
//     CPU0 munmap                            CPU1 kswapd
//     zap_pte_range (rmap kept for later)
//     unlink_anon_vmas: freed
//                                            folio_mapped(): yes
//                                            down_read_trylock(anon_vma)   [use after free]
//     tlb_finish_mmu: page_remove_rmap
void unlink_anon_vmas(thread& task, vm_area_struct& vma) {
  task.x().step({.format = "unlink_anon_vmas()", .detail = Detail::Minor});
  if (!vma.anon_ready.read_last()) return;
  kernel::rw_semaphore& lock = vma.anon->root->rwsem;
  static_vector<anon_vma*, kMmsMax> last;
  lock.down_write(task, {.format = "anon_vma_lock_write()", .detail = Detail::Minor});
  for (anon_vma* av = vma.anon; av != nullptr; av = av->parent) {
    vma_erase(av->tree, vma);
    if (av->tree.empty()) last.push_back(av);
  }
  vma.anon_ready.write(false);
  if (task.system->recycles) vma.anon = nullptr;
  lock.up_write(task, {.format = "anon_vma_unlock_write()", .detail = Detail::Minor});
  for (anon_vma* av : last) put_anon_vma(task, *av);
}

namespace {

/// The anon_vma that the page leads to, if it is one that may be used: if the page is mapped.
/// `folio_mapped()` is what says that the anon_vma is still there: a VMA that maps the page holds
/// it. That is true only as long as the rmap is removed before unlink_anon_vmas() (R-ANON).
anon_vma* anon_vma_of_mapped(thread& task, folio& page, const trace::StepText& text) {
  task.x().step(text);
  const mapping_t mapping = page.mapping.read();
  if (!mapping.is_anon() || !folio_mapped_last(page)) return nullptr;
  return &task.system->anon_vmas[mapping.anon()];
}

bool folio_mapped_still(thread& task, folio& page) {
  if (task.system->policies->anon_recheck == AnonRecheck::Dropped) return true;
  task.x().step(
      {.format = "folio_mapped({}) still?", .args = {arg(page)}, .detail = Detail::Minor});
  return folio_mapped_last(page);
}

/// linux v6.12 include/linux/atomic: atomic_inc_not_zero(&anon_vma->refcount)
bool anon_vma_get_not_zero(thread& task, anon_vma& av) {
  task.x().step({.format = "atomic_inc_not_zero(anon_vma)"});
  const int count = av.refcount.read();
  if (count == 0 && task.system->policies->anon_get == AnonGet::NotZero) return false;
  av.refcount.write(count + 1);
  return true;
}

}  // namespace

// linux v6.12 mm/rmap.c: folio_get_anon_vma
// Between the first look and the reference the anon_vma may have been freed. SLAB_TYPESAFE_BY_RCU:
// its memory is an anon_vma still, or again, so its count can be looked at; whether it is that of
// the page, the second look says.
anon_vma* folio_get_anon_vma(thread& task, folio& page) {
  anon_vma* av = anon_vma_of_mapped(
      task, page, {.format = "folio_get_anon_vma({}): mapped?", .args = {arg(page)}});
  if (av == nullptr || !anon_vma_get_not_zero(task, *av)) return nullptr;
  if (folio_mapped_still(task, page)) return av;
  put_anon_vma(task, *av);
  return nullptr;
}

// linux v6.12 mm/rmap.c: folio_lock_anon_vma_read
// The same, and with the lock in place of the count: unlink_anon_vmas() needs it for writing.
// differs: v6.12 looks again whether folio_move_anon_rmap() has come in between. Here the walk goes
// by the anon_vma that the page led to before: the VMA that maps the page still hangs on that too.
anon_vma* folio_lock_anon_vma_read(thread& task, folio& page, WhenContended when) {
  anon_vma* av = anon_vma_of_mapped(
      task, page, {.format = "folio_lock_anon_vma_read({}): mapped?", .args = {arg(page)}});
  if (av == nullptr) return nullptr;
  task.x().step({.format = "down_read_trylock(anon_vma)"});
  const bool locked = av->root->rwsem.down_read_trylock(task);
  if (task.system->policies->anon_slab == AnonSlab::FreedAtOnce) {
    task.system->monitor->anon_vma_used(*av);
  }
  if (locked) {
    if (folio_mapped_still(task, page)) {
      tell_used(task, *av);
      return av;
    }
    anon_vma_unlock_read(task, *av);
    return nullptr;
  }
  if (when == WhenContended::GiveUp || !anon_vma_get_not_zero(task, *av)) return nullptr;
  if (!folio_mapped_still(task, page)) {
    put_anon_vma(task, *av);
    return nullptr;
  }
  anon_vma_lock_read(task, *av);
  // The lock holds it from here on, unless it was the reference that did.
  task.x().step({.format = "atomic_dec_and_test(anon_vma)", .detail = Detail::Minor});
  const int count = av->refcount.read_last() - 1;
  av->refcount.write(count);
  if (count != 0) return av;
  anon_vma_unlock_read(task, *av);
  put_anon_vma_last(task, *av);
  return nullptr;
}

void anon_vma_lock_read(thread& task, anon_vma& av) {
  av.root->rwsem.down_read(task, {.format = "anon_vma_lock_read()"});
  tell_used(task, av);
}

void anon_vma_unlock_read(thread& task, anon_vma& av) {
  av.root->rwsem.up_read(task, {.format = "up_read(anon_vma)", .detail = Detail::Minor});
}

}  // namespace mmcheck::mm
