// SPDX-License-Identifier: Apache-2.0
#include "workload/parse_calls.h"

#include <algorithm>
#include <span>

#include "workload/parse_context.h"

namespace mmcheck::workload {
namespace {

using enum Parameter;
using Op = Operation;
using R = Result;
using S = Shape;
using By = Caller;

// clang-format off
constexpr NamedConstant kConstants[] = {
    {"PAGE_SIZE", kPageBytes, ConstantFamily::None},
    {"PROT_NONE", 0, ConstantFamily::Protection},
    {"PROT_READ", kProtRead, ConstantFamily::Protection},
    {"PROT_WRITE", kProtWrite, ConstantFamily::Protection},
    {"MAP_SHARED", kMapShared, ConstantFamily::MapFlags},
    {"MAP_PRIVATE", kMapPrivate, ConstantFamily::MapFlags},
    {"MAP_FIXED", kMapFixed, ConstantFamily::MapFlags},
    {"MAP_ANONYMOUS", kMapAnonymous, ConstantFamily::MapFlags},
    {"MREMAP_MAYMOVE", kMremapMayMove, ConstantFamily::MremapFlags},
    {"MREMAP_FIXED", kMremapFixed, ConstantFamily::MremapFlags},
    {"MREMAP_DONTUNMAP", kMremapDontunmap, ConstantFamily::MremapFlags},
    {"MADV_DONTNEED", kMadvDontneed, ConstantFamily::MadviseAdvice},
    {"MADV_FREE", kMadvFree, ConstantFamily::MadviseAdvice},
    {"MS_SYNC", 4, ConstantFamily::MsyncFlags},
    {"POSIX_FADV_DONTNEED", 4, ConstantFamily::FadviseAdvice},
    {"FOLL_WRITE", kFollWrite, ConstantFamily::GupFlags},
};

constexpr CallSpec kCalls[] = {
    // Memory.
    {"READ_ONCE", Op::Load, Order::Once, S::AsWritten, R::Value, By::Any, {Access},
     "READ_ONCE(*x)"},
    {"WRITE_ONCE", Op::Store, Order::Once, S::AsWritten, R::Nothing, By::Any, {Access, Value},
     "WRITE_ONCE(*x, 1)"},
    {"smp_load_acquire", Op::Load, Order::Acquire, S::AsWritten, R::Value, By::Any, {Address},
     "smp_load_acquire(x)"},
    {"smp_store_release", Op::Store, Order::Release, S::AsWritten, R::Nothing, By::Any,
     {Address, Value}, "smp_store_release(x, 1)"},
    {"smp_store_mb", Op::Store, Order::Full, S::AsWritten, R::Nothing, By::Any, {Access, Value},
     "smp_store_mb(*x, 1)"},
    {"smp_mb", Op::Barrier, Order::Full, S::AsWritten, R::Nothing, By::Any, {}, "smp_mb()"},
    {"smp_rmb", Op::Barrier, Order::Acquire, S::AsWritten, R::Nothing, By::Any, {}, "smp_rmb()"},
    {"smp_wmb", Op::Barrier, Order::Release, S::AsWritten, R::Nothing, By::Any, {}, "smp_wmb()"},
    {"barrier", Op::Barrier, Order::Plain, S::AsWritten, R::Nothing, By::Any, {}, "barrier()"},
    {"smp_mb__before_atomic", Op::Barrier, Order::Full, S::AsWritten, R::Nothing, By::Any, {},
     "smp_mb__before_atomic()"},
    {"smp_mb__after_atomic", Op::Barrier, Order::Full, S::AsWritten, R::Nothing, By::Any, {},
     "smp_mb__after_atomic()"},
    {"smp_mb__after_spinlock", Op::Barrier, Order::Full, S::AsWritten, R::Nothing, By::Any, {},
     "smp_mb__after_spinlock()"},
    {"smp_mb__after_unlock_lock", Op::Barrier, Order::Full, S::AsWritten, R::Nothing, By::Any, {},
     "smp_mb__after_unlock_lock()"},
    {"xchg", Op::Exchange, Order::Full, S::AsWritten, R::Value, By::Any, {Address, Value},
     "xchg(x, 1)"},
    {"cmpxchg", Op::CompareExchange, Order::Full, S::AsWritten, R::Value, By::Any,
     {Address, Value, Value}, "cmpxchg(x, 0, 1)"},
    {"spin_lock", Op::SpinLock, Order::Acquire, S::AsWritten, R::Nothing, By::Any, {Lock},
     "spin_lock(lock)"},
    {"spin_unlock", Op::SpinUnlock, Order::Release, S::AsWritten, R::Nothing, By::Any, {Lock},
     "spin_unlock(lock)"},
    {"atomic_read", Op::Load, Order::Relaxed, S::AsWritten, R::Value, By::Any, {Address},
     "atomic_read(v)"},
    {"atomic_set", Op::Store, Order::Relaxed, S::AsWritten, R::Nothing, By::Any, {Address, Value},
     "atomic_set(v, 1)"},
    {"atomic_add", Op::FetchAdd, Order::Relaxed, S::ValueFirst, R::Nothing, By::Any,
     {Value, Address}, "atomic_add(1, v)"},
    {"atomic_sub", Op::FetchAdd, Order::Relaxed, S::ValueFirstNegated, R::Nothing, By::Any,
     {Value, Address}, "atomic_sub(1, v)"},
    {"atomic_inc", Op::FetchAdd, Order::Relaxed, S::One, R::Nothing, By::Any, {Address},
     "atomic_inc(v)"},
    {"atomic_dec", Op::FetchAdd, Order::Relaxed, S::MinusOne, R::Nothing, By::Any, {Address},
     "atomic_dec(v)"},
    {"atomic_add_return", Op::AddReturn, Order::Full, S::ValueFirst, R::Value, By::Any,
     {Value, Address}, "atomic_add_return(1, v)"},
    {"atomic_sub_return", Op::AddReturn, Order::Full, S::ValueFirstNegated, R::Value, By::Any,
     {Value, Address}, "atomic_sub_return(1, v)"},
    {"atomic_inc_return", Op::AddReturn, Order::Full, S::One, R::Value, By::Any, {Address},
     "atomic_inc_return(v)"},
    {"atomic_dec_return", Op::AddReturn, Order::Full, S::MinusOne, R::Value, By::Any, {Address},
     "atomic_dec_return(v)"},
    {"atomic_fetch_add", Op::FetchAdd, Order::Full, S::ValueFirst, R::Value, By::Any,
     {Value, Address}, "atomic_fetch_add(1, v)"},
    {"atomic_fetch_sub", Op::FetchAdd, Order::Full, S::ValueFirstNegated, R::Value, By::Any,
     {Value, Address}, "atomic_fetch_sub(1, v)"},
    {"atomic_fetch_inc", Op::FetchAdd, Order::Full, S::One, R::Value, By::Any, {Address},
     "atomic_fetch_inc(v)"},
    {"atomic_fetch_dec", Op::FetchAdd, Order::Full, S::MinusOne, R::Value, By::Any, {Address},
     "atomic_fetch_dec(v)"},
    {"atomic_sub_and_test", Op::AddReturn, Order::Full, S::ValueFirstNegated, R::IsZero, By::Any,
     {Value, Address}, "atomic_sub_and_test(1, v)"},
    {"atomic_inc_and_test", Op::AddReturn, Order::Full, S::One, R::IsZero, By::Any, {Address},
     "atomic_inc_and_test(v)"},
    {"atomic_dec_and_test", Op::AddReturn, Order::Full, S::MinusOne, R::IsZero, By::Any, {Address},
     "atomic_dec_and_test(v)"},
    {"atomic_xchg", Op::Exchange, Order::Full, S::AsWritten, R::Value, By::Any, {Address, Value},
     "atomic_xchg(v, 1)"},
    {"atomic_cmpxchg", Op::CompareExchange, Order::Full, S::AsWritten, R::Value, By::Any,
     {Address, Value, Value}, "atomic_cmpxchg(v, 0, 1)"},
    {"atomic_add_negative", Op::AddReturn, Order::Full, S::ValueFirst, R::IsNegative, By::Any,
     {Value, Address}, "atomic_add_negative(1, v)"},
    // Of litmus tests: linux v6.12 tools/memory-model/linux-kernel.def.
    {"rcu_dereference", Op::Load, Order::Once, S::AsWritten, R::Value, By::LitmusThread, {Access},
     "rcu_dereference(*p)"},
    {"rcu_assign_pointer", Op::Store, Order::Release, S::AsWritten, R::Nothing, By::LitmusThread,
     {Access, Value}, "rcu_assign_pointer(*p, x)"},
    {"spin_trylock", Op::SpinTrylock, Order::Acquire, S::AsWritten, R::Value, By::LitmusThread,
     {Lock}, "spin_trylock(lock)"},
    {"spin_is_locked", Op::SpinIsLocked, Order::Relaxed, S::AsWritten, R::Value, By::LitmusThread,
     {Lock}, "spin_is_locked(lock)"},
    {"rcu_read_lock", Op::RcuReadLock, Order::Plain, S::AsWritten, R::Nothing, By::LitmusThread,
     {}, "rcu_read_lock()"},
    {"rcu_read_unlock", Op::RcuReadUnlock, Order::Plain, S::AsWritten, R::Nothing,
     By::LitmusThread, {}, "rcu_read_unlock()"},
    {"synchronize_rcu", Op::SynchronizeRcu, Order::Full, S::AsWritten, R::Nothing, By::Any,
     {}, "synchronize_rcu()"},
    {"synchronize_rcu_expedited", Op::SynchronizeRcu, Order::Full, S::AsWritten, R::Nothing,
     By::LitmusThread, {}, "synchronize_rcu_expedited()"},
    {"srcu_read_lock", Op::RcuReadLock, Order::Plain, S::AsWritten, R::Value, By::LitmusThread,
     {Srcu}, "srcu_read_lock(ss)"},
    {"srcu_read_unlock", Op::RcuReadUnlock, Order::Plain, S::AsWritten, R::Nothing,
     By::LitmusThread, {Srcu, Value}, "srcu_read_unlock(ss, r0)"},
    {"synchronize_srcu", Op::SynchronizeRcu, Order::Full, S::AsWritten, R::Nothing,
     By::LitmusThread, {Srcu}, "synchronize_srcu(ss)"},
    {"synchronize_srcu_expedited", Op::SynchronizeRcu, Order::Full, S::AsWritten, R::Nothing,
     By::LitmusThread, {Srcu}, "synchronize_srcu_expedited(ss)"},
    {"smp_mb__after_srcu_read_unlock", Op::Barrier, Order::Full, S::AsWritten, R::Nothing,
     By::LitmusThread, {}, "smp_mb__after_srcu_read_unlock()"},
    // System calls.
    {"mmap", Op::Mmap, Order::Plain, S::AsWritten, R::Nothing, By::ProcessThread,
     {Range, Length, Protection, MapFlags, MapFile, MapOffset},
     "mmap(x, 4096, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, f, 0)"},
    {"munmap", Op::Munmap, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Range, Length}, "munmap(x, 4096)"},
    {"mprotect", Op::Mprotect, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Range, Length, Protection}, "mprotect(x, 4096, PROT_READ)"},
    {"mremap", Op::Mremap, Order::Plain, S::AsWritten, R::Nothing, By::ProcessThread,
     {Range, Length, SameLength, MremapFlags, OtherRange},
     "mremap(x, 4096, 4096, MREMAP_MAYMOVE|MREMAP_FIXED, y)"},
    {"madvise", Op::Madvise, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Range, Length, MadviseAdvice}, "madvise(x, 4096, MADV_DONTNEED)"},
    {"msync", Op::Msync, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Range, Length, MsyncFlags}, "msync(x, 4096, MS_SYNC)"},
    {"mlock", Op::Mlock, Order::Plain, S::AsWritten, R::Value, By::ProcessThread, {Range, Length},
     "mlock(x, 4096)"},
    {"munlock", Op::Munlock, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Range, Length}, "munlock(x, 4096)"},
    {"exit_group", Op::ExitGroup, Order::Plain, S::AsWritten, R::Nothing, By::ProcessThread,
     {Status}, "exit_group(0)"},
    {"fork", Op::Fork, Order::Plain, S::AsWritten, R::Nothing, By::ProcessThread, {Child},
     "fork(B)"},
    {"get_user_pages_fast", Op::GetUserPagesFast, Order::Plain, S::AsWritten, R::Value,
     By::ProcessThread, {PageOf, GupFlags}, "get_user_pages_fast(x, FOLL_WRITE)"},
    {"pin_user_pages_fast", Op::PinUserPagesFast, Order::Plain, S::AsWritten, R::Value,
     By::ProcessThread, {PageOf, GupFlags}, "pin_user_pages_fast(x, FOLL_WRITE)"},
    {"put_page", Op::PutPage, Order::Plain, S::AsWritten, R::Nothing, By::ScenarioThread, {Value},
     "put_page(r0)"},
    {"unpin_user_page", Op::UnpinUserPage, Order::Plain, S::AsWritten, R::Nothing,
     By::ScenarioThread, {Value}, "unpin_user_page(r0)"},
    {"set_page_dirty", Op::SetPageDirty, Order::Plain, S::AsWritten, R::Nothing,
     By::ScenarioThread, {Value}, "set_page_dirty(r0)"},
    {"set_page_dirty_lock", Op::SetPageDirtyLock, Order::Plain, S::AsWritten, R::Nothing,
     By::ScenarioThread, {Value}, "set_page_dirty_lock(r0)"},
    {"memcpy_to_page", Op::MemcpyToPage, Order::Plain, S::AsWritten, R::Nothing,
     By::ScenarioThread, {Value, Value}, "memcpy_to_page(r0, 2)"},
    {"memcpy_from_page", Op::MemcpyFromPage, Order::Plain, S::AsWritten, R::Value,
     By::ScenarioThread, {Value}, "memcpy_from_page(r0)"},
    {"schedule", Op::Schedule, Order::Plain, S::AsWritten, R::Nothing, By::ProcessThread, {},
     "schedule()"},
    {"yield", Op::Yield, Order::Plain, S::AsWritten, R::Nothing, By::ProcessThread, {},
     "yield()"},
    {"fdatasync", Op::Fdatasync, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Parameter::File}, "fdatasync(f)"},
    {"fsync", Op::Fsync, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Parameter::File}, "fsync(f)"},
    {"posix_fadvise", Op::PosixFadvise, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Parameter::File, FileOffset, FileLength, FadviseAdvice},
     "posix_fadvise(f, 0, 4096, POSIX_FADV_DONTNEED)"},
    {"pread", Op::Pread, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Parameter::File, FileOffset}, "pread(f, 0)"},
    {"pwrite", Op::Pwrite, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Parameter::File, FileOffset, Value}, "pwrite(f, 0, 1)"},
    {"ftruncate", Op::Ftruncate, Order::Plain, S::AsWritten, R::Value, By::ProcessThread,
     {Parameter::File, FileOffset}, "ftruncate(f, 0)"},
    // Kernel activities.
    {"writeback", Op::Writeback, Order::Plain, S::AsWritten, R::Nothing, By::KernelThread,
     {Parameter::File}, "writeback(f)"},
    {"shrink_folio_list", Op::ShrinkFolioList, Order::Plain, S::AsWritten, R::Value,
     By::KernelThread, {Folios}, "shrink_folio_list(f)"},
    {"alloc_page", Op::AllocPage, Order::Plain, S::AsWritten, R::Value, By::KernelThread, {PageOf},
     "alloc_page(A:x)"},
    {"offline_pages", Op::OfflinePages, Order::Plain, S::AsWritten, R::Value, By::KernelThread,
     {PageOf}, "offline_pages(A:x)"},
    {"arch_remove_memory", Op::ArchRemoveMemory, Order::Plain, S::AsWritten, R::Nothing,
     By::KernelThread, {PageOf}, "arch_remove_memory(A:x)"},
    {"shrink_active_list", Op::ShrinkActiveList, Order::Plain, S::AsWritten, R::Value,
     By::KernelThread, {Folios}, "shrink_active_list(f)"},
    {"folio_referenced", Op::FolioReferenced, Order::Plain, S::AsWritten, R::Value,
     By::KernelThread, {Folios}, "folio_referenced(A:x)"},
    {"migrate_vma", Op::MigrateVma, Order::Plain, S::AsWritten, R::Nothing, By::KernelThread,
     {PageOf}, "migrate_vma(A:x)"},
    {"split_folio", Op::SplitFolio, Order::Plain, S::AsWritten, R::Value, By::KernelThread,
     {PageOf}, "split_folio(A:x)"},
    {"mem_cgroup_move_charge", Op::MemCgroupMoveCharge, Order::Plain, S::AsWritten, R::Nothing,
     By::KernelThread, {PageOf}, "mem_cgroup_move_charge(A:x)"},
    {"mem_cgroup_move_parent", Op::MemCgroupMoveParent, Order::Plain, S::AsWritten, R::Nothing,
     By::KernelThread, {PageOf}, "mem_cgroup_move_parent(A:x)"},
    {"rmap_walk_anon", Op::RmapWalkAnon, Order::Plain, S::AsWritten, R::Value, By::KernelThread,
     {PageOf}, "rmap_walk_anon(A:x)"},
    {"folio_get_anon_vma", Op::FolioGetAnonVma, Order::Plain, S::AsWritten, R::Value,
     By::KernelThread, {PageOf}, "folio_get_anon_vma(A:x)"},
    {"oom_kill_process", Op::OomKillProcess, Order::Plain, S::AsWritten, R::Nothing,
     By::KernelThread, {Parameter::Process}, "oom_kill_process(A)"},
};
// clang-format on

