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

  /// Takes the entry out and returns what it held, with every A and D bit that any CPU has relied
  /// on. One step. Whether TLBs may still hold the entry afterwards depends on the architecture.
  /// linux v6.12 arch/*/include/asm/pgtable.h: ptep_get_and_clear
  virtual pte_t ptep_get_and_clear(Cpu& cpu, PteSlot& slot) const = 0;

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

/// linux v6.12 arch/s390 mm/pgtable.c: ptep_xchg_direct: IPTE invalidates the entry in memory and
/// in all TLBs, in one.
/// differs: an mm that is attached to one CPU only defers the flush; here it never does. The walk
/// is x86's: s390 has no D bit in the entry, and a store through a clean one faults.
const Arch& s390();

}  // namespace mmcheck::machine
