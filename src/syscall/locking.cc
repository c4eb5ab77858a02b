// SPDX-License-Identifier: Apache-2.0
// mlock2(2), mlockall(2) and munlockall(2); prctl(2) with PR_SET_MDWE; process_mrelease(2);
// fallocate(2). linux mm/mlock.c, kernel/sys.c, mm/oom_kill.c, fs/open.c
#include <sys/mman.h>

#include "mm/mmap.h"
#include "mm/oom_kill.h"
#include "mm/vma.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

// Of the kernel's, which the C library may not know: <linux/prctl.h>.
constexpr unsigned long kRefuseExecGain = 1;
constexpr unsigned long kNoInherit = 2;

mm::VmLock lock_of(bool on_fault) { return on_fault ? mm::VmLock::OnFault : mm::VmLock::Now; }

}  // namespace

// linux v6.12 mm/mlock.c: mlock2
std::int64_t Kernel::Impl::mlock2(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                                  int flags) {
  if ((flags & ~MLOCK_ONFAULT) != 0) return -EINVAL;
  if (flags == 0) return mlock(task, addr, length);
  const std::uint64_t begin = addr & ~(kPageSizeBytes - 1);
  const std::uint64_t end = (addr + length + kPageSizeBytes - 1) & ~(kPageSizeBytes - 1);
  if (end < begin) return -EINVAL;
  if (end == begin) return 0;
  if (!is_user(begin)) return -ENOMEM;
  const PageRange pages = range_of(begin, end - begin);
  const bool whole = mm::mark_locked(task, pages.first, pages.end, mm::VmLock::OnFault);
  return whole && pages.whole ? 0 : -ENOMEM;
}

// linux v6.12 mm/mlock.c: mlockall. differs: without RLIMIT_MEMLOCK.
std::int64_t Kernel::Impl::mlockall(mm::thread& task, int flags) {
  constexpr int kAll = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
  if (flags == 0 || (flags & ~kAll) != 0 || flags == MCL_ONFAULT) return -EINVAL;
  const mm::VmLock lock = lock_of((flags & MCL_ONFAULT) != 0);
  process_of(task).lock_new = (flags & MCL_FUTURE) != 0 ? lock : mm::VmLock::None;
  if ((flags & MCL_CURRENT) == 0) return 0;
  mm::mark_all_locked(task, lock);
  if (lock == mm::VmLock::OnFault) return 0;
  for (const Mapping& mapping : mappings(task)) {
    const PageRange pages = range_of(mapping.begin, mapping.end - mapping.begin);
    static_cast<void>(mm::mm_populate(task, pages.first, pages.end));
  }
  return 0;
}

std::int64_t Kernel::Impl::munlockall(mm::thread& task) {
  process_of(task).lock_new = mm::VmLock::None;
  mm::mark_all_locked(task, mm::VmLock::None);
  return 0;
}

/// What mlockall(MCL_FUTURE) has asked for. linux v6.12 mm/mmap.c: do_mmap
/// differs: in a step after the one that maps.
void Kernel::Impl::lock_new(mm::thread& task, unsigned first_page, unsigned end_page) {
  const mm::VmLock lock = process_of(task).lock_new;
  if (lock == mm::VmLock::None) return;
  mm::mark_locked(task, first_page, end_page, lock);
  if (lock == mm::VmLock::Now) static_cast<void>(mm::mm_populate(task, first_page, end_page));
}

// linux v6.12 kernel/sys.c: prctl_set_mdwe
std::int64_t Kernel::Impl::set_mdwe(mm::thread& task, unsigned long bits) {
  if ((bits & ~(kRefuseExecGain | kNoInherit)) != 0 || bits == kNoInherit) return -EINVAL;
  task.x().step({.format = "prctl(PR_SET_MDWE)"});
  std::uint8_t& current = process_of(task).mdwe;
  if (current != 0 && current != bits) return -EPERM;
  current = static_cast<std::uint8_t>(bits);
  return 0;
}

std::int64_t Kernel::Impl::mdwe(mm::thread& task) {
  task.x().step({.format = "prctl(PR_GET_MDWE)"});
  return process_of(task).mdwe;
}

void Kernel::Impl::inherit_mdwe(mm::thread& task, unsigned process) {
  const std::uint8_t mdwe = process_of(task).mdwe;
  processes_[process].mdwe = (mdwe & kNoInherit) != 0 ? std::uint8_t{0} : mdwe;
  processes_[process].lock_new = mm::VmLock::None;
}

/// linux v6.12 include/linux/mman.h: map_deny_write_exec
bool Kernel::Impl::denies_write_exec(const mm::thread& task, mm::vm_flags_t old,
                                     mm::vm_flags_t wanted) const {
  if ((processes_[task.mm->id].mdwe & kRefuseExecGain) == 0) return false;
  if ((wanted & mm::kVmExec) == 0) return false;
  return (wanted & mm::kVmWrite) != 0 || (old & mm::kVmExec) == 0;
}

/// differs: of the first mapping of the range that it denies, those in front stay as they are.
bool Kernel::Impl::denies_write_exec(mm::thread& task, const PageRange& pages,
                                     mm::vm_flags_t wanted) {
  if (processes_[task.mm->id].mdwe == 0) return false;
  const mm::MappedRange range = mm::check_range(task, pages.first, pages.end, [&](const auto& vma) {
    return !denies_write_exec(task, mm::vm_flags_of(task, vma), wanted);
  });
  return range.end < pages.end;
}

// linux v6.12 mm/oom_kill.c: process_mrelease
std::int64_t Kernel::Impl::process_mrelease(mm::thread& task, unsigned process) {
  if (!features_.reap) {
    Features features = features_;
    features.reap = features.exit = true;
    need(features);
  }
  task.x().step(
      {.format = "process_mrelease(process {})", .args = {machine::arg(std::uint64_t{process})}});
  if (process >= room_.processes || processes_[process].state.read() != ProcessState::Alive) {
    return -ESRCH;
  }
  mm::mm_struct& mm = system_.mms[process];
  if (!mm.exiting.read()) return -EINVAL;
  mm::oom_kill_process(task, mm);
  return 0;
}

// linux v6.12 fs/open.c: vfs_fallocate. differs: blocks are not reserved, of which nobody can tell.
std::int64_t Kernel::Impl::fallocate(mm::thread& task, int fd, int mode, std::int64_t offset,
                                     std::int64_t length) {
  if (mode != 0) throw InputError("fallocate(): with a mode that is not 0");
  if (offset < 0 || length <= 0) return -EINVAL;
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    const auto end = static_cast<std::uint64_t>(offset) + static_cast<std::uint64_t>(length);
    if (!can_write(file)) return -EBADF;
    if (fs::i_size_read(task, pages_of(file)) < end) truncate(task, pages_of(file), end);
    return 0;
  });
}

}  // namespace mmcheck::syscall