constexpr std::string_view kKeywords[] = {
    "if",          "else",   "while",    "for",       "do",       "goto",     "switch",
    "return",      "break",  "int",      "long",      "short",    "char",     "unsigned",
    "signed",      "bool",   "u8",       "u16",       "u32",      "u64",      "s32",
    "s64",         "size_t", "intptr_t", "uintptr_t", "volatile", "const",    "atomic_t",
    "spinlock_t",  "kernel", "int32_t",  "int64_t",   "struct",   "uint32_t", "uint64_t",
    "srcu_struct", "void",   "exists",   "forall",    "not",      "filter",   "locations",
    "expect"};

const CallSpec* find_exact(std::string_view name) {
  for (const CallSpec& call : kCalls) {
    if (call.name == name) {
      return &call;
    }
  }
  return nullptr;
}

bool is_ordered_rmw(const CallSpec& spec) {
  return spec.order == Order::Full && spec.result == Result::Value &&
         (spec.operation == Op::Exchange || spec.operation == Op::CompareExchange ||
          spec.operation == Op::FetchAdd || spec.operation == Op::AddReturn);
}

}  // namespace

std::size_t nr_parameters(const CallSpec& spec) {
  return static_cast<std::size_t>(std::find(spec.parameters.begin(), spec.parameters.end(), None) -
                                  spec.parameters.begin());
}

