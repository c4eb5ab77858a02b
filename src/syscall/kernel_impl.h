// SPDX-License-Identifier: Apache-2.0
// What is behind Kernel. A file per kind of call.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "fs/filesystem.h"
#include "mm/memory.h"
#include "mm/mmap.h"
#include "mm/system.h"
#include "syscall/kernel.h"

namespace mmcheck::syscall {

using explore::Cell;

/// A file, with or without a name. Its pages are System::files' of the same number. [vfs_]
/// linux v6.12 include/linux/fs.h: inode
struct Inode {
  std::string path;
  bool used = false;
  bool linked = false;  ///< it has a name: i_nlink
  unsigned opens = 0;   ///< open files that it is of
};

/// linux v6.12 include/linux/fs.h: file
struct OpenFile {
  bool used = false;  ///< [vfs_]
  unsigned inode = 0;
  int flags = 0;
  // Of an end of a pipe, which has no inode: number of the pipe + 1, or 0.
  std::uint8_t reads_from = 0;
  std::uint8_t writes_to = 0;
  Cell<int> f_count;
  Cell<std::uint64_t> f_pos;  ///< [f_pos_lock]
  kernel::bit_lock f_pos_lock;
};

/// linux v6.12 include/linux/pipe_fs_i.h: pipe_inode_info
struct Pipe {
  bool used = false;     ///< [vfs_]
  bool packets = false;  ///< what was written at once is read at once
  unsigned readers = 0;  ///< open files [vfs_]
  unsigned writers = 0;
  std::deque<std::vector<std::byte>> written{};  ///< [readable]
  Cell<bool> readable;                           ///< there is something, or nobody is left to write
};

enum class ProcessState : std::uint8_t { Free, Alive, Zombie };

struct Process {
  static constexpr unsigned kFdsMax = 64;
  /// Numbers of open files + 1, or 0. [vfs_]
  std::array<std::uint8_t, kFdsMax> fds{};
  int status = 0;                          ///< [state]
  mm::VmLock lock_new = mm::VmLock::None;  ///< mlockall(MCL_FUTURE): mm->def_flags
  std::uint8_t mdwe = 0;                   ///< MMF_HAS_MDWE and MMF_HAS_MDWE_NO_INHERIT
  Cell<ProcessState> state;
};

/// The pages of a range of addresses, as far as they lie in the address space of the model.
struct PageRange {
  unsigned first = 0;
  unsigned end = 0;
  bool whole = true;  ///< all of them do
};

class Kernel::Impl final : public mm::ResourceMonitor, public mm::PageBytes {
 public:
  Impl(explore::Execution& execution, explore::Memory& memory, PageContents& contents,
       rules::Monitors& monitors, const design::Design& design, const Room& room,
       const Features& features);

  void start();
  void finished();

  // mm::ResourceMonitor, mm::PageBytes
  void exhausted(mm::Resource resource) override;
  std::uint64_t zero(std::uint64_t word, unsigned begin, unsigned end) override {
    return contents_.zero(word, begin, end);
  }

  /// What each call begins with. `call(task)` returns its result.
  template <typename Call>
  std::int64_t enter(unsigned t, Call call) {
    mm::thread& task = thread_of(t);
    if (take_signal(t)) return kKilled;
    mm::enter_kernel(task);
    return call(task);
  }

