// SPDX-License-Identifier: Apache-2.0
// System calls as user space sees them: Linux's arguments, return values and errors, on the model.
//
// Constants of arguments are the host's own (<sys/mman.h>, <fcntl.h>); errors are its -errno. What
// the model cannot do is refused by an InputError that names the call, never answered wrongly.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "design/design.h"
#include "explore/execution.h"
#include "explore/memory.h"
#include "rules/monitors.h"
#include "syscall/contents.h"

namespace mmcheck::syscall {

/// What there is room for. All of it is made anew for each execution, so no more than is needed.
struct Room {
  unsigned threads = 2;      ///< CPUs: each thread has one of its own
  unsigned processes = 1;    ///< at a time
  unsigned pages = 64;       ///< of the address space of a process
  unsigned frames = 32;      ///< of memory: the page cache, and anonymous pages
  unsigned files = 2;        ///< at a time, with those that have no name
  unsigned file_pages = 16;  ///< of one file
  unsigned vmas = 16;        ///< of one process
  unsigned pipes = 0;        ///< at a time; a pair of sockets is two
  friend bool operator==(const Room&, const Room&) = default;
};

/// What the threads may call besides; what nobody calls costs no steps.
struct Features {
  bool protection = false;  ///< memory that is not both readable and writable
  bool fork = false;
  bool exit = false;  ///< processes end while other threads of theirs run: signals are looked for
  bool truncate = false;  ///< files become shorter while they are open
  bool lazyfree = false;  ///< madvise(MADV_FREE)
  bool reap = false;      ///< process_mrelease(): pages are taken from who is being killed
  friend bool operator==(const Features&, const Features&) = default;
};

/// Something was too little, or is used and was not asked for: run again with these. Thrown by the
/// calls; caught by who runs executions.
struct OutOfRoom {
  Room needed;
  Features features;
};

/// What an access to memory came to. Of Killed, the thread's process has been killed: the thread
/// has ended, and calls nothing more.
enum class Fault : std::uint8_t { None, Sigsegv, Sigbus, Killed };

/// What mincore(2) and /proc/PID/smaps are made from, of one page of an address space.
struct PageUse {
  bool mapped = false;     ///< there is a VMA
  bool file = false;       ///< which has a file, as shared anonymous memory has
  bool present = false;    ///< the entry maps a page
  bool anonymous = false;  ///< which belongs to no file
  bool zeros = false;      ///< and has nothing but zeros in it: Linux may have mapped the zero page
  bool dirty = false;      ///< entry or page
  bool shared = false;     ///< others map it too
};

/// A line of /proc/PID/maps.
struct Mapping {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  int protection = 0;  ///< PROT_READ and others
  bool shared = false;
  bool may_write = true;
  bool locked = false;
  std::uint64_t offset = 0;
  unsigned inode = 0;  ///< 0: of no file
  std::string path{};  ///< empty: the file has no name
};

/// The kernel and the machine that it runs on, for one execution. Of programs that are not
/// rewindable().
///
/// In Program::setup: construct it; spawn thread t with CpuId t for each t < room.threads, in
/// order, before any other, so that numbers of threads and CPUs are the same; start(). Thread 0 is
/// in process 0 then. The others' slots are free until clone_thread() or fork() names them; their
/// fibers wait for started().
class Kernel {
 public:
  /// User addresses of the model begin here, in every process: [kUserBase, kUserBase + room.pages *
  /// 4096). Nothing else of a program may lie there.
  static constexpr std::uint64_t kUserBase = 0x4d00'0000'0000;
  /// What calls of a thread return whose process has been killed. See Fault::Killed.
  static constexpr std::int64_t kKilled = INT64_MIN;
  static constexpr unsigned kNoProcess = ~0u;
  /// The lowest descriptor that open() returns: those below are not the model's.
  static constexpr int kFirstFd = 3;

  /// `contents` may serve one execution after the other, and nobody else. `monitors` too.
  Kernel(explore::Execution& execution, explore::Memory& memory, PageContents& contents,
         rules::Monitors& monitors, const design::Design& design, const Room& room,
         const Features& features);
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  /// The last part of the setup, after the threads were spawned.
  void start();
  /// In Program::finished: the rules about what must hold in the end.
  void finished();

  // --- called by thread `t`, in its fiber; each makes steps. Results are Linux's: >= 0, or -errno,
  // or kKilled -----------------------------------------------------------------------------------

  std::int64_t mmap(unsigned t, std::uint64_t addr, std::uint64_t length, int prot, int flags,
                    int fd, std::int64_t offset);
  std::int64_t munmap(unsigned t, std::uint64_t addr, std::uint64_t length);
  std::int64_t mprotect(unsigned t, std::uint64_t addr, std::uint64_t length, int prot);
  std::int64_t mremap(unsigned t, std::uint64_t old_addr, std::uint64_t old_length,
                      std::uint64_t new_length, int flags, std::uint64_t new_addr);
  std::int64_t madvise(unsigned t, std::uint64_t addr, std::uint64_t length, int advice);
  std::int64_t msync(unsigned t, std::uint64_t addr, std::uint64_t length, int flags);
  /// A byte for each page of the range goes to `out`, which has room for them.
  std::int64_t mincore(unsigned t, std::uint64_t addr, std::uint64_t length,
                       std::span<std::uint8_t> out);
  std::int64_t mlock(unsigned t, std::uint64_t addr, std::uint64_t length);
  std::int64_t munlock(unsigned t, std::uint64_t addr, std::uint64_t length);
  std::int64_t mlock2(unsigned t, std::uint64_t addr, std::uint64_t length, int flags);
  std::int64_t mlockall(unsigned t, int flags);
  std::int64_t munlockall(unsigned t);

