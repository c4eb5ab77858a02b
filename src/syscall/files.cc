// SPDX-License-Identifier: Apache-2.0
// Names, descriptors and open files. linux fs/open.c, fs/file.c, fs/file_table.c, fs/namei.c
//
// differs: one folder, with regular files only, which everybody may read and write; one lock for
// names and descriptors, taken for one step.
#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

constexpr unsigned kNone = ~0u;

/// Flags that change nothing here.
constexpr int kIgnored = O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | O_LARGEFILE;
constexpr int kKnown = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_DIRECTORY | kIgnored;

}  // namespace

void Kernel::Impl::want_file_pages(std::uint64_t bytes) const {
  const std::uint64_t pages = (bytes + kPageSizeBytes - 1) / kPageSizeBytes;
  if (pages <= room_.file_pages) return;
  if (pages > explore::kObjectsMaxOfAll) {
    throw InputError("too large for the model: a file of " + std::to_string(pages) + " pages");
  }
  Room room = room_;
  room.file_pages = std::max(2 * room.file_pages, static_cast<unsigned>(pages));
  // What grows step by step grows further; what is as large as it is wanted has room at once.
  if (pages > 2 * room_.file_pages) room.file_pages = static_cast<unsigned>(pages);
  need(room);
}

unsigned Kernel::Impl::find_inode(std::string_view path) const {
  for (unsigned i = 0; i < inodes_.size(); ++i) {
    if (inodes_[i].used && inodes_[i].linked && inodes_[i].path == path) return i;
  }
  return kNone;
}

/// [vfs_, written by the current step]
unsigned Kernel::Impl::new_inode(std::string_view path, bool shmem) {
  const auto place =
      std::find_if(inodes_.begin(), inodes_.end(), [](const Inode& inode) { return !inode.used; });
  if (place == inodes_.end()) {
    Room room = room_;
    room.files *= 2;
    need(room);
  }
  *place = {.path = std::string(path), .used = true, .linked = !path.empty()};
  const auto number = static_cast<unsigned>(place - inodes_.begin());
  system_.files[number].is_shmem = shmem;
  return number;
}

/// A descriptor for the file. [vfs_, written by the current step]
/// linux v6.12 fs/file.c: alloc_fd, fd_install
std::int64_t Kernel::Impl::install(mm::thread& task, unsigned inode, int flags) {
  auto& fds = process_of(task).fds;
  const auto place = std::find(fds.begin(), fds.end(), 0);
  const auto file = std::find_if(open_files_.begin(), open_files_.end(),
                                 [](const OpenFile& open) { return !open.used; });
  if (place == fds.end()) throw InputError("more descriptors than the model has room for");
  if (file == open_files_.end()) {
    Room room = room_;
    room.files *= 2;
    need(room);
  }
  file->used = true;
  file->inode = inode;
  file->flags = flags;
  file->f_count.write(1);
  file->f_pos.write(0);
  file->reads_from = file->writes_to = 0;
  if (inode != kNoInode) ++inodes_[inode].opens;
  *place = static_cast<std::uint8_t>(file - open_files_.begin() + 1);
  return kFirstFd + (place - fds.begin());
}

/// In the one folder that there is besides: of a tmpfs. Other file systems need not know O_TMPFILE.
/// linux v6.12 fs/namei.c: vfs_tmpfile
std::int64_t Kernel::Impl::open_tmpfile(mm::thread& task, std::string_view folder, int flags) {
  if ((flags & O_ACCMODE) == O_RDONLY) return -EINVAL;
  task.x().step({.format = "open(O_TMPFILE)"});
  if (folder != "/dev/shm") return -EOPNOTSUPP;
  vfs_.write(vfs_.read_last() + 1);
  return install(task, new_inode({}, /*shmem=*/true), flags & O_ACCMODE);
}

// linux v6.12 fs/namei.c: path_openat, do_open
std::int64_t Kernel::Impl::open(mm::thread& task, std::string_view path, int flags) {
  if ((flags & O_TMPFILE) == O_TMPFILE) return open_tmpfile(task, path, flags);
  if ((flags & ~kKnown) != 0) throw InputError("open(): of its flags the model does not know all");
  task.x().step({.format = "open()"});
  vfs_.write(vfs_.read_last() + 1);
  unsigned inode = find_inode(path);
  if (path.empty()) return -ENOENT;
  const bool create = (flags & O_CREAT) != 0;
  if (create && (flags & O_DIRECTORY) != 0) return -EINVAL;
  if (inode != kNone && create && (flags & O_EXCL) != 0) return -EEXIST;
  if (inode == kNone && !create) return -ENOENT;
  if (inode != kNone && (flags & O_DIRECTORY) != 0) return -ENOTDIR;
  const bool is_new = inode == kNone;
  if (is_new) inode = new_inode(path, /*shmem=*/false);
  const std::int64_t fd = install(task, inode, flags);
  if (!is_new && (flags & O_TRUNC) != 0) truncate(task, system_.files[inode], 0);
  return fd;
}

// linux v6.12 mm/memfd.c: memfd_create
std::int64_t Kernel::Impl::memfd_create(mm::thread& task, std::string_view name, unsigned flags) {
  constexpr unsigned kSealsOnly = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  if ((flags & MFD_HUGETLB) != 0) throw InputError("memfd_create(): MFD_HUGETLB");
  constexpr std::size_t kNameMax = 249;
  if ((flags & ~kSealsOnly) != 0 || name.size() > kNameMax) return -EINVAL;
  task.x().step({.format = "memfd_create()"});
  vfs_.write(vfs_.read_last() + 1);
  return install(task, new_inode({}, /*shmem=*/true), O_RDWR);
}

