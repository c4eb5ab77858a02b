// SPDX-License-Identifier: Apache-2.0
// mmap(2), munmap(2), mprotect(2), mremap(2): arguments and errors. linux mm/mmap.c, mm/mprotect.c,
// mm/mremap.c
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "mm/mmap.h"
#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

/// linux v6.12 arch/x86/include/asm/page_64_types.h: TASK_SIZE, with four levels
constexpr std::uint64_t kTaskSize = (std::uint64_t{1} << 47) - kPageSizeBytes;

/// Flags of mmap() that change nothing here.
constexpr int kIgnored = MAP_NORESERVE | MAP_STACK | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_NONBLOCK;
constexpr int kKnown = MAP_TYPE | MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS | MAP_POPULATE |
                       MAP_LOCKED | kIgnored;

bool is_aligned(std::uint64_t bytes) { return bytes % kPageSizeBytes == 0; }
/// Wraps around to 0, as PAGE_ALIGN does.
std::uint64_t page_align(std::uint64_t bytes) {
  return (bytes + kPageSizeBytes - 1) & ~(kPageSizeBytes - 1);
}

/// x86 has no pages that can only be written, or only executed.
/// linux v6.12 arch/x86/mm/pgprot.c: protection_map; arch/x86/mm/fault.c: access_error
mm::vm_flags_t vm_flags_of(int prot) {
  mm::vm_flags_t flags = 0;
  if ((prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) != 0) flags |= mm::kVmRead;
  if ((prot & PROT_WRITE) != 0) flags |= mm::kVmWrite;
  if ((prot & PROT_EXEC) != 0) flags |= mm::kVmExec;
  if (flags != 0 && (prot & PROT_READ) == 0) flags |= mm::kVmNoRead;
  return flags;
}

/// What mmap() says of the type of a mapping, and of a file that does not allow it.
/// linux v6.12 mm/mmap.c: do_mmap; include/linux/mman.h: LEGACY_MAP_MASK
int error_of_type(const OpenFile* file, int prot, int flags) {
  const int type = flags & MAP_TYPE;
  if (file == nullptr) return type == MAP_SHARED || type == MAP_PRIVATE ? 0 : -EINVAL;
  const int mode = file->flags & O_ACCMODE;
  if (type == MAP_SHARED_VALIDATE && (flags & (~kKnown | MAP_FIXED_NOREPLACE)) != 0) {
    return -EOPNOTSUPP;
  }
  const bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
  if (!shared && type != MAP_PRIVATE) return -EINVAL;
  if (shared && (prot & PROT_WRITE) != 0 && mode == O_RDONLY) return -EACCES;
  return mode == O_WRONLY ? -EACCES : 0;
}

bool is_mapped(mm::thread& task, const mm::MmapRequest& request) {
  const unsigned end = request.first_page + request.nr_pages;
  const auto none = [](const mm::vm_area_struct&) { return false; };
  return mm::check_range(task, request.first_page, end, none).end < end;
}

}  // namespace

PageRange Kernel::Impl::range_of(std::uint64_t addr, std::uint64_t length) const {
  const std::uint64_t end = addr + length;
  const std::uint64_t space_end = kUserBase + bytes_of_space();
  const std::uint64_t begin = std::clamp(addr, kUserBase, space_end);
  const std::uint64_t stop = std::clamp(end, begin, space_end);
  return {.first = static_cast<unsigned>((begin - kUserBase) / kPageSizeBytes),
          .end = static_cast<unsigned>((stop - kUserBase) / kPageSizeBytes),
          .whole = begin == addr && stop == end};
}

/// linux v6.12 mm/mmap.c: __get_unmapped_area; `length` is whole pages. Returns 0 or an error.
std::int64_t Kernel::Impl::check_place(std::uint64_t addr, std::uint64_t length, int flags,
                                       mm::MmapRequest& request) const {
  if (length > kTaskSize) return -ENOMEM;
  const auto room_for = [&](std::uint64_t bytes) {
    if (bytes <= bytes_of_space()) return;
    if (bytes / kPageSizeBytes > explore::kObjectsMaxOfAll) {
      throw InputError("mmap(): " + std::to_string(bytes) + " bytes are too many for the model");
    }
    Room room = room_;
    while (room.pages * kPageSizeBytes < bytes) room.pages *= 2;
    need(room);
  };
  room_for(length);
  request.nr_pages = static_cast<unsigned>(length / kPageSizeBytes);
  const bool no_replace = (flags & MAP_FIXED_NOREPLACE) != 0;
  if ((flags & MAP_FIXED) != 0 || no_replace) {
    if (addr > kTaskSize - length) return -ENOMEM;
    if (!is_aligned(addr)) return -EINVAL;
    if (addr < kUserBase || addr - kUserBase > explore::kObjectsMaxOfAll * kPageSizeBytes) {
      throw InputError("mmap(): MAP_FIXED outside the addresses of the model");
    }
    room_for(addr + length - kUserBase);
    request.place = no_replace ? mm::MmapPlace::FixedNoReplace : mm::MmapPlace::Fixed;
  } else if (addr &= ~(kPageSizeBytes - 1); is_user(addr)) {  // round_hint_to_min()
    request.place = mm::MmapPlace::Hint;
  } else {
    return 0;
  }
  request.first_page = static_cast<unsigned>((addr - kUserBase) / kPageSizeBytes);
  return 0;
}

