// SPDX-License-Identifier: Apache-2.0
// pipe(2) and socketpair(2): bytes that one process hands to another. linux fs/pipe.c,
// net/unix/af_unix.c
//
// differs: there is always room, so writing never waits; a process that is killed while it waits to
// read goes on waiting.
#include <sys/socket.h>

#include <algorithm>

#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

/// Where Linux would let the writer wait.
constexpr std::size_t kPipeBytes = 65536;

}  // namespace

unsigned Kernel::Impl::new_pipe(bool packets) {
  const auto place =
      std::find_if(pipes_.begin(), pipes_.end(), [](const Pipe& pipe) { return !pipe.used; });
  if (place == pipes_.end()) {
    Room room = room_;
    room.pipes += 2;
    need(room);
  }
  place->used = true;
  place->packets = packets;
  place->readers = place->writers = 0;
  place->written.clear();
  place->readable.write(false);
  return static_cast<unsigned>(place - pipes_.begin());
}

/// [vfs_, written by the current step]
std::int64_t Kernel::Impl::install_pipe(mm::thread& task, std::uint8_t from, std::uint8_t to) {
  const std::int64_t fd = install(task, kNoInode, 0);
  OpenFile& file = open_files_[process_of(task).fds[static_cast<unsigned>(fd - kFirstFd)] - 1u];
  file.reads_from = from;
  file.writes_to = to;
  if (from != 0) ++pipes_[from - 1u].readers;
  if (to != 0) ++pipes_[to - 1u].writers;
  return fd;
}

// linux v6.12 fs/pipe.c: do_pipe2
std::int64_t Kernel::Impl::pipe(mm::thread& task, std::array<int, 2>& fds) {
  task.x().step({.format = "pipe()"});
  vfs_.write(vfs_.read_last() + 1);
  const auto number = static_cast<std::uint8_t>(new_pipe(/*packets=*/false) + 1);
  fds[0] = static_cast<int>(install_pipe(task, number, 0));
  fds[1] = static_cast<int>(install_pipe(task, 0, number));
  return 0;
}

// linux v6.12 net/socket.c: __sys_socketpair
std::int64_t Kernel::Impl::socketpair(mm::thread& task, int type, std::array<int, 2>& fds) {
  constexpr int kFlags = SOCK_CLOEXEC | SOCK_NONBLOCK;
  if ((type & SOCK_NONBLOCK) != 0) throw InputError("socketpair(): SOCK_NONBLOCK");
  const int kind = type & ~kFlags;
  if (kind != SOCK_STREAM && kind != SOCK_SEQPACKET && kind != SOCK_DGRAM) return -EINVAL;
  task.x().step({.format = "socketpair()"});
  vfs_.write(vfs_.read_last() + 1);
  const auto one = static_cast<std::uint8_t>(new_pipe(kind != SOCK_STREAM) + 1);
  const auto other = static_cast<std::uint8_t>(new_pipe(kind != SOCK_STREAM) + 1);
  fds[0] = static_cast<int>(install_pipe(task, one, other));
  fds[1] = static_cast<int>(install_pipe(task, other, one));
  return 0;
}

// linux v6.12 fs/pipe.c: pipe_read
std::int64_t Kernel::Impl::read_pipe(mm::thread& task, const OpenFile& file,
                                     std::span<std::byte> out) {
  if (file.reads_from == 0) return -EBADF;
  if (out.empty()) return 0;
  Pipe& pipe = pipes_[file.reads_from - 1u];
  task.x().step_when(pipe.readable.is(true), {.format = "pipe_read()"});
  static_cast<void>(pipe.readable.read());
  std::size_t done = 0;
  while (done < out.size() && !pipe.written.empty()) {
    std::vector<std::byte>& first = pipe.written.front();
    const std::size_t bytes = std::min(first.size(), out.size() - done);
    std::copy_n(first.begin(), bytes, out.begin() + static_cast<std::ptrdiff_t>(done));
    done += bytes;
    first.erase(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(bytes));
    const bool whole = pipe.packets || first.empty();  // The rest of a packet is lost.
    if (whole) pipe.written.pop_front();
    if (pipe.packets) break;
  }
  pipe.readable.write(!pipe.written.empty() || pipe.writers == 0);
  return static_cast<std::int64_t>(done);
}

// linux v6.12 fs/pipe.c: pipe_write
std::int64_t Kernel::Impl::write_pipe(mm::thread& task, const OpenFile& file,
                                      std::span<const std::byte> in) {
  if (file.writes_to == 0) return -EBADF;
  Pipe& pipe = pipes_[file.writes_to - 1u];
  task.x().step({.format = "pipe_write()"});
  static_cast<void>(pipe.readable.read());
  if (pipe.readers == 0) return -EPIPE;
  std::size_t held = in.size();
  for (const std::vector<std::byte>& one : pipe.written) held += one.size();
  if (held > kPipeBytes) throw InputError("a pipe is full, on which the model does not wait");
  if (in.empty()) return 0;
  pipe.written.emplace_back(in.begin(), in.end());
  pipe.readable.write(true);
  return static_cast<std::int64_t>(in.size());
}

/// Part of the current step. linux v6.12 fs/pipe.c: pipe_release
void Kernel::Impl::release_pipe(OpenFile& file) {
  if (file.reads_from != 0) --pipes_[file.reads_from - 1u].readers;
  if (file.writes_to != 0) --pipes_[file.writes_to - 1u].writers;
  for (const unsigned number : {unsigned{file.reads_from}, unsigned{file.writes_to}}) {
    if (number == 0) continue;
    Pipe& pipe = pipes_[number - 1];
    pipe.used = pipe.readers + pipe.writers != 0;
    // Written in any case: who reads or writes looks at the numbers of the others.
    pipe.readable.write(!pipe.written.empty() || pipe.writers == 0);
  }
  file.reads_from = file.writes_to = 0;
}

}  // namespace mmcheck::syscall