std::optional<CallSpec> find_call(std::string_view name) {
  if (const CallSpec* spec = find_exact(name)) {
    return *spec;
  }
  struct Suffix {
    std::string_view text;
    Order order;
  };
  constexpr Suffix kSuffixes[] = {
      {"_relaxed", Order::Relaxed}, {"_acquire", Order::Acquire}, {"_release", Order::Release}};
  for (const Suffix& suffix : kSuffixes) {
    if (!name.ends_with(suffix.text)) {
      continue;
    }
    const CallSpec* base = find_exact(name.substr(0, name.size() - suffix.text.size()));
    if (base == nullptr) {
      continue;
    }
    const bool is_plain_atomic = (base->name == "atomic_read" && suffix.order == Order::Acquire) ||
                                 (base->name == "atomic_set" && suffix.order == Order::Release);
    if (is_ordered_rmw(*base) || is_plain_atomic) {
      CallSpec spec = *base;
      spec.order = suffix.order;
      return spec;
    }
  }
  return std::nullopt;
}

const NamedConstant* find_constant(std::string_view name) {
  for (const NamedConstant& constant : kConstants) {
    if (constant.name == name) {
      return &constant;
    }
  }
  return nullptr;
}

std::vector<std::string_view> call_names() {
  std::vector<std::string_view> names;
  for (const CallSpec& call : kCalls) {
    names.push_back(call.name);
  }
  return names;
}

std::vector<std::string_view> constant_names() {
  std::vector<std::string_view> names;
  for (const NamedConstant& constant : kConstants) {
    names.push_back(constant.name);
  }
  return names;
}

bool is_reserved_name(std::string_view name) {
  return find_call(name).has_value() || find_constant(name) != nullptr ||
         std::find(std::begin(kKeywords), std::end(kKeywords), name) != std::end(kKeywords);
}

}  // namespace mmcheck::workload
