// SPDX-License-Identifier: Apache-2.0
// madvise(2), msync(2), mincore(2), mlock(2): arguments and errors. linux mm/madvise.c, mm/msync.c,
// mm/mincore.c, mm/mlock.c
#include <sys/mman.h>

#include <algorithm>

#include "mm/mlock.h"
#include "mm/mmap.h"
#include "mm/vma.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

constexpr std::uint64_t kPageMask = ~(kPageSizeBytes - 1);

/// Wraps around to 0.
std::uint64_t round_up(std::uint64_t bytes) { return (bytes + kPageSizeBytes - 1) & kPageMask; }

enum class Advice : std::uint8_t {
  Unknown,
  Unsupported,
  Hint,
  Cold,
  Fork,
  DontNeed,
  Free,
  Read,
  Write
};

Advice advice_of(int advice) {
  // Of the kernel's, which the C library may not know.
  enum : std::uint8_t { kPopulateRead = 22, kPopulateWrite = 23, kLast = 25 };
  switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
      return Advice::Hint;
    case MADV_COLD:
      return Advice::Cold;
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
      return Advice::Fork;
    case MADV_DONTNEED:
      return Advice::DontNeed;
    case MADV_FREE:
      return Advice::Free;
    case kPopulateRead:
      return Advice::Read;
    case kPopulateWrite:
      return Advice::Write;
    default:
      // 5 to 7 have never been; 100, 101: MADV_HWPOISON, MADV_SOFT_OFFLINE.
      const bool is_one = (advice >= 0 && advice <= kLast && (advice < 5 || advice > 7)) ||
                          advice == 100 || advice == 101;
      return is_one ? Advice::Unsupported : Advice::Unknown;
  }
}

}  // namespace

// linux v6.12 mm/madvise.c: madvise_dontneed_free_valid_vma, madvise_free_single_vma
// differs: a few pages at a time, with mmap_lock dropped in between.
std::int64_t Kernel::Impl::madvise_free(mm::thread& task, const PageRange& pages) {
  if (!features_.lazyfree) {
    Features features = features_;
    features.lazyfree = true;
    need(features);
  }
  const mm::MappedRange range = mm::check_range(task, pages.first, pages.end, [](const auto& vma) {
    return vma.kind == mm::VmaKind::Anonymous && !vma.vm_locked;
  });
  for (unsigned page = pages.first; page < range.end; page += mm::kPagesMax) {
    mm::sys_madvise_free(task, page, std::min(page + mm::kPagesMax, range.end));
  }
  if (range.end < pages.end) return -EINVAL;
  return range.whole ? 0 : -ENOMEM;
}

// linux v6.12 mm/madvise.c: madvise_cold, can_madv_lru_vma
// differs: nothing here depends on which list a page is on.
std::int64_t Kernel::Impl::madvise_cold(mm::thread& task, const PageRange& pages) {
  const mm::MappedRange range =
      mm::check_range(task, pages.first, pages.end, [](const auto& vma) { return !vma.vm_locked; });
  if (range.end < pages.end) return -EINVAL;
  return range.whole ? 0 : -ENOMEM;
}

// linux v6.12 mm/madvise.c: madvise_vma_behavior
std::int64_t Kernel::Impl::madvise_fork(mm::thread& task, const PageRange& pages, int advice) {
  const auto wanted = [&](const mm::vm_area_struct& vma) {
    return advice != MADV_WIPEONFORK || vma.kind == mm::VmaKind::Anonymous;
  };
  return mm::sys_madvise_update(task, pages.first, pages.end, wanted, [&](mm::vm_area_struct& vma) {
    if (advice == MADV_DONTFORK) vma.dont_copy = true;
    if (advice == MADV_DOFORK) vma.dont_copy = false;
    if (advice == MADV_WIPEONFORK) vma.wipe_on_fork = true;
    if (advice == MADV_KEEPONFORK) vma.wipe_on_fork = false;
  });
}

// linux v6.12 mm/madvise.c: madvise_populate; mm/gup.c: faultin_page_range
std::int64_t Kernel::Impl::madvise_populate(mm::thread& task, const PageRange& pages,
                                            machine::AccessKind kind) {
  const bool store = kind == machine::AccessKind::Store;
  for (unsigned page = pages.first; page < pages.end; ++page) {
    const mm::MappedRange range = mm::check_range(task, page, page + 1, [&](const auto& vma) {
      const mm::vm_flags_t flags = mm::vm_flags_of(task, vma);
      if (store) return (flags & mm::kVmWrite) != 0;
      return (flags & mm::kVmRead) != 0 && (flags & mm::kVmNoRead) == 0;
    });
    if (!range.whole) return -ENOMEM;
    if (range.end == page) return -EINVAL;
    switch (mm::faultin_page(task, page, kind)) {
      case mm::FaultResult::Done:
        break;
      case mm::FaultResult::Sigbus:
        return -EFAULT;
      case mm::FaultResult::Sigsegv:
        return -EINVAL;  // Somebody has changed the protection meanwhile.
    }
  }
  return 0;
}

