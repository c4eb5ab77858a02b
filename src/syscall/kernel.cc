// SPDX-License-Identifier: Apache-2.0
#include "syscall/kernel.h"

#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

Kernel::Kernel(explore::Execution& execution, explore::Memory& memory, PageContents& contents,
               rules::Monitors& monitors, const design::Design& design, const Room& room,
               const Features& features)
    : impl_(std::make_unique<Impl>(execution, memory, contents, monitors, design, room, features)) {
}

Kernel::~Kernel() = default;

void Kernel::start() { impl_->start(); }
void Kernel::finished() { impl_->finished(); }

std::int64_t Kernel::mmap(unsigned t, std::uint64_t addr, std::uint64_t length, int prot, int flags,
                          int fd, std::int64_t offset) {
  return impl_->enter(t, [&](mm::thread& task) {
    return impl_->mmap(task, addr, length, prot, flags, fd, offset);
  });
}

std::int64_t Kernel::munmap(unsigned t, std::uint64_t addr, std::uint64_t length) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->munmap(task, addr, length); });
}

std::int64_t Kernel::mprotect(unsigned t, std::uint64_t addr, std::uint64_t length, int prot) {
  return impl_->enter(t,
                      [&](mm::thread& task) { return impl_->mprotect(task, addr, length, prot); });
}

std::int64_t Kernel::mremap(unsigned t, std::uint64_t old_addr, std::uint64_t old_length,
                            std::uint64_t new_length, int flags, std::uint64_t new_addr) {
  return impl_->enter(t, [&](mm::thread& task) {
    return impl_->mremap(task, old_addr, old_length, new_length, flags, new_addr);
  });
}

std::int64_t Kernel::madvise(unsigned t, std::uint64_t addr, std::uint64_t length, int advice) {
  return impl_->enter(t,
                      [&](mm::thread& task) { return impl_->madvise(task, addr, length, advice); });
}

std::int64_t Kernel::msync(unsigned t, std::uint64_t addr, std::uint64_t length, int flags) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->msync(task, addr, length, flags); });
}

std::int64_t Kernel::mincore(unsigned t, std::uint64_t addr, std::uint64_t length,
                             std::span<std::uint8_t> out) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->mincore(task, addr, length, out); });
}

std::int64_t Kernel::mlock(unsigned t, std::uint64_t addr, std::uint64_t length) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->mlock(task, addr, length); });
}

std::int64_t Kernel::munlock(unsigned t, std::uint64_t addr, std::uint64_t length) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->munlock(task, addr, length); });
}

std::int64_t Kernel::mlock2(unsigned t, std::uint64_t addr, std::uint64_t length, int flags) {
  return impl_->enter(t,
                      [&](mm::thread& task) { return impl_->mlock2(task, addr, length, flags); });
}

std::int64_t Kernel::mlockall(unsigned t, int flags) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->mlockall(task, flags); });
}

std::int64_t Kernel::munlockall(unsigned t) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->munlockall(task); });
}

std::int64_t Kernel::set_mdwe(unsigned t, unsigned long bits) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->set_mdwe(task, bits); });
}

std::int64_t Kernel::mdwe(unsigned t) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->mdwe(task); });
}

std::int64_t Kernel::process_mrelease(unsigned t, unsigned process) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->process_mrelease(task, process); });
}

std::int64_t Kernel::fallocate(unsigned t, int fd, int mode, std::int64_t offset,
                               std::int64_t length) {
  return impl_->enter(
      t, [&](mm::thread& task) { return impl_->fallocate(task, fd, mode, offset, length); });
}

std::int64_t Kernel::pipe(unsigned t, std::array<int, 2>& fds) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->pipe(task, fds); });
}

std::int64_t Kernel::socketpair(unsigned t, int type, std::array<int, 2>& fds) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->socketpair(task, type, fds); });
}

std::span<const Mapping> Kernel::mappings(unsigned t) {
  std::span<const Mapping> list;
  impl_->enter(t, [&](mm::thread& task) {
    list = impl_->mappings(task);
    return std::int64_t{0};
  });
  return list;
}

