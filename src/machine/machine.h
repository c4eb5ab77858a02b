// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "machine/cpu.h"
#include "machine/memory.h"

namespace mmcheck::machine {

/// How an architecture changes an entry and makes TLBs follow.
class Arch {
 public:
  virtual std::string_view name() const = 0;

  /// At setup: what a CPU needs to flush `nr_entries` entries of all address spaces.
  virtual void start_cpu(Cpu& cpu, Kept& kept, unsigned nr_entries) const {
    static_cast<void>(cpu), static_cast<void>(kept), static_cast<void>(nr_entries);
  }
  /// Whether address spaces have an mm_context. `yields`: threads give up their CPU.
  virtual bool uses_context(bool yields) const {
    static_cast<void>(yields);
    return false;
  }
  /// This CPU runs something else for a while, and then a thread of the address space again.
  virtual void yield(Cpu& cpu, mm_context& context) const {
    static_cast<void>(cpu), static_cast<void>(context);
  }

  /// Takes the entry out and returns what it held, with every A and D bit that any CPU has relied
  /// on. One step. Whether TLBs may still hold the entry afterwards depends on the architecture.
  /// linux v6.12 arch/*/include/asm/pgtable.h: ptep_get_and_clear
  virtual pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const = 0;

  /// The same, where the flush may not be put off. linux v6.12 arch/s390/mm/pgtable.c:
  /// ptep_xchg_direct
  virtual pte_t ptep_xchg_direct(Cpu& cpu, PteSlot& slot) const {
    return ptep_get_and_clear(cpu, slot);
  }

  /// Takes W away and leaves the rest as hardware has it. One step, or more.
  /// linux v6.12 arch/*/include/asm/pgtable.h: ptep_set_wrprotect
  virtual void ptep_set_wrprotect(Cpu& cpu, PteSlot& slot) const;

  /// Stores an entry where there was none, or one that no hardware changes meanwhile. One step, or
  /// one for each half.
  /// linux v6.12 arch/*/include/asm/pgtable.h: set_pte
  virtual void set_pte(Cpu& cpu, PteSlot& slot, pte_t value, const trace::StepText& text) const;

  /// Reads an entry without the lock that its writers hold. One step, or several. What comes out
  /// need not be what the entry ever was; the caller tells PteSlot::read_lockless().
  /// linux v6.12 include/linux/pgtable.h: ptep_get_lockless
  virtual pte_t ptep_get_lockless(Cpu& cpu, PteSlot& slot) const;

  /// Whether software stores an entry in halves: see PteSlot::split().
  virtual bool splits_entries() const { return false; }

  /// Returns when no CPU of `targets` uses a translation older than this call.
  virtual void flush_tlb(Cpu& cpu, std::span<PteSlot> entries, cpumask_t targets,
                         Cpu* const* cpus) const = 0;

  /// Whether the flush of a gather needs to do anything.
  /// linux v6.12 arch/*/include/asm/tlb.h: tlb_flush
  virtual bool needs_tlb_flush(bool fullmm, bool freed_tables) const {
    static_cast<void>(fullmm), static_cast<void>(freed_tables);
    return true;
  }

  /// Reclaim's deferred flushes: one entry has been cleared [PTL]; later, all at once.
  /// linux v6.12 arch/*/include/asm/tlbflush.h: arch_tlbbatch_add_pending, arch_tlbbatch_flush
  virtual void arch_tlbbatch_add_pending(Cpu& cpu, PteSlot& entry, cpumask_t targets) const {
    static_cast<void>(cpu), static_cast<void>(entry), static_cast<void>(targets);
  }
  /// Returns false if there is nothing special about it, and a flush is needed.
  virtual bool arch_tlbbatch_flush(Cpu& cpu) const {
    static_cast<void>(cpu);
    return false;
  }

  /// Whether a gather must flush when the first entry has become the second.
  /// linux v6.12 include/asm-generic/tlb.h: pte_needs_flush
  virtual bool pte_needs_flush(pte_t old, pte_t pte) const {
    static_cast<void>(old), static_cast<void>(pte);
    return true;
  }
  /// After an entry has been made more permissive: whether stale ones are flushed, or each CPU that
  /// has one faults and finds out. linux v6.12 arch/*: ptep_set_access_flags
  virtual bool flushes_upgrades() const { return false; }
  /// A fault found nothing to do: the entry allows the access already.
  virtual void flush_tlb_fix_spurious_fault(Cpu& cpu, PteSlot& entry) const {
    static_cast<void>(cpu), static_cast<void>(entry);
  }
  /// After A was cleared. linux v6.12 arch/*: ptep_clear_flush_young
  virtual void flush_young(Cpu& cpu, PteSlot& entry, cpumask_t targets) const {
    static_cast<void>(cpu), static_cast<void>(entry), static_cast<void>(targets);
  }
  /// Whether it keeps count of flushes where CPUs switch between address spaces: see X86Tlb.
  virtual bool counts_flushes() const { return false; }

  /// Whether mmu_gather collects pages, or frees each as soon as it is unmapped
  /// (MMU_GATHER_NO_GATHER). Only an architecture whose TLBs follow at once can do without.
  virtual bool gathers_pages() const { return true; }

 protected:
  ~Arch() = default;
};

/// linux v6.12 arch/x86: an exchange that TLBs do not see; flushes by IPI.
const Arch& x86_64();

/// How a CPU makes others flush: as pv_ops.mmu.flush_tlb_multi is set.
enum class TlbFlush : std::uint8_t {
  Native,  ///< an IPI, which waits for interrupts to be on
  Kvm,     ///< a virtual CPU that does not run is only marked: see KvmFlush
};

/// x86_64 as a guest of KVM.
const Arch& x86_64_kvm();

/// How 32-bit x86 reads an entry of 64 bits without its lock.
enum class LocklessRead : std::uint8_t {
  LowHighLow,  ///< CONFIG_GUP_GET_PTE_LOW_HIGH: by halves, until the low one has not changed
  Cmpxchg8b,   ///< at once, by an instruction that writes; Linux does not
};

/// linux v6.12 arch/x86/include/asm/pgtable-3level.h
const Arch& i386_pae(TlbFlush flush, LocklessRead read);

/// What a CPU does when it attaches to an address space again.
enum class S390Attach : std::uint8_t { AsLinux, WithoutWait, WithoutFlush };

/// linux v6.12 arch/s390/mm/pgtable.c: IPTE invalidates the entry in memory and in all TLBs, in
/// one; the flush is put off where the address space is attached to this CPU only. differs: put off
/// only in scenarios in which threads give up their CPU; at exit each entry is flushed. The walk
/// is x86's: s390 has no D bit in the entry, and a store through a clean one faults.
const Arch& s390(S390Attach attach = S390Attach::AsLinux);

/// linux v6.12 arch/arm64: TLBI is broadcast, DSB waits for it; no CPU is interrupted. A and D are
/// set by the hardware (FEAT_HAFDBS), as on x86.
/// differs: one ASID per address space, which is never taken away from it; no contiguous entries;
/// where the hardware has no FEAT_HAFDBS, a store through a clean entry faults.
const Arch& arm64();

}  // namespace mmcheck::machine