// linux v6.12 mm/madvise.c: do_madvise
std::int64_t Kernel::Impl::madvise(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                                   int advice) {
  const Advice what = advice_of(advice);
  if (what == Advice::Unknown || addr % kPageSizeBytes != 0) return -EINVAL;
  const std::uint64_t bytes = round_up(length);
  if ((length != 0 && bytes == 0) || addr + bytes < addr) return -EINVAL;
  if (bytes == 0) return 0;
  const PageRange pages = range_of(addr, bytes);
  std::int64_t error = 0;
  switch (what) {
    case Advice::DontNeed:
      error = mm::sys_madvise_dontneed(task, pages.first, pages.end);
      break;
    case Advice::Free:
      error = madvise_free(task, pages);
      break;
    case Advice::Read:
      error = madvise_populate(task, pages, machine::AccessKind::Load);
      break;
    case Advice::Write:
      error = madvise_populate(task, pages, machine::AccessKind::Store);
      break;
    case Advice::Hint:
      error = mm::check_range(task, pages.first, pages.end, [](const auto&) { return true; }).whole
                  ? 0
                  : -ENOMEM;
      break;
    case Advice::Fork:
      error = madvise_fork(task, pages, advice);
      break;
    case Advice::Cold:
      error = madvise_cold(task, pages);
      break;
    case Advice::Unsupported:
    case Advice::Unknown:
      throw InputError("madvise(): the model does not know the advice " + std::to_string(advice));
  }
  return error == 0 && !pages.whole ? -ENOMEM : error;
}

// linux v6.12 mm/msync.c
std::int64_t Kernel::Impl::msync(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                                 int flags) {
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0 || addr % kPageSizeBytes != 0) {
    return -EINVAL;
  }
  if ((flags & MS_ASYNC) != 0 && (flags & MS_SYNC) != 0) return -EINVAL;
  const std::uint64_t bytes = round_up(length);
  if (addr + bytes < addr) return -ENOMEM;
  if (bytes == 0) return 0;
  const PageRange pages = range_of(addr, bytes);
  if ((flags & MS_INVALIDATE) != 0) {
    const mm::MappedRange range = mm::check_range(task, pages.first, pages.end,
                                                  [](const auto& vma) { return !vma.vm_locked; });
    if (range.end < pages.end) return -EBUSY;  // differs: before the pages in front are written.
  }
  const bool mapped =
      (flags & MS_SYNC) != 0
          ? fs::sys_msync(task, pages.first, pages.end)
          : mm::check_range(task, pages.first, pages.end, [](const auto&) { return true; }).whole;
  return mapped && pages.whole ? 0 : -ENOMEM;
}

// linux v6.12 mm/mincore.c
std::int64_t Kernel::Impl::mincore(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                                   std::span<std::uint8_t> out) {
  if (addr % kPageSizeBytes != 0) return -EINVAL;
  if (length == 0) return 0;
  if (addr + length < addr) return -ENOMEM;
  const PageRange pages = range_of(addr, round_up(length));
  if (out.size() < pages.end - pages.first) throw InternalError("mincore: no room for the answer");
  if (!is_user(addr)) return -ENOMEM;
  const int error = mm::sys_mincore(task, pages.first, pages.end, out);
  return error == 0 && !pages.whole ? -ENOMEM : error;
}

namespace {

/// mlock(2) and munlock(2) mean all pages of which a byte is in the range.
struct Bytes {
  std::uint64_t addr = 0;
  std::uint64_t length = 0;
};
Bytes whole_pages(std::uint64_t addr, std::uint64_t length) {
  return {addr & kPageMask, round_up(length + addr % kPageSizeBytes)};
}

}  // namespace

// linux v6.12 mm/mlock.c: do_mlock, __mlock_posix_error_return
// differs: without RLIMIT_MEMLOCK; there is no reclaim for which it would matter on which list a
// page is, so it stays where it is.
std::int64_t Kernel::Impl::mlock(mm::thread& task, std::uint64_t addr, std::uint64_t length) {
  const Bytes bytes = whole_pages(addr, length);
  if (bytes.addr + bytes.length < bytes.addr) return -EINVAL;
  if (bytes.length == 0) return 0;
  const PageRange pages = range_of(bytes.addr, bytes.length);
  if (!is_user(bytes.addr)) return -ENOMEM;
  if (!mm::mark_locked(task, pages.first, pages.end, mm::VmLock::Now) || !pages.whole)
    return -ENOMEM;
  const bool populated = mm::mm_populate(task, pages.first, pages.end) == mm::FaultResult::Done;
  return populated ? 0 : -ENOMEM;
}

std::int64_t Kernel::Impl::munlock(mm::thread& task, std::uint64_t addr, std::uint64_t length) {
  const Bytes bytes = whole_pages(addr, length);
  if (bytes.addr + bytes.length < bytes.addr) return -EINVAL;
  if (bytes.length == 0) return 0;
  const PageRange pages = range_of(bytes.addr, bytes.length);
  if (!is_user(bytes.addr)) return -ENOMEM;
  return mm::mark_locked(task, pages.first, pages.end, mm::VmLock::None) && pages.whole ? 0
                                                                                        : -ENOMEM;
}

}  // namespace mmcheck::syscall