/// Part of mmap(2) that the file has a say in, and the call itself.
/// linux v6.12 mm/mmap.c: do_mmap
std::int64_t Kernel::Impl::map(mm::thread& task, mm::MmapRequest& request, OpenFile* file, int prot,
                               int flags) {
  const int type = flags & MAP_TYPE;
  if (const int error = error_of_type(file, prot, flags); error != 0) {
    const bool no_replace = request.place == mm::MmapPlace::FixedNoReplace;
    return no_replace && is_mapped(task, request) ? -EEXIST : error;
  }
  if (file != nullptr) {
    const int mode = file->flags & O_ACCMODE;
    const bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
    request.kind = shared ? mm::VmaKind::SharedFile : mm::VmaKind::PrivateFile;
    request.may_write = !shared || mode != O_RDONLY;
    request.file = &pages_of(*file);
  } else if (type == MAP_SHARED) {  // linux v6.12 mm/shmem.c: shmem_zero_setup
    want_file_pages(request.nr_pages * kPageSizeBytes);
    task.x().step({.format = "shmem_zero_setup()", .detail = mm::Detail::Minor});
    vfs_.write(vfs_.read_last() + 1);
    const unsigned inode = new_inode({}, /*shmem=*/true);
    inodes_[inode].opens = 1;  // Until it is mapped.
    request.kind = mm::VmaKind::SharedFile;
    request.pgoff = 0;
    request.file = &system_.files[inode];
    request.file->i_size.write(request.nr_pages * kPageSizeBytes);
    const std::int64_t page = mm::sys_mmap(task, request);
    vfs_.write(vfs_.read_last() + 1);  // Part of the last step.
    inodes_[inode].opens = 0;
    return page;
  } else {
    request.kind = mm::VmaKind::Anonymous;
  }
  return mm::sys_mmap(task, request);
}

std::int64_t Kernel::Impl::mmap(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                                int prot, int flags, int fd, std::int64_t offset) {
  const bool anonymous = (flags & MAP_ANONYMOUS) != 0;
  if (!is_aligned(static_cast<std::uint64_t>(offset))) return -EINVAL;
  if ((flags & MAP_HUGETLB) != 0) return -EINVAL;  // As without CONFIG_HUGETLBFS.
  if ((flags & ~kKnown) != 0 && (flags & MAP_TYPE) != MAP_SHARED_VALIDATE) {
    throw InputError("mmap(): of its flags the model does not know all");
  }
  const auto call = [&](OpenFile* file) -> std::int64_t {
    if (length == 0) return -EINVAL;
    const std::uint64_t bytes = page_align(length);
    if (bytes == 0) return -ENOMEM;
    const std::uint64_t pgoff = static_cast<std::uint64_t>(offset) / kPageSizeBytes;
    if (pgoff + bytes / kPageSizeBytes < pgoff) return -EOVERFLOW;
    mm::MmapRequest request;
    if (const std::int64_t error = check_place(addr, bytes, flags, request); error != 0) {
      return error;
    }
    if (file != nullptr && pgoff + request.nr_pages > explore::kObjectsMaxOfAll) {
      throw InputError("mmap(): the offset is too large for the model");
    }
    request.pgoff = static_cast<unsigned>(file == nullptr ? 0 : pgoff);
    request.flags = vm_flags_of(prot);
    if (request.flags != (mm::kVmRead | mm::kVmWrite) && !features_.protection) {
      Features features = features_;
      features.protection = true;
      need(features);
    }
    if (denies_write_exec(task, request.flags, request.flags)) return -EACCES;
    const std::int64_t page = map(task, request, file, prot, flags);
    if (page < 0) return page;
    evict_unused(task);
    const auto first = static_cast<unsigned>(page);
    const std::uint64_t at = kUserBase + static_cast<std::uint64_t>(page) * kPageSizeBytes;
    lock_new(task, first, first + request.nr_pages);
    if ((flags & MAP_LOCKED) != 0) {
      static_cast<void>(mlock(task, at, bytes));
    } else if ((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE && request.flags != 0) {
      static_cast<void>(mm::mm_populate(task, first, first + request.nr_pages));
    }
    return static_cast<std::int64_t>(at);
  };
  if (anonymous) return call(nullptr);
  return with_file(task, fd, [&](OpenFile& file) { return call(&file); });
}

// linux v6.12 mm/vma.c: do_vmi_munmap
std::int64_t Kernel::Impl::munmap(mm::thread& task, std::uint64_t addr, std::uint64_t length) {
  if (!is_aligned(addr) || addr > kTaskSize || length > kTaskSize - addr) return -EINVAL;
  if (length == 0) return -EINVAL;
  const PageRange pages = range_of(addr, page_align(length));
  if (pages.first == pages.end) return 0;
  mm::sys_munmap(task, pages.first, pages.end);
  evict_unused(task);
  return 0;
}

namespace {

/// Private memory that is locked, of which a store would make copies from now on.
/// linux v6.12 mm/mprotect.c: mprotect_fixup
bool is_locked_and_read_only(mm::thread& task, const PageRange& pages) {
  const mm::MappedRange others =
      mm::check_range(task, pages.first, pages.end, [&task](const mm::vm_area_struct& vma) {
        const bool writable = (mm::vm_flags_of(task, vma) & mm::kVmWrite) != 0;
        return !vma.vm_locked || vma.kind == mm::VmaKind::SharedFile || writable;
      });
  return others.end < pages.end;
}

/// Takes mmap_lock.
bool is_locked(mm::thread& task, unsigned page) {
  const auto unlocked = [](const mm::vm_area_struct& vma) { return !vma.vm_locked; };
  return mm::check_range(task, page, page + 1, unlocked).end == page;
}

}  // namespace

// linux v6.12 mm/mprotect.c: do_mprotect_pkey
// differs: mmap_lock is dropped before locked memory is populated.
std::int64_t Kernel::Impl::mprotect(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                                    int prot) {
  if ((prot & (PROT_GROWSDOWN | PROT_GROWSUP)) != 0) throw InputError("mprotect(): PROT_GROWSDOWN");
  constexpr int kSem = 8;  // PROT_SEM of the kernel
  if (!is_aligned(addr)) return -EINVAL;
  if (length == 0) return 0;
  const std::uint64_t bytes = page_align(length);
  if (addr + bytes <= addr) return -ENOMEM;
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | kSem)) != 0) return -EINVAL;
  const PageRange pages = range_of(addr, bytes);
  if (!is_user(addr)) return -ENOMEM;
  if (!features_.protection) {
    Features features = features_;
    features.protection = true;
    need(features);
  }
  if (denies_write_exec(task, pages, vm_flags_of(prot))) return -EACCES;
  const bool populate = (prot & PROT_WRITE) != 0 && is_locked_and_read_only(task, pages);
  const int error = mm::sys_mprotect(task, pages.first, pages.end, vm_flags_of(prot));
  for (unsigned page = pages.first; populate && page < pages.end; ++page) {
    if (is_locked(task, page)) static_cast<void>(mm::mm_populate(task, page, page + 1));
  }
  return error == 0 && !pages.whole ? -ENOMEM : error;
}