  std::int64_t open(unsigned t, std::string_view path, int flags, unsigned mode = 0666);
  std::int64_t memfd_create(unsigned t, std::string_view name, unsigned flags);
  std::int64_t close(unsigned t, int fd);
  std::int64_t dup(unsigned t, int fd);
  std::int64_t unlink(unsigned t, std::string_view path);
  std::int64_t read(unsigned t, int fd, std::span<std::byte> out);
  std::int64_t write(unsigned t, int fd, std::span<const std::byte> in);
  std::int64_t pread(unsigned t, int fd, std::span<std::byte> out, std::int64_t offset);
  std::int64_t pwrite(unsigned t, int fd, std::span<const std::byte> in, std::int64_t offset);
  std::int64_t lseek(unsigned t, int fd, std::int64_t offset, int whence);
  std::int64_t ftruncate(unsigned t, int fd, std::int64_t length);
  std::int64_t fsync(unsigned t, int fd);
  std::int64_t fdatasync(unsigned t, int fd);
  std::int64_t posix_fadvise(unsigned t, int fd, std::int64_t offset, std::int64_t length,
                             int advice);
  std::int64_t fallocate(unsigned t, int fd, int mode, std::int64_t offset, std::int64_t length);
  std::int64_t pipe(unsigned t, std::array<int, 2>& fds);
  /// AF_UNIX, of this type.
  std::int64_t socketpair(unsigned t, int type, std::array<int, 2>& fds);
  /// fstat(2): st_size.
  std::int64_t file_size(unsigned t, int fd);
  /// Whether the descriptor is one of the model's. No step.
  bool is_file(unsigned t, int fd) const;

  // --- processes and threads ---------------------------------------------------------------------

  /// The new process is a copy of t's, and its thread is `child`, which has a free slot. Returns
  /// the number of the process.
  std::int64_t fork(unsigned t, unsigned child);
  /// Thread `fresh`, which has a free slot, joins the process of `t`.
  std::int64_t clone_thread(unsigned t, unsigned fresh);
  /// The thread ends, and with the last one its process. Its slot is free then.
  void exit_thread(unsigned t);
  /// The process ends. Its other threads are Killed, each at its next access or call.
  void exit_group(unsigned t, int status);
  /// The same of another process, as by SIGKILL: `status` is what wait_process() tells.
  std::int64_t kill(unsigned t, unsigned process, int status);
  /// Waits until the process has ended. Its number is free then. Returns its status.
  std::int64_t wait_process(unsigned t, unsigned process);
  /// Holds when the slot has got a process: what the thread's fiber waits for at its beginning.
  explore::Guard started(unsigned t) const;
  /// Holds when the last thread of the process has gone.
  explore::Guard ended(unsigned process) const;
  /// Of the thread, or kNoProcess if its slot is free. No step.
  unsigned process_of(unsigned t) const;
  /// A slot that is free, or room.threads. No step.
  unsigned free_thread() const;

  /// prctl(2) with PR_SET_MDWE, PR_GET_MDWE.
  std::int64_t set_mdwe(unsigned t, unsigned long bits);
  std::int64_t mdwe(unsigned t);
  /// process_mrelease(2), by the number of the process.
  std::int64_t process_mrelease(unsigned t, unsigned process);

  /// What /proc/PID/maps and /proc/PID/pagemap say. They make steps. The list is there until the
  /// thread asks again: the kernel owns it, since threads are abandoned with what is on their
  /// stacks.
  std::span<const Mapping> mappings(unsigned t);
  PageUse look_at_page(unsigned t, std::uint64_t addr);
  /// No step.
  PageUse page_use(unsigned t, std::uint64_t addr) const;

  // --- memory accesses of user code. Each is one step or more ------------------------------------

  bool is_user(std::uint64_t addr) const;
  /// Within a page it is atomic; at the end of a page it is divided.
  Fault load(unsigned t, std::uint64_t addr, std::span<std::byte> out);
  Fault store(unsigned t, std::uint64_t addr, std::span<const std::byte> in);
  /// A locked read-modify-write of 1, 2, 4 or 8 bytes: `change(old)` returns the new value. If it
  /// is the old one the page is written to all the same, as by a compare-and-exchange that fails.
  template <typename Change>
  Fault update(unsigned t, std::uint64_t addr, unsigned bytes, std::uint64_t& old, Change change) {
    const Fault fault = begin_store(t, addr, bytes);
    if (fault != Fault::None) return fault;
    old = stored_before(t);
    const std::uint64_t value = change(old);
    finish_store(t, std::as_bytes(std::span(&value, 1)).first(bytes));
    return fault;
  }
  /// A store in two halves, for who learns the bytes only when the instruction has been made:
  /// begin_store() makes the steps; finish_store() is part of the last of them, so that no step may
  /// come in between. Atomic also at the end of a page (differs: hardware divides it).
  Fault begin_store(unsigned t, std::uint64_t addr, unsigned bytes);
  void finish_store(unsigned t, std::span<const std::byte> in);
  /// Between the two: what is there, of 8 bytes at most; little-endian.
  std::uint64_t stored_before(unsigned t) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mmcheck::syscall
