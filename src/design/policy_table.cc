// SPDX-License-Identifier: Apache-2.0
#include "design/policy_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/reflect.h"
#include "design/policies.h"

namespace mmcheck::design {

namespace {

using mm::Policies;

template <typename Member>
struct MemberOf;
template <typename Class, typename Value>
struct MemberOf<Value Class::*> {
  using Type = Value;
};
template <auto Member>
using TypeOf = typename MemberOf<decltype(Member)>::Type;

/// "reclaim.ref_freeze"
template <auto Part, auto Member>
struct Dotted {
  static constexpr std::string_view kPart = name_of<Part>();
  static constexpr std::string_view kMember = name_of<Member>();
  static constexpr auto kText = [] {
    std::array<char, kPart.size() + 1 + kMember.size()> text{};
    auto end = std::copy(kPart.begin(), kPart.end(), text.begin());
    *end = '.';
    std::copy(kMember.begin(), kMember.end(), end + 1);
    return text;
  }();
  static constexpr std::string_view kName{kText.data(), kText.size()};
};

/// A member of Policies that is an enum.
template <auto Member>
constexpr Policy policy(std::string_view meaning) {
  using Enum = TypeOf<Member>;
  return {
      .name = name_of<Member>(),
      .meaning = meaning,
      .values = kWords<Enum>,
      .get = [](const Policies& policies) -> std::optional<unsigned> {
        return static_cast<unsigned>(policies.*Member);
      },
      .set = [](Composition& composition,
                unsigned value) { composition.own_policies().*Member = static_cast<Enum>(value); }};
}

/// A member of a part of Policies.
template <auto Part, auto Member>
constexpr Policy policy(std::string_view meaning) {
  using Enum = TypeOf<Member>;
  return {.name = Dotted<Part, Member>::kName,
          .meaning = meaning,
          .values = kWords<Enum>,
          .get = [](const Policies& policies) -> std::optional<unsigned> {
            return static_cast<unsigned>(policies.*Part.*Member);
          },
          .set =
              [](Composition& composition, unsigned value) {
                composition.own_policies().*Part.*Member = static_cast<Enum>(value);
              }};
}

template <auto Member>
constexpr Policy generation(std::string_view meaning) {
  using Enum = TypeOf<Member>;
  return {
      .name = Dotted<&Policies::generations, Member>::kName,
      .meaning = meaning,
      .values = kWords<Enum>,
      .get = [](const Policies& policies) -> std::optional<unsigned> {
        if (policies.generations == nullptr) return std::nullopt;
        return static_cast<unsigned>(policies.generations->*Member);
      },
      .set = [](Composition& composition,
                unsigned value) { composition.generations().*Member = static_cast<Enum>(value); }};
}

/// What zap does with entries of one kind. `Member` of ZapByKind::Treatment, `Answer` of the
/// policy's.
template <EntryKind Kind, auto Member, auto Answer>
constexpr Policy zap(std::string_view name, std::string_view meaning) {
  using Enum = TypeOf<Answer>;
  return {.name = name,
          .meaning = meaning,
          .values = kWords<Enum>,
          .get = [](const Policies& policies) -> std::optional<unsigned> {
            return static_cast<unsigned>(policies.zap->treat(entry_of(Kind)).*Answer);
          },
          .set =
              [](Composition& composition, unsigned value) {
                composition.zap().by_kind[static_cast<std::size_t>(Kind)].*Member =
                    static_cast<Enum>(value);
              },
          .is_field = false};
}

/// A policy that is an object.
template <typename Object>
struct Named {
  std::string_view name;
  const Object& (*object)();
};
template <typename Base, const auto& Object>
const Base& the() {
  return Object;
}

template <const auto& List>
constexpr auto kNamesOf = [] {
  std::array<std::string_view, List.size()> names;
  std::transform(List.begin(), List.end(), names.begin(), [](const auto& one) { return one.name; });
  return names;
}();

template <auto Member, const auto& List>
constexpr Policy object(std::string_view meaning, void (*set)(Composition&, unsigned)) {
  return {.name = name_of<Member>(),
          .meaning = meaning,
          .values = kNamesOf<List>,
          .get = [](const Policies& policies) -> std::optional<unsigned> {
            for (unsigned i = 0; i < List.size(); ++i) {
              if (&List[i].object() == policies.*Member) return i;
            }
            return std::nullopt;
          },
          .set = set,
          .is_field = false};
}

using Zap = mm::ZapPolicy;
constexpr std::array kZaps{
    Named<Zap>{"early-rmap", the<Zap, kEarlyRmap>},
    Named<Zap>{"delayed-rmap", the<Zap, kDelayedRmap>},
    Named<Zap>{"dirty-in-batch", the<Zap, kDirtyInBatch>},
    Named<Zap>{"rmap-at-free", the<Zap, kRmapAtFree>},
    Named<Zap>{"file-rmap-at-free", the<Zap, kFileRmapAtFree>},
    Named<Zap>{"force-flush", the<Zap, kForceFlush>},
    Named<Zap>{"no-force-at-exit", the<Zap, kNoForceAtExit>},
    Named<Zap>{"rmap-by-generation", the<Zap, kRmapByGeneration>},
    Named<Zap>{"flush-every-page", the<Zap, kFlushEveryPage>},
};

using Gather = mm::GatherPolicy;
constexpr std::array kGathers{
    Named<Gather>{"any-batch", the<Gather, kAnyBatch>},
    Named<Gather>{"no-batch-while-delayed", the<Gather, kNoBatchWhileDelayed>},
    Named<Gather>{"local-and-active", the<Gather, kLocalAndActive>},
};

using machine::Arch;
template <machine::TlbFlush Flush>
const Arch& i386_pae() {
  return machine::i386_pae(Flush, machine::LocklessRead::LowHighLow);
}
constexpr std::array kArchs{
    Named<Arch>{"x86_64", machine::x86_64},
    Named<Arch>{"x86_64-kvm", machine::x86_64_kvm},
    Named<Arch>{"i386-pae", i386_pae<machine::TlbFlush::Native>},
    Named<Arch>{"i386-pae-kvm", i386_pae<machine::TlbFlush::Kvm>},
    Named<Arch>{"s390", []() -> const Arch& { return machine::s390(); }},
    Named<Arch>{"arm64", machine::arm64},
};

constexpr std::array kObjects{
    object<&Policies::zap, kZaps>(
        "how zap_pte_range treats an entry, where zap_anon, zap_clean and zap_dirty do not say",
        [](Composition& c, unsigned value) { c.zap().otherwise = &kZaps[value].object(); }),
    object<&Policies::gather, kGathers>(
        "when mmu_gather may start a batch, and which ones tlb_flush_rmaps walks",
        [](Composition& c, unsigned value) {
          c.own_policies().gather = &kGathers[value].object();
        }),
    object<&Policies::arch, kArchs>(
        "the machine",
        [](Composition& c, unsigned value) { c.own_policies().arch = &kArchs[value].object(); }),
};

using Wanted = ZapByKind::Treatment;
using Answer = mm::ZapPolicy::Treatment;
constexpr std::string_view kRmapMeaning = "when the page stops to count as mapped";
constexpr std::string_view kDirtyMeaning = "when the D bit reaches the page";
constexpr std::string_view kFlushMeaning = "when TLBs must have let go of the entry";
template <EntryKind Kind>
constexpr std::array<Policy, 3> zap_of(std::string_view rmap, std::string_view dirty,
                                       std::string_view flush) {
  return {zap<Kind, &Wanted::rmap, &Answer::rmap>(rmap, kRmapMeaning),
          zap<Kind, &Wanted::dirty, &Answer::dirty>(dirty, kDirtyMeaning),
          zap<Kind, &Wanted::flush, &Answer::flush>(flush, kFlushMeaning)};
}
constexpr std::array kZapAnon =
    zap_of<EntryKind::Anon>("zap_anon.rmap", "zap_anon.dirty", "zap_anon.flush");
constexpr std::array kZapClean =
    zap_of<EntryKind::Clean>("zap_clean.rmap", "zap_clean.dirty", "zap_clean.flush");
constexpr std::array kZapDirty =
    zap_of<EntryKind::Dirty>("zap_dirty.rmap", "zap_dirty.dirty", "zap_dirty.flush");
static_assert(kZapAnon.size() == nr_members<Answer>() && nr_members<Wanted>() == kZapAnon.size());

constexpr std::array kOwn{
    policy<&Policies::ptl_at_flush>("whether zap holds the page-table lock at the forced flush"),
    policy<&Policies::flush_versus_free>("mmu_gather: TLBs flushed before pages are freed"),
    policy<&Policies::flushes>("whether mmu_gather flushes at all"),
    policy<&Policies::nested_rule>("mmu_gather flushes where others gather on the same mm"),
    policy<&Policies::mkclean_walk>("folio_mkclean waits for the page-table lock (PVMW_SYNC)"),
    policy<&Policies::batch_flush>("arm64: reclaim waits for the TLBIs of its batch"),
    policy<&Policies::batched_pending>("arm64: how zap waits for reclaim's deferred flushes"),
    policy<&Policies::zap_folio_lock>("zap locks the folio as it marks it dirty"),
    policy<&Policies::exit_waits>("the address space goes away with its last thread, or before"),
    policy<&Policies::rmap_versus_put>("the rmap goes before the reference of the mapping"),
    policy<&Policies::dirty_lock>("a spinlock for marking dirty and cleaning, hashed by page"),
    policy<&Policies::large_mapcount>("mappings of a large folio: counted by page, or in one sum"),
    policy<&Policies::zap_batch>("zap treats the entries of one folio together"),
    policy<&Policies::zap_huge_order>("zap_huge_pmd: the order of flush, rmap and dirty"),
    policy<&Policies::pmdp_invalidate>("a huge entry is never none while it is changed"),
    policy<&Policies::truncate_waits_for_zap>("truncation waits for who zaps the huge entry"),
    policy<&Policies::rcu_readers>("a grace period waits for regions with interrupts off"),
    policy<&Policies::reclaim_pins>("reclaim leaves pinned pages alone"),
    policy<&Policies::table_free>("page tables are freed after a grace period, or as pages are"),
    policy<&Policies::table_invalidate>("without a batch: walk caches are flushed before a free"),
    policy<&Policies::table_sync>("without a batch: walkers are waited for before a free"),
    policy<&Policies::flush_versus_tables>("TLBs are flushed before tables are freed"),
    policy<&Policies::gup_recheck>("GUP-fast: when it looks at the entry again, and at what"),
    policy<&Policies::gup_grab>("GUP-fast: a count of 0 is not raised"),
    policy<&Policies::gup_irqs>("GUP-fast: interrupts are off during the walk"),
    policy<&Policies::gup_write_check>("GUP-fast: read-only entries are not taken for writing"),
    policy<&Policies::anon_recheck>("a locked anon_vma is used only if the page is still mapped"),
    policy<&Policies::anon_get>("a reference to an anon_vma is not taken from 0"),
    policy<&Policies::anon_slab>("the memory of an anon_vma stays one (SLAB_TYPESAFE_BY_RCU)"),
    policy<&Policies::mlock_flags>("mlock's batches: what is left of the flags beside a page"),
    policy<&Policies::mlock_batch_ref>("mlock's batches hold references to their pages"),
    policy<&Policies::rmap_memcg_lock>("lock_page_memcg() in the rmap, before v6.3: around what"),
};

using machine::X86TlbPolicy;
constexpr std::array kX86Tlb{
    policy<&Policies::x86_tlb, &X86TlbPolicy::flusher>(
        "x86: tlb_gen counts before the mask is read"),
    policy<&Policies::x86_tlb, &X86TlbPolicy::switching_cpu>(
        "x86: a CPU amid a switch is interrupted"),
    policy<&Policies::x86_tlb, &X86TlbPolicy::lazy_cpu>("x86: lazy CPUs are, if tables are freed"),
    policy<&Policies::x86_tlb, &X86TlbPolicy::switch_mm>(
        "x86: switch_mm sets its bit, then reads tlb_gen"),
    policy<&Policies::x86_tlb, &X86TlbPolicy::lazy_return>("x86: so does who stops to be lazy"),
    policy<&Policies::x86_tlb, &X86TlbPolicy::flush_func>(
        "x86: the handler catches up with tlb_gen"),
};

using mm::ChargeMover;
constexpr std::array kChargeMover{
    policy<&Policies::charge_mover, &ChargeMover::ptl>("the mover of memcg charges holds the PTL"),
    policy<&Policies::charge_mover, &ChargeMover::unmapped>(
        "charges of pages of files that the entry does not map move, too"),
};

using mm::MigratePolicies;
constexpr std::array kMigrate{
    policy<&Policies::migrate, &MigratePolicies::flush>(
        "a flush as an entry becomes a migration entry"),
    policy<&Policies::migrate, &MigratePolicies::collect_flush>(
        "migrate_vma flushes under the PTL"),
    policy<&Policies::migrate, &MigratePolicies::collect_lock>(
        "migrate_vma keeps the page locked until all is over"),
    policy<&Policies::migrate, &MigratePolicies::split_freeze>(
        "a split freezes the reference count"),
    policy<&Policies::migrate, &MigratePolicies::gup_folio_recheck>(
        "GUP-fast: is the page still in the folio?"),
};

using mm::VmaLockPolicies;
constexpr std::array kVmaLock{
    policy<&Policies::vma_lock, &VmaLockPolicies::fault>(
        "what a fault locks first, where the scenario has VMA locks"),
    policy<&Policies::vma_lock, &VmaLockPolicies::start_write>(
        "munmap locks a VMA before it detaches it"),
    policy<&Policies::vma_lock, &VmaLockPolicies::seq_recheck>(
        "a fault looks at vm_lock_seq after it has locked, too"),
    policy<&Policies::vma_lock, &VmaLockPolicies::detached_check>(
        "a fault asks whether its VMA is detached"),
};

using mm::ReclaimPolicies;
constexpr std::array kReclaim{
    policy<&Policies::reclaim, &ReclaimPolicies::referenced_walk>(
        "folio_referenced waits for the page-table lock"),
    policy<&Policies::reclaim, &ReclaimPolicies::unmap_walk>("try_to_unmap does (TTU_SYNC)"),
    policy<&Policies::reclaim, &ReclaimPolicies::flush_before_unlock>(
        "a dirty page of a file is flushed before it is unlocked"),
    policy<&Policies::reclaim, &ReclaimPolicies::flush_before_free>(
        "the flush comes before pages are freed; dropped: after"),
    policy<&Policies::reclaim, &ReclaimPolicies::ref_freeze>(
        "the reference count is frozen, not only looked at"),
    policy<&Policies::reclaim, &ReclaimPolicies::batched_pending>(
        "zap flushes what reclaim has put off"),
    policy<&Policies::reclaim, &ReclaimPolicies::unmap_flush_dirty>(
        "a dirty page is flushed before it is written to swap"),
    policy<&Policies::reclaim, &ReclaimPolicies::swap_dirty>("add_to_swap marks the folio dirty"),
    policy<&Policies::reclaim, &ReclaimPolicies::swap_duplicate>(
        "entries that refer to a swap slot are counted"),
    policy<&Policies::reclaim, &ReclaimPolicies::swap_count_check>(
        "slots that entries refer to are not freed"),
    policy<&Policies::reclaim, &ReclaimPolicies::swap_pte_same>(
        "do_swap_page looks at the entry again"),
    policy<&Policies::reclaim, &ReclaimPolicies::reaper_gathers_vma>(
        "the OOM reaper's gather is of a VMA; dropped: it says fullmm"),
};

using mm::ForkPolicies;
constexpr std::array kFork{
    policy<&Policies::fork, &ForkPolicies::flush>(
        "when fork makes TLBs forget that pages were writable"),
    policy<&Policies::fork, &ForkPolicies::vma_start_write>("fork locks the parent's VMAs"),
    policy<&Policies::fork, &ForkPolicies::write_protect_seq>(
        "GUP-fast looks whether fork came in between"),
    policy<&Policies::fork, &ForkPolicies::pin_check>("pinned pages are copied at once"),
    policy<&Policies::fork, &ForkPolicies::clear_exclusive>(
        "a page that the child maps too is not exclusive"),
    policy<&Policies::fork, &ForkPolicies::anon_vma_fork>(
        "the child's VMA hangs on the parent's anon_vma, too"),
};

using mm::CowPolicies;
constexpr std::array kCow{
    policy<&Policies::cow, &CowPolicies::reuse>("which count says that nobody else has the page"),
    policy<&Policies::cow, &CowPolicies::order>("wp_page_copy: clear, flush, set; or set, flush"),
    policy<&Policies::cow, &CowPolicies::put>("wp_page_copy: when it drops the old page"),
    policy<&Policies::cow, &CowPolicies::gup_unshare>(
        "a page that is pinned for reading becomes exclusive first"),
};

using mm::ProtectPolicies;
constexpr std::array kProtect{
    policy<&Policies::protect, &ProtectPolicies::flush>("mprotect flushes before it returns"),
    policy<&Policies::protect, &ProtectPolicies::batched_pending>(
        "mprotect flushes what reclaim has put off"),
    policy<&Policies::protect, &ProtectPolicies::exchange>(
        "an entry is none between its read and its write"),
    policy<&Policies::protect, &ProtectPolicies::dirty_check>(
        "a clean entry of a file is not made writable"),
    policy<&Policies::protect, &ProtectPolicies::start_write>("mprotect locks the VMA"),
    policy<&Policies::protect, &ProtectPolicies::flush_pending>(
        "pte_accessible looks whether others are about to flush"),
};

using mm::MremapPolicies;
constexpr std::array kMremap{
    policy<&Policies::mremap, &MremapPolicies::flush>("when mremap flushes what it has moved"),
    policy<&Policies::mremap, &MremapPolicies::rmap_locks>(
        "mremap keeps out walks that meet the new place first"),
    policy<&Policies::mremap, &MremapPolicies::batched_pending>(
        "mremap flushes what reclaim has put off"),
};

using mm::LazyfreePolicies;
constexpr std::array kLazyfree{
    policy<&Policies::lazyfree, &LazyfreePolicies::flush>(
        "MADV_FREE flushes the entries that it has cleaned"),
    policy<&Policies::lazyfree, &LazyfreePolicies::batched_pending>(
        "MADV_FREE flushes what reclaim has put off"),
    policy<&Policies::lazyfree, &LazyfreePolicies::ref_check>(
        "reclaim: is the lazyfree page its mappings' only?"),
    policy<&Policies::lazyfree, &LazyfreePolicies::clear_before_ref>(
        "reclaim clears the entry before it reads the count"),
    policy<&Policies::lazyfree, &LazyfreePolicies::dirty_check>(
        "reclaim: is the lazyfree page dirty?"),
    policy<&Policies::lazyfree, &LazyfreePolicies::ref_before_dirty>(
        "reclaim reads the count before the flag"),
};

using mm::Generations;
constexpr std::array kGenerations{
    generation<&Generations::zap>("zap looks at the table's generation"),
    generation<&Generations::fault>("so do faults"),
    generation<&Generations::mkclean>(
        "so do walks of folio_mkclean: of any entry, or of those found"),
    generation<&Generations::unlink_vma>("so does who takes a VMA out of the reverse map"),
    generation<&Generations::count>("the generation is counted after, or before the clear"),
    generation<&Generations::complete>("a flush counts as completed when it is over, or early"),
};

// Where one of these fails, a member of that type has no line above.
static_assert(kX86Tlb.size() == nr_members<X86TlbPolicy>());
static_assert(kChargeMover.size() == nr_members<ChargeMover>());
static_assert(kMigrate.size() == nr_members<MigratePolicies>());
static_assert(kVmaLock.size() == nr_members<VmaLockPolicies>());
static_assert(kReclaim.size() == nr_members<ReclaimPolicies>());
static_assert(kFork.size() == nr_members<ForkPolicies>());
static_assert(kCow.size() == nr_members<CowPolicies>());
static_assert(kProtect.size() == nr_members<ProtectPolicies>());
static_assert(kMremap.size() == nr_members<MremapPolicies>());
static_assert(kLazyfree.size() == nr_members<LazyfreePolicies>());
static_assert(kGenerations.size() == nr_members<Generations>());
constexpr std::size_t kParts = 11;  // those eleven types
static_assert(kOwn.size() + kObjects.size() + kParts == nr_members<Policies>());

}  // namespace

std::span<const Policy> policy_table() {
  static const std::vector<Policy> all = [] {
    std::vector<Policy> joined;
    for (const std::span<const Policy> part :
         {std::span<const Policy>(kObjects), std::span<const Policy>(kZapAnon),
          std::span<const Policy>(kZapClean), std::span<const Policy>(kZapDirty),
          std::span<const Policy>(kOwn), std::span<const Policy>(kX86Tlb),
          std::span<const Policy>(kChargeMover), std::span<const Policy>(kMigrate),
          std::span<const Policy>(kVmaLock), std::span<const Policy>(kReclaim),
          std::span<const Policy>(kFork), std::span<const Policy>(kCow),
          std::span<const Policy>(kProtect), std::span<const Policy>(kMremap),
          std::span<const Policy>(kLazyfree), std::span<const Policy>(kGenerations)}) {
      joined.insert(joined.end(), part.begin(), part.end());
    }
    return joined;
  }();
  return all;
}

const Policy* find_policy(std::string_view name) {
  const std::span<const Policy> all = policy_table();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Policy& policy) { return policy.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace mmcheck::design
