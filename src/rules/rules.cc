// SPDX-License-Identifier: Apache-2.0
#include "rules/rules.h"

#include <array>

namespace mmcheck::rules {

namespace {

constexpr std::array kRules{
    Rule{RuleId::Write, "R-WRITE",
         "A store that retired is on disk, or in a page that is still known to be dirty.",
         "Writeback that cleans a page while some TLB may still write to it loses the next store: "
         "the page is clean, so nobody writes it again, and it is dropped.",
         "mm/memory.c: zap_pte_range: tlb_flush_mmu_tlbonly before tlb_flush_rmaps, both under the "
         "PTL; mm/rmap.c: folio_mkclean: the walk with PVMW_SYNC, which waits for that PTL",
         "linux-6.12/rmap-before-flush"},
    Rule{RuleId::Free, "R-FREE", "No translation of a frame survives its free.",
         "A CPU that still has the translation reads or writes the frame's next owner.",
         "mm/mmu_gather.c: tlb_flush_mmu: tlb_flush_mmu_tlbonly before tlb_batch_pages_flush",
         "linux-6.12/free-before-flush"},
    Rule{RuleId::Count, "R-COUNT",
         "Map count, reference count and memcg counters equal what they count, and never go below.",
         "A page is freed while it is in use, or never.",
         "mm/mmu_gather.c: tlb_flush_rmaps finds every delayed removal",
         "linux-6.12/scan-active-batch"},
    Rule{
        RuleId::Anon, "R-ANON", "An anon_vma that can be reached is alive.",
        "A walk that starts from a page which still counts as mapped takes a lock in freed memory.",
        "mm/memory.c: zap_present_folio_ptes removes the rmap of anonymous pages at once, before "
        "mm/rmap.c: unlink_anon_vmas",
        "linux-6.12/late-anon-rmap"},
    Rule{RuleId::Fs, "R-FS",
         "A page becomes dirty only while it has buffers, and is locked or dirty.",
         "The filesystem has reserved nothing for the page: it warns, and may not write it.",
         "mm/memory.c: zap_present_folio_ptes marks the page dirty before the PTL is dropped and "
         "while the page is mapped",
         "torvalds-dirty-in-batch"},
    Rule{RuleId::Perm, "R-PERM",
         "After the call that takes a mapping away, or part of what it allows, returns, nothing "
         "uses that.",
         "The caller reuses the address or the page and meets the old translation.",
         "mm/mmu_gather.c: tlb_finish_mmu: flushes also what a concurrent gather has cleared "
         "(mm_tlb_flush_nested)",
         "linux-6.12/no-nested-rule"},
    Rule{RuleId::Cohere, "R-COHERE",
         "One virtual address names one page at a time, for all threads of a process.",
         "Two threads that use one address no longer share memory.",
         "a flush between clearing an entry and installing another; MADV_DONTNEED has none for "
         "anonymous and clean pages in 6.1 and 6.12",
         "linux-6.1"},
    Rule{RuleId::Torn, "R-TORN", "A page-table entry that is read was once stored whole.",
         "Two halves that do not belong together name a frame that was never mapped there.",
         "include/linux/pgtable.h: ptep_get_lockless with CONFIG_GUP_GET_PXX_LOW_HIGH: interrupts "
         "off hold back the TLB flush that comes between two present entries",
         "linux-6.1-pae-pv"},
    Rule{RuleId::Live, "R-LIVE",
         "No deadlock, no sleep in atomic context, no lock taken out of order.",
         "The machine hangs.",
         "the lock order in mm/rmap.c; PTL and page lock are never nested the "
         "wrong way round",
         "linux-6.12/zap-locks-folio"},
    Rule{RuleId::Lru, "R-LRU", "A page in use is on an LRU list, or in a batch on its way there.",
         "Reclaim never finds it.",
         "mm/mlock.c: mlock_folio_batch tells a new page from one that is on a list by the flags "
         "beside its pointer",
         "linux-6.12/mlock-flags-as-bool"},
    Rule{
        RuleId::Pin, "R-PIN",
        "A reference taken without locks is to the page that is mapped there.",
        "A device, or another process, reads and writes a page that is no longer the caller's, and "
        "may have a new owner.",
        "mm/gup.c: gup_fast_pte_range: after the count is raised, the entry is compared again",
        "linux-6.12/no-gup-recheck"},
    Rule{RuleId::Table, "R-TABLE", "No walker, hardware or software, uses a freed page table.",
         "The walker takes whatever is in that memory for entries, and maps or changes any page.",
         "mm/mmu_gather.c: tlb_flush_mmu: tlb_flush_mmu_tlbonly before tlb_table_flush (walk "
         "caches), "
         "and tlb_table_flush by call_rcu (walkers with interrupts off)",
         "linux-6.12/table-free-before-flush"},
    Rule{
        RuleId::Meta, "R-META", "Page metadata that can be reached is alive.",
        "A lockless walk that has read an entry raises a count in memory that is no struct page.",
        "kernel/rcu/tree.c: a grace period between the offlining of memory and section_deactivate, "
        "which Linux has not; a flush that is an IPI does as well",
        "linux-6.12/rcu-ignores-irqs-off"},
    Rule{RuleId::Cow, "R-COW",
         "A store to private memory is seen by the process that made it, and by no other.",
         "A process reads what another one has written after fork() has parted them, or loses what "
         "it has written itself.",
         "kernel/fork.c: dup_mmap: flush_tlb_mm before mmap_lock is dropped; mm/memory.c: "
         "wp_can_reuse_anon_folio: refcount, not map count; mm/gup.c: gup_fast: write_protect_seq",
         "linux-6.12/cow-reuse-by-mapcount"},
};
static_assert(kRules.size() == kNrRules);

}  // namespace

std::span<const Rule> rules() { return kRules; }

const Rule* find_rule(std::string_view name) {
  for (const Rule& rule : kRules) {
    if (rule.name == name) return &rule;
  }
  return nullptr;
}

}  // namespace mmcheck::rules