  // mappings.cc
  std::int64_t mmap(mm::thread& task, std::uint64_t addr, std::uint64_t length, int prot, int flags,
                    int fd, std::int64_t offset);
  std::int64_t munmap(mm::thread& task, std::uint64_t addr, std::uint64_t length);
  std::int64_t mprotect(mm::thread& task, std::uint64_t addr, std::uint64_t length, int prot);
  std::int64_t mremap(mm::thread& task, std::uint64_t old_addr, std::uint64_t old_length,
                      std::uint64_t new_length, int flags, std::uint64_t new_addr);
  // advice.cc
  std::int64_t madvise(mm::thread& task, std::uint64_t addr, std::uint64_t length, int advice);
  std::int64_t msync(mm::thread& task, std::uint64_t addr, std::uint64_t length, int flags);
  std::int64_t mincore(mm::thread& task, std::uint64_t addr, std::uint64_t length,
                       std::span<std::uint8_t> out);
  std::int64_t mlock(mm::thread& task, std::uint64_t addr, std::uint64_t length);
  std::int64_t munlock(mm::thread& task, std::uint64_t addr, std::uint64_t length);
  // locking.cc
  std::int64_t mlock2(mm::thread& task, std::uint64_t addr, std::uint64_t length, int flags);
  std::int64_t mlockall(mm::thread& task, int flags);
  std::int64_t munlockall(mm::thread& task);
  std::int64_t set_mdwe(mm::thread& task, unsigned long bits);
  std::int64_t mdwe(mm::thread& task);
  std::int64_t process_mrelease(mm::thread& task, unsigned process);
  std::int64_t fallocate(mm::thread& task, int fd, int mode, std::int64_t offset,
                         std::int64_t length);
  // pipes.cc
  std::int64_t pipe(mm::thread& task, std::array<int, 2>& fds);
  std::int64_t socketpair(mm::thread& task, int type, std::array<int, 2>& fds);
  // proc.cc
  std::span<const Mapping> mappings(mm::thread& task);
  PageUse look_at_page(mm::thread& task, std::uint64_t addr);
  // files.cc
  std::int64_t open(mm::thread& task, std::string_view path, int flags);
  std::int64_t memfd_create(mm::thread& task, std::string_view name, unsigned flags);
  std::int64_t close(mm::thread& task, int fd);
  std::int64_t dup(mm::thread& task, int fd);
  std::int64_t unlink(mm::thread& task, std::string_view path);
  bool is_file(unsigned t, int fd) const;
  // file_io.cc
  std::int64_t read(mm::thread& task, int fd, std::span<std::byte> out);
  std::int64_t write(mm::thread& task, int fd, std::span<const std::byte> in);
  std::int64_t pread(mm::thread& task, int fd, std::span<std::byte> out, std::int64_t offset);
  std::int64_t pwrite(mm::thread& task, int fd, std::span<const std::byte> in, std::int64_t offset);
  std::int64_t lseek(mm::thread& task, int fd, std::int64_t offset, int whence);
  std::int64_t ftruncate(mm::thread& task, int fd, std::int64_t length);
  std::int64_t fsync(mm::thread& task, int fd);
  std::int64_t posix_fadvise(mm::thread& task, int fd, std::int64_t offset, std::int64_t length,
                             int advice);
  std::int64_t file_size(mm::thread& task, int fd);
  // processes.cc
  std::int64_t fork(unsigned t, unsigned child);
  std::int64_t clone_thread(unsigned t, unsigned fresh);
  void exit_thread(unsigned t);
  void exit_group(unsigned t, int status);
  std::int64_t kill(unsigned t, unsigned process, int status);
  std::int64_t wait_process(unsigned t, unsigned process);
  explore::Guard started(unsigned t) const { return started_[t].is_not(0); }
  explore::Guard ended(unsigned process) const {
    return processes_[process].state.is_not(ProcessState::Alive);
  }
  unsigned process_of(unsigned t) const;
  unsigned free_thread() const;
  // usage.cc
  PageUse page_use(unsigned t, std::uint64_t addr);
  // access.cc
  bool is_user(std::uint64_t addr) const {
    return addr >= kUserBase && addr - kUserBase < bytes_of_space();
  }
  Fault load(unsigned t, std::uint64_t addr, std::span<std::byte> out);
  Fault store(unsigned t, std::uint64_t addr, std::span<const std::byte> in);
  Fault begin_store(unsigned t, std::uint64_t addr, unsigned bytes);
  void finish_store(unsigned t, std::span<const std::byte> in);
  std::uint64_t stored_before(unsigned t) const;

 private:
  /// A store that has been begun: a part for each page that it comes to.
  struct StorePart {
    mm::folio* page = nullptr;
    machine::Translation translation;
    Vaddr va{};
    unsigned bytes = 0;

    unsigned offset() const { return static_cast<unsigned>(to_bytes(va) % kPageSizeBytes); }
  };
  struct BegunStore {
    std::array<StorePart, 2> parts;
    unsigned nr_parts = 0;
  };

  // setup.cc
  void build_cpus();
  void build_files();
  void build_anon_vmas();
  void build_process(unsigned process);
  void build_vma_locks(mm::mm_struct& mm);
  void build_entries(mm::mm_struct& mm);
  void build_threads();
  void build_folios();

  std::uint64_t bytes_of_space() const { return std::uint64_t{room_.pages} * kPageSizeBytes; }
  PageRange range_of(std::uint64_t addr, std::uint64_t length) const;
  [[noreturn]] void need(const Room& room) const { throw OutOfRoom{room, features_}; }
  [[noreturn]] void need(const Features& features) const { throw OutOfRoom{room_, features}; }

