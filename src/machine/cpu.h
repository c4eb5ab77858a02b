// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "explore/cell.h"
#include "machine/tlbi.h"

namespace mmcheck::machine {

/// What the MMU made of an address.
struct Translation {
  enum class Result : std::uint8_t { Ok, NotPresent, WriteProtected };

  Result result = Result::NotPresent;
  Pfn pfn = kNoPfn;
  unsigned version = 0;  ///< of the leaf entry that was used
  bool huge = false;     ///< which is that of the level above

  PteSlot& leaf(PteSlot& slot) const { return huge ? *slot.huge() : slot; }
  const PteSlot& leaf(const PteSlot& slot) const { return huge ? *slot.huge() : slot; }
};

enum class AccessKind : std::uint8_t { Load, Store };

/// How many interrupt handlers serve the requests that other CPUs send.
enum class Handlers : std::uint8_t {
  OfEachSender,  ///< one request each: any two may come in either order
  /// One for all that are there when it runs: linux v6.12 kernel/smp.c:
  /// flush_smp_call_function_queue. Of these the explorer can do with more CPUs.
  OfCpu,
};

/// Whether a page fault drops what the CPU's TLB holds for the address.
enum class FaultsDropEntries : std::uint8_t { Yes, No };
/// What one CPU asks others to forget.
struct FlushInfo {
  std::span<PteSlot> entries;
  std::uint64_t new_gen = 0;  ///< for FlushFunction only
  std::uint8_t mm = 0;
};

class Cpu;

/// What a CPU does with a request, where it does not simply forget the entries.
class FlushFunction {
 public:
  /// Part of a step: on the CPU that is to flush, which an interrupt has stopped, or by itself.
  virtual void flush(Cpu& cpu, const FlushInfo& info) = 0;

 protected:
  ~FlushFunction() = default;
};

/// A processor: its interrupt flag, the flush requests that others have sent to it, its MMU.
class Cpu {
 public:
  Cpu(Kept& kept, CpuId id, unsigned nr_cpus, Handlers handlers = Handlers::OfEachSender);

  CpuId id() const { return id_; }
  explore::Execution& execution() const { return *execution_; }

  void local_irq_disable();
  void local_irq_enable();
  /// Holds while interrupts are on.
  explore::Guard irqs_on() const { return {.object = holds_off_.id(), .mask = kIrqsOff}; }
  bool irqs_disabled() const { return (holds_off_.peek() & kIrqsOff) != 0; }
  /// The same by others: an access of the current step, on which no other depends.
  bool irqs_off_now() const { return (holds_off_.read_last() & kIrqsOff) != 0; }
  /// Part of a step that does more.
  void local_irqs_off(bool off) { set_irqs_off(off ? kIrqsOff : 0); }
  void set_flush_function(FlushFunction* function) { flush_function_ = function; }

  /// Registers the interrupt handlers by which this CPU serves the others. Called once all CPUs
  /// exist.
  void start_handlers(unsigned nr_cpus);
  /// Under TSO, after Memory::start(), where the CPU has the number of its thread: an interrupt is
  /// taken only when the store buffer is empty (Intel SDM vol. 3, 12.10 "Store Buffer": interrupts
  /// and exceptions drain it). So a request is served when no store through an old translation is
  /// on its way any more.
  void count_stores(explore::Memory& memory);

  /// As a guest of a hypervisor: one step for each of `targets` but this one, which finds whether
  /// it is preempted at the moment. If so the hypervisor makes it forget the entries before its
  /// next instruction, and it need not be asked. Returns those that must be.
  cpumask_t flush_preempted(std::span<PteSlot> entries, cpumask_t targets, Cpu* const* cpus);
  /// One step: asks each CPU of `targets` but this one to forget the entries, and forgets them
  /// here. Nothing is known about the targets until wait_for_flush() returns. The entries must stay
  /// where they are until then.
  void send_flush_requests(const FlushInfo& info, cpumask_t targets, Cpu* const* cpus);
  /// Waits until the handlers of all targets have run; their CPUs then use no older translation.
  void wait_for_flush(cpumask_t targets, Cpu* const* cpus);

  /// For CPUs whose invalidations are broadcast: room for those that are issued and not complete.
  /// Called once, at setup.
  void start_broadcasts(Kept& kept, unsigned nr_entries, FaultsDropEntries faults_drop_entries);
  /// TLBI: tells all of `targets` to forget the entries, which they may do later. One step.
  void tlbi(std::span<PteSlot> entries, cpumask_t targets);
  /// DSB: returns when the TLBIs of this CPU are complete.
  void dsb();

  /// The walk of one access: one step. Sets A, and D for a store, as the hardware does: atomically,
  /// in the entry, and only if it is still there.
  Translation translate(PteSlot& slot, AccessKind kind);

  /// True while the translation that translate() returned may be used: no invalidation of it has
  /// completed on this CPU since. Part of the step of the access.
  bool still_valid(const PteSlot& slot, const Translation& translation) const;

 private:
  struct FlushRequest {
    Cpu* target = nullptr;
    explore::Cell<bool> pending;  ///< the call_single_data of one sender and one target
    FlushInfo* info = nullptr;    ///< the sender's until pending is set
  };

  static constexpr std::uint64_t kIrqsOff = 1;
  static constexpr std::uint64_t kBufferedStore = 2;

  Translation translate_at(PteSlot& slot, AccessKind kind);
  void tlbi_of(PteSlot& entry, cpumask_t targets);
  static void handle_flush_request(void* request);
  static void handle_flush_requests(void* cpu);
  void flush(const FlushInfo& info);
  void set_irqs_off(std::uint64_t off);
  Translation walk(PteSlot& slot, AccessKind kind) const;
  Translation use_stale(const PteSlot& slot, AccessKind kind, unsigned version) const;

  explore::Execution* execution_;
  CpuId id_;
  FaultsDropEntries faults_drop_entries_ = FaultsDropEntries::Yes;
  KeptVector<IssuedTlbi> issued_;
  explore::Cell<std::uint64_t> holds_off_;  ///< what interrupts wait for: 0 if nothing
  /// Senders whose request is pending, as bits: linux call_single_queue. Only with Handlers::OfCpu.
  explore::Cell<std::uint32_t> queue_;
  Handlers handlers_;
  bool counts_stores_ = false;
  FlushFunction* flush_function_ = nullptr;
  FlushRequest requests_[kCpusMax];  ///< by sender
};

}  // namespace mmcheck::machine