PageUse Kernel::look_at_page(unsigned t, std::uint64_t addr) {
  PageUse use;
  impl_->enter(t, [&](mm::thread& task) {
    use = impl_->look_at_page(task, addr);
    return std::int64_t{0};
  });
  return use;
}

std::int64_t Kernel::open(unsigned t, std::string_view path, int flags, unsigned) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->open(task, path, flags); });
}

std::int64_t Kernel::memfd_create(unsigned t, std::string_view name, unsigned flags) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->memfd_create(task, name, flags); });
}

std::int64_t Kernel::close(unsigned t, int fd) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->close(task, fd); });
}

std::int64_t Kernel::dup(unsigned t, int fd) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->dup(task, fd); });
}

std::int64_t Kernel::unlink(unsigned t, std::string_view path) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->unlink(task, path); });
}

std::int64_t Kernel::read(unsigned t, int fd, std::span<std::byte> out) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->read(task, fd, out); });
}

std::int64_t Kernel::write(unsigned t, int fd, std::span<const std::byte> in) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->write(task, fd, in); });
}

std::int64_t Kernel::pread(unsigned t, int fd, std::span<std::byte> out, std::int64_t offset) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->pread(task, fd, out, offset); });
}

std::int64_t Kernel::pwrite(unsigned t, int fd, std::span<const std::byte> in,
                            std::int64_t offset) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->pwrite(task, fd, in, offset); });
}

std::int64_t Kernel::lseek(unsigned t, int fd, std::int64_t offset, int whence) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->lseek(task, fd, offset, whence); });
}

std::int64_t Kernel::ftruncate(unsigned t, int fd, std::int64_t length) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->ftruncate(task, fd, length); });
}

std::int64_t Kernel::fsync(unsigned t, int fd) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->fsync(task, fd); });
}

std::int64_t Kernel::fdatasync(unsigned t, int fd) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->fsync(task, fd); });
}

std::int64_t Kernel::posix_fadvise(unsigned t, int fd, std::int64_t offset, std::int64_t length,
                                   int advice) {
  return impl_->enter(
      t, [&](mm::thread& task) { return impl_->posix_fadvise(task, fd, offset, length, advice); });
}

std::int64_t Kernel::file_size(unsigned t, int fd) {
  return impl_->enter(t, [&](mm::thread& task) { return impl_->file_size(task, fd); });
}

bool Kernel::is_file(unsigned t, int fd) const { return impl_->is_file(t, fd); }

std::int64_t Kernel::fork(unsigned t, unsigned child) { return impl_->fork(t, child); }
std::int64_t Kernel::clone_thread(unsigned t, unsigned fresh) {
  return impl_->clone_thread(t, fresh);
}
void Kernel::exit_thread(unsigned t) { impl_->exit_thread(t); }
void Kernel::exit_group(unsigned t, int status) { impl_->exit_group(t, status); }
std::int64_t Kernel::kill(unsigned t, unsigned process, int status) {
  return impl_->kill(t, process, status);
}
std::int64_t Kernel::wait_process(unsigned t, unsigned process) {
  return impl_->wait_process(t, process);
}
explore::Guard Kernel::started(unsigned t) const { return impl_->started(t); }
explore::Guard Kernel::ended(unsigned process) const { return impl_->ended(process); }
unsigned Kernel::process_of(unsigned t) const { return impl_->process_of(t); }
unsigned Kernel::free_thread() const { return impl_->free_thread(); }

PageUse Kernel::page_use(unsigned t, std::uint64_t addr) const { return impl_->page_use(t, addr); }

bool Kernel::is_user(std::uint64_t addr) const { return impl_->is_user(addr); }
Fault Kernel::load(unsigned t, std::uint64_t addr, std::span<std::byte> out) {
  return impl_->load(t, addr, out);
}
Fault Kernel::store(unsigned t, std::uint64_t addr, std::span<const std::byte> in) {
  return impl_->store(t, addr, in);
}
Fault Kernel::begin_store(unsigned t, std::uint64_t addr, unsigned bytes) {
  return impl_->begin_store(t, addr, bytes);
}
void Kernel::finish_store(unsigned t, std::span<const std::byte> in) { impl_->finish_store(t, in); }
std::uint64_t Kernel::stored_before(unsigned t) const { return impl_->stored_before(t); }

}  // namespace mmcheck::syscall