  mm::thread& thread_of(unsigned t) {
    mm::thread& task = system_.threads[t];
    if (task.mm == nullptr) throw InternalError("a thread that has ended calls the kernel");
    return task;
  }
  bool take_signal(unsigned t);
  void end_thread(unsigned t);
  void join(unsigned t, unsigned process);
  Fault fault_of(unsigned t);
  Process& process_of(const mm::thread& task) { return processes_[task.mm->id]; }
  unsigned number_of(const mm::thread& task) const { return to_index(task.cpu->id()); }
  void forget_process(unsigned process);
  void exit_files(mm::thread& task);
  void list_mappings(mm::thread& task, std::vector<Mapping>& list) const;

  // Files. fdget() makes a step; fdput() is part of the current one, unless it was the last.
  OpenFile* fdget(mm::thread& task, int fd);
  void fdput(mm::thread& task, OpenFile& file);
  template <typename Call>
  std::int64_t with_file(mm::thread& task, int fd, Call call) {
    return with_any_file(task, fd, [&](OpenFile& file) -> std::int64_t {
      return is_pipe(file) ? -ESPIPE : static_cast<std::int64_t>(call(file));
    });
  }
  /// The same of pipes, too.
  template <typename Call>
  std::int64_t with_any_file(mm::thread& task, int fd, Call call) {
    OpenFile* file = fdget(task, fd);
    if (file == nullptr) return -EBADF;
    const std::int64_t result = call(*file);
    fdput(task, *file);
    return result;
  }
  static constexpr unsigned kNoInode = ~0u;
  static bool is_pipe(const OpenFile& file) { return file.inode == kNoInode; }
  static bool can_write(const OpenFile& file);
  unsigned new_pipe(bool packets);
  std::int64_t install_pipe(mm::thread& task, std::uint8_t from, std::uint8_t to);
  std::int64_t read_pipe(mm::thread& task, const OpenFile& file, std::span<std::byte> out);
  std::int64_t write_pipe(mm::thread& task, const OpenFile& file, std::span<const std::byte> in);
  void release_pipe(OpenFile& file);
  mm::address_space& pages_of(const OpenFile& file) { return system_.files[file.inode]; }
  unsigned find_inode(std::string_view path) const;
  unsigned new_inode(std::string_view path, bool shmem);
  std::int64_t open_tmpfile(mm::thread& task, std::string_view folder, int flags);
  std::int64_t install(mm::thread& task, unsigned inode, int flags);
  void drop(OpenFile& file);
  void evict_unused(mm::thread& task);
  void want_file_pages(std::uint64_t bytes) const;
  std::int64_t do_read(mm::thread& task, OpenFile& file, std::span<std::byte> out,
                       std::uint64_t pos);
  std::int64_t do_write(mm::thread& task, OpenFile& file, std::span<const std::byte> in,
                        std::uint64_t& pos);
  void truncate(mm::thread& task, mm::address_space& mapping, std::uint64_t size);

  // Mappings.
  void lock_new(mm::thread& task, unsigned first_page, unsigned end_page);
  void inherit_mdwe(mm::thread& task, unsigned process);
  bool denies_write_exec(const mm::thread& task, mm::vm_flags_t old, mm::vm_flags_t wanted) const;
  bool denies_write_exec(mm::thread& task, const PageRange& pages, mm::vm_flags_t wanted);
  std::int64_t check_place(std::uint64_t addr, std::uint64_t length, int flags,
                           mm::MmapRequest& request) const;
  std::int64_t map(mm::thread& task, mm::MmapRequest& request, OpenFile* file, int prot, int flags);
  std::int64_t madvise_free(mm::thread& task, const PageRange& pages);
  std::int64_t madvise_fork(mm::thread& task, const PageRange& pages, int advice);
  std::int64_t madvise_cold(mm::thread& task, const PageRange& pages);
  std::int64_t madvise_populate(mm::thread& task, const PageRange& pages, machine::AccessKind kind);

  const Room room_;
  const Features features_;
  PageContents& contents_;
  rules::Monitors& monitors_;
  mm::System system_;
  Cell<std::uint32_t> vfs_;             ///< read by who looks at names and descriptors
  Cell<std::uint32_t> processes_lock_;  ///< the same of free processes
  std::vector<Inode> inodes_;
  std::vector<OpenFile> open_files_;
  std::vector<Pipe> pipes_;
  std::vector<Process> processes_;
  std::vector<Cell<std::uint32_t>> started_;  ///< by thread: its process + 1, or 0
  std::array<BegunStore, machine::kCpusMax> begun_;
  std::array<std::vector<Mapping>, machine::kCpusMax> mappings_;  ///< by thread: as it has asked
};

}  // namespace mmcheck::syscall