// linux v6.12 fs/file.c: __fget_light
OpenFile* Kernel::Impl::fdget(mm::thread& task, int fd) {
  task.x().step({.format = "fdget({})",
                 .args = {machine::arg(static_cast<std::uint64_t>(static_cast<unsigned>(fd)))},
                 .detail = mm::Detail::Minor});
  static_cast<void>(vfs_.read());
  if (!is_file(number_of(task), fd)) return nullptr;
  OpenFile& file = open_files_[process_of(task).fds[static_cast<unsigned>(fd - kFirstFd)] - 1u];
  file.f_count.commute(file.f_count.peek() + 1);
  return &file;
}

bool Kernel::Impl::is_file(unsigned t, int fd) const {
  const mm::mm_struct* mm = system_.threads[t].mm;
  const auto number = static_cast<unsigned>(fd - kFirstFd);
  return mm != nullptr && fd >= kFirstFd && number < Process::kFdsMax &&
         processes_[mm->id].fds[number] != 0;
}

// linux v6.12 include/linux/file.h: fdput; fs/file_table.c: __fput
void Kernel::Impl::fdput(mm::thread& task, OpenFile& file) {
  const int count = file.f_count.read() - 1;
  file.f_count.write(count);
  if (count != 0) return;
  task.x().step({.format = "__fput()", .detail = mm::Detail::Minor});
  vfs_.write(vfs_.read_last() + 1);
  drop(file);
  evict_unused(task);
}

/// Nobody has it any more. [vfs_, written by the current step]
void Kernel::Impl::drop(OpenFile& file) {
  file.used = false;
  if (is_pipe(file)) return release_pipe(file);
  --inodes_[file.inode].opens;
}

/// Files that nobody can come to any more are gone, with their pages. Begins in the current step.
void Kernel::Impl::evict_unused(mm::thread& task) {
  static_cast<void>(vfs_.read());
  const auto unused = [](const Inode& inode) {
    return inode.used && !inode.linked && inode.opens == 0;
  };
  for (unsigned i = 0; i < inodes_.size(); ++i) {
    if (!unused(inodes_[i])) continue;
    mm::address_space& mapping = system_.files[i];
    mapping.i_mmap_rwsem.down_read(task, {.format = "iput(): i_mmap_lock_read()"});
    const bool mapped = !mapping.i_mmap.empty();
    mapping.i_mmap_rwsem.up_read(task, {.format = "iput(): mapped?"});
    vfs_.write(vfs_.read_last() + 1);
    if (mapped || !unused(inodes_[i])) continue;
    inodes_[i].opens = 1;  // Somebody else who comes by leaves it to this thread.
    fs::evict_inode(task, mapping);
    task.x().step({.format = "evict()", .detail = mm::Detail::Minor});
    vfs_.write(vfs_.read_last() + 1);
    inodes_[i] = {};
  }
}

std::int64_t Kernel::Impl::close(mm::thread& task, int fd) {
  task.x().step({.format = "close({})",
                 .args = {machine::arg(static_cast<std::uint64_t>(static_cast<unsigned>(fd)))}});
  vfs_.write(vfs_.read_last() + 1);
  if (!is_file(number_of(task), fd)) return -EBADF;
  std::uint8_t& slot = process_of(task).fds[static_cast<unsigned>(fd - kFirstFd)];
  OpenFile& file = open_files_[slot - 1u];
  slot = 0;
  fdput(task, file);
  return 0;
}

std::int64_t Kernel::Impl::dup(mm::thread& task, int fd) {
  task.x().step({.format = "dup({})",
                 .args = {machine::arg(static_cast<std::uint64_t>(static_cast<unsigned>(fd)))}});
  vfs_.write(vfs_.read_last() + 1);
  if (!is_file(number_of(task), fd)) return -EBADF;
  auto& fds = process_of(task).fds;
  const auto place = std::find(fds.begin(), fds.end(), 0);
  if (place == fds.end()) throw InputError("more descriptors than the model has room for");
  *place = fds[static_cast<unsigned>(fd - kFirstFd)];
  Cell<int>& f_count = open_files_[*place - 1u].f_count;
  f_count.commute(f_count.peek() + 1);
  return kFirstFd + (place - fds.begin());
}

std::int64_t Kernel::Impl::unlink(mm::thread& task, std::string_view path) {
  task.x().step({.format = "unlink()"});
  vfs_.write(vfs_.read_last() + 1);
  const unsigned inode = find_inode(path);
  if (inode == kNone) return -ENOENT;
  inodes_[inode].linked = false;
  evict_unused(task);
  return 0;
}

/// linux v6.12 fs/file.c: exit_files, close_files
void Kernel::Impl::exit_files(mm::thread& task) {
  task.x().step({.format = "exit_files()", .detail = mm::Detail::Minor});
  vfs_.write(vfs_.read_last() + 1);
  for (std::uint8_t& slot : process_of(task).fds) {
    if (slot == 0) continue;
    OpenFile& file = open_files_[slot - 1u];
    slot = 0;
    const int count = file.f_count.read() - 1;
    file.f_count.write(count);
    if (count == 0) drop(file);
  }
  evict_unused(task);
}

}  // namespace mmcheck::syscall