// linux v6.12 mm/mremap.c: mremap, mremap_to
std::int64_t Kernel::Impl::mremap(mm::thread& task, std::uint64_t old_addr,
                                  std::uint64_t old_length, std::uint64_t new_length, int flags,
                                  std::uint64_t new_addr) {
  constexpr int kDontUnmap = 4;  // MREMAP_DONTUNMAP
  const bool may_move = (flags & MREMAP_MAYMOVE) != 0;
  const bool fixed = (flags & MREMAP_FIXED) != 0;
  const bool keep = (flags & kDontUnmap) != 0;
  if ((flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | kDontUnmap)) != 0) return -EINVAL;
  if ((fixed || keep) && !may_move) return -EINVAL;
  if (keep && old_length != new_length) return -EINVAL;
  if (!is_aligned(old_addr)) return -EINVAL;
  const std::uint64_t old_bytes = page_align(old_length);
  const std::uint64_t new_bytes = page_align(new_length);
  if (new_bytes == 0) return -EINVAL;
  if (!is_user(old_addr)) return -EFAULT;
  if (old_bytes == 0) throw InputError("mremap(): of no pages, which makes a second mapping");
  const PageRange old_pages = range_of(old_addr, old_bytes);
  if (old_bytes > bytes_of_space() - (old_addr - kUserBase)) return -EFAULT;
  mm::MremapRequest request{.first_page = old_pages.first,
                            .old_pages = old_pages.end - old_pages.first,
                            .new_pages = 0,
                            .may_move = may_move,
                            .old = keep ? mm::MremapOld::Keep : mm::MremapOld::Unmap};
  mm::MmapRequest place;
  if (fixed || keep) {  // Also where the new address is a hint only.
    if (!is_aligned(new_addr)) return -EINVAL;
    if (new_bytes > kTaskSize || new_addr > kTaskSize - new_bytes) return -EINVAL;
    if (old_addr + old_bytes > new_addr && new_addr + new_bytes > old_addr) return -EINVAL;
  }
  const std::int64_t error = check_place(new_addr, new_bytes, fixed ? MAP_FIXED : 0, place);
  if (error != 0) return error;
  request.new_pages = place.nr_pages;
  if (fixed) request.new_page = place.first_page;
  const std::int64_t page = mm::sys_mremap(task, request);
  if (page < 0) return page;
  const auto first = static_cast<unsigned>(page);
  if (request.new_pages > request.old_pages && is_locked(task, first)) {
    static_cast<void>(mm::mm_populate(task, first + request.old_pages, first + request.new_pages));
  }
  evict_unused(task);
  return static_cast<std::int64_t>(kUserBase) + page * static_cast<std::int64_t>(kPageSizeBytes);
}

}  // namespace mmcheck::syscall
