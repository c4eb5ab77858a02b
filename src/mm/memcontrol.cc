// SPDX-License-Identifier: Apache-2.0
#include "mm/memcontrol.h"

#include "mm/folio.h"
#include "mm/mmap.h"
#include "mm/rmap.h"

namespace mmcheck::mm {

namespace {

constexpr std::uint8_t kFrom = 0;
constexpr std::uint8_t kTo = 1;

void add_to_stat(thread& task, mem_cgroup& memcg, int delta) {
  const int count = memcg.nr_mapped.read_last() + delta;
  memcg.nr_mapped.write(count);
  task.system->monitor->memcg_stat_changed(memcg, count);
}

}  // namespace

// linux v6.12 include/linux/vmstat.h: __lruvec_stat_mod_folio; mm/memcontrol.c:
// __mod_memcg_lruvec_state. differs: one count instead of one per CPU; NR_FILE_MAPPED and
// NR_ANON_MAPPED are one.
void mod_mapped_stat(thread& task, folio& page, int delta) {
  if (task.system->memcgs.empty()) return;
  task.x().step({.format = delta < 0 ? "NR_MAPPED({})--" : "NR_MAPPED({})++", .args = {arg(page)}});
  add_to_stat(task, task.system->memcgs[page.memcg_data.read()], delta);
}

// The group that moves charges has announced it, and has then waited for those who had not seen
// that: who still sees no mover is waited for as an RCU reader.
PageMemcgLock::PageMemcgLock(thread& task, folio& page) : task_(task) {
  if (task.system->memcgs.empty()) return;
  task.x().step({.format = "lock_page_memcg({})", .args = {arg(page)}});
  task.rcu.rcu_read_lock();
  while (true) {
    mem_cgroup& memcg = task.system->memcgs[page.memcg_data.read()];
    if (memcg.moving_account.read_last() <= 0) return;
    memcg.move_lock.lock(task, {.format = "spin_lock(move_lock)"});
    locked_ = &memcg;
    // Part of the lock's step: the page may have been moved meanwhile.
    if (page.memcg_data.read_last() == memcg.id) return;
    locked_ = nullptr;
    memcg.move_lock.unlock(task, {.format = "spin_unlock(move_lock)"});
    task.x().step({.format = "lock_page_memcg({}): again", .args = {arg(page)}});
  }
}

void PageMemcgLock::unlock() {
  if (task_.system->memcgs.empty()) return;
  if (locked_ != nullptr) {
    locked_->move_lock.unlock(task_, {.format = "spin_unlock(move_lock)"});
  } else {
    task_.x().step({.format = "unlock_page_memcg()", .detail = Detail::Minor});
  }
  locked_ = nullptr;
  task_.rcu.rcu_read_unlock();
}

namespace {

/// linux v6.12 mm/memcontrol-v1.c: mem_cgroup_move_account. The page is locked.
void move_account(thread& task, folio& page) {
  auto& memcgs = task.system->memcgs;
  task.x().step({.format = "mem_cgroup_move_account({})", .args = {arg(page)}});
  if (page.memcg_data.read() != kFrom) return;
  PageMemcgLock lock(task, page);
  task.x().step({.format = "folio_mapped({})?", .args = {arg(page)}});
  if (folio_mapped_last(page)) {
    task.x().step({.format = "NR_MAPPED: from--, to++"});
    add_to_stat(task, memcgs[kFrom], -1);
    add_to_stat(task, memcgs[kTo], 1);
  }
  task.x().step({.format = "memcg_data({}) = to", .args = {arg(page)}});
  page.memcg_data.write(kTo);
  lock.unlock();
}

/// linux v6.1 mm/memcontrol.c: get_mctgt_type, mc_handle_present_pte, mc_handle_file_pte; v6.12
/// mm/memcontrol-v1.c, which also takes the page's lock here, and skips a page without an entry
/// that is mapped: elsewhere, under another page-table lock than the one that is held [PTL]
folio* get_mctgt(thread& task, vm_area_struct& vma, unsigned page_nr) {
  task.x().step({.format = "get_mctgt_type({})", .args = {machine::arg(vma.mm->va_of(page_nr))}});
  const pte_t pte = vma.mm->pte(page_nr).walk();
  folio* page = nullptr;
  if (pte_present(pte)) {
    page = &page_folio(task.system->page(pte_pfn(pte)));
    folio_ref_add(task, *page, 1);
  } else if (vma.file != nullptr &&
             task.system->policies->charge_mover.unmapped != MoveUnmapped::No) {
    page = task.system->file_operations->find_get(task, *vma.file, vma.index_of(page_nr));
  }
  if (page == nullptr) return nullptr;
  if (!folio_trylock(task, *page)) {
    folio_put(task, *page);
    return nullptr;
  }
  if (pte_present(pte) || task.system->policies->charge_mover.unmapped == MoveUnmapped::Yes) {
    return page;
  }
  task.x().step({.format = "mapped elsewhere({})?", .args = {arg(*page)}});
  if (!folio_mapped_last(*page)) return page;
  folio_unlock(task, *page);
  folio_put(task, *page);
  return nullptr;
}

/// linux v6.12 mm/memcontrol-v1.c: mem_cgroup_move_charge_pte_range
void move_charge_pte_range(thread& task, vm_area_struct& vma, unsigned page_nr) {
  const bool locks = task.system->policies->charge_mover.ptl == MoverPtl::Held;
  if (locks) lock_ptl(task, *vma.mm, page_nr);
  if (folio* page = get_mctgt(task, vma, page_nr)) {
    move_account(task, *page);
    folio_unlock(task, *page);
    folio_put(task, *page);
  }
  if (locks) unlock_ptl(task, *vma.mm, page_nr);
}

/// From now on lock_page_memcg() takes the lock; those who did not are waited for.
void start_move(thread& task, mem_cgroup& from) {
  task.x().step({.format = "moving_account++"});
  from.moving_account.write(from.moving_account.read_last() + 1);
  static_vector<kernel::rcu_reader, machine::kCpusMax> readers;
  for (const thread& other : task.system->threads) readers.push_back(other.rcu);
  kernel::synchronize_rcu(task, readers);
}

void end_move(thread& task, mem_cgroup& from) {
  task.x().step({.format = "moving_account--", .detail = Detail::Minor});
  from.moving_account.write(from.moving_account.read_last() - 1);
}

}  // namespace

// linux v6.12 mm/memcontrol-v1.c: mem_cgroup_move_charge
// differs: waits for mmap_lock, where Linux tries again and again; one page; no LRU, so pages are
// not isolated from it.
void mem_cgroup_move_charge(thread& task, mm_struct& mm, unsigned page_nr) {
  mem_cgroup& from = task.system->memcgs[kFrom];
  start_move(task, from);
  mm.mmap_lock.down_read(task, {.format = "mem_cgroup_move_charge(): mmap_read_lock()"});
  if (vm_area_struct* vma = find_vma(mm, page_nr)) move_charge_pte_range(task, *vma, page_nr);
  mm.mmap_lock.up_read(task, {.format = "mmap_read_unlock()", .detail = Detail::Minor});
  end_move(task, from);
}

void mem_cgroup_move_parent(thread& task, folio& page) {
  mem_cgroup& from = task.system->memcgs[kFrom];
  start_move(task, from);
  if (folio_trylock(task, page)) {
    move_account(task, page);
    folio_unlock(task, page);
  }
  end_move(task, from);
}

}  // namespace mmcheck::mm
