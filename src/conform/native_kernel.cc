// SPDX-License-Identifier: Apache-2.0
#include "conform/native_kernel.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "conform/native_server.h"
#include "conform/native_smaps.h"

namespace mmcheck::conform {
namespace {

// System calls are made directly: libraries and sanitizers check arguments, and set errno, which a
// child of a process with threads had better leave alone.
template <typename... Arguments>
std::int64_t call(long number, Arguments... arguments) {
  const std::int64_t result = ::syscall(number, arguments...);
  return result == -1 ? -errno : result;
}

/// A signal handler has no argument for what it needs, so that is at an address of its own, apart
/// from the window: in each process its own.
struct Landing {
  sigjmp_buf buffer;
  volatile std::sig_atomic_t armed;
};
constexpr std::uint64_t kLandingAddress = kWindow - (std::uint64_t{1} << 30);

Landing& landing() { return *reinterpret_cast<Landing*>(kLandingAddress); }

void on_fault(int signal) {
  // A fault of the harness's own: let it be fatal.
  if (landing().armed == 0) leave_process(128 + signal);
  siglongjmp(landing().buffer, signal);
}

Fault fault_of(int signal) { return signal == SIGBUS ? Fault::Sigbus : Fault::Sigsegv; }

/// One instruction makes one access, also where it is not aligned.
template <typename Integer>
struct [[gnu::packed]] Unaligned {
  Integer value;
};

template <typename Access>
Fault guarded(Access access) {
  // Nothing is blocked while the handler runs, so there is no mask to put back.
  const int signal = sigsetjmp(landing().buffer, 0);
  if (signal != 0) {
    landing().armed = 0;
    return fault_of(signal);
  }
  landing().armed = 1;
  access();
  landing().armed = 0;
  return Fault::None;
}

template <typename Integer>
Fault load_as(std::uint64_t addr, std::uint64_t& value) {
  const auto* there = reinterpret_cast<const volatile Unaligned<Integer>*>(addr);
  return guarded([&] { value = there->value; });
}

template <typename Integer>
Fault store_as(std::uint64_t addr, std::uint64_t value) {
  auto* there = reinterpret_cast<volatile Unaligned<Integer>*>(addr);
  return guarded([&] { there->value = static_cast<Integer>(value); });
}

template <typename Integer>
Fault add_as(std::uint64_t addr, std::uint64_t value, std::uint64_t& old) {
  auto* there = reinterpret_cast<Integer*>(addr);
  return guarded(
      [&] { old = std::atomic_ref<Integer>(*there).fetch_add(static_cast<Integer>(value)); });
}

}  // namespace

NativeKernel::NativeKernel(int folder) : folder_(folder) {
  void* wanted = reinterpret_cast<void*>(kLandingAddress);
  if (::mmap(wanted, sizeof(Landing), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != wanted) {
    leave_process(1);
  }
  struct sigaction action {};
  action.sa_handler = &on_fault;
  action.sa_flags = SA_NODEFER;
  ::sigaction(SIGSEGV, &action, nullptr);
  ::sigaction(SIGBUS, &action, nullptr);
}

std::int64_t NativeKernel::mmap(std::uint64_t addr, std::uint64_t length, int prot, int flags,
                                int fd, std::int64_t offset) {
  return call(SYS_mmap, addr, length, prot, flags, fd, offset);
}
std::int64_t NativeKernel::munmap(std::uint64_t addr, std::uint64_t length) {
  return call(SYS_munmap, addr, length);
}
std::int64_t NativeKernel::mprotect(std::uint64_t addr, std::uint64_t length, int prot) {
  return call(SYS_mprotect, addr, length, prot);
}
std::int64_t NativeKernel::mremap(std::uint64_t addr, std::uint64_t old_length,
                                  std::uint64_t new_length, int flags, std::uint64_t new_addr) {
  return call(SYS_mremap, addr, old_length, new_length, flags, new_addr);
}
std::int64_t NativeKernel::madvise(std::uint64_t addr, std::uint64_t length, int advice) {
  return call(SYS_madvise, addr, length, advice);
}
std::int64_t NativeKernel::msync(std::uint64_t addr, std::uint64_t length, int flags) {
  return call(SYS_msync, addr, length, flags);
}
std::int64_t NativeKernel::mincore(std::uint64_t addr, std::uint64_t length,
                                   std::span<std::uint8_t> out) {
  return call(SYS_mincore, addr, length, out.data());
}
std::int64_t NativeKernel::mlock(std::uint64_t addr, std::uint64_t length) {
  return call(SYS_mlock, addr, length);
}
std::int64_t NativeKernel::munlock(std::uint64_t addr, std::uint64_t length) {
  return call(SYS_munlock, addr, length);
}

std::int64_t NativeKernel::open(unsigned file, int flags) {
  constexpr mode_t kMode = 0600;
  return call(SYS_openat, folder_, file_name(file).data(), flags, kMode);
}
std::int64_t NativeKernel::close(int fd) { return call(SYS_close, fd); }
std::int64_t NativeKernel::read(int fd, std::span<std::byte> out) {
  return call(SYS_read, fd, out.data(), out.size());
}
std::int64_t NativeKernel::write(int fd, std::span<const std::byte> in) {
  return call(SYS_write, fd, in.data(), in.size());
}
std::int64_t NativeKernel::pread(int fd, std::span<std::byte> out, std::int64_t offset) {
  return call(SYS_pread64, fd, out.data(), out.size(), offset);
}
std::int64_t NativeKernel::pwrite(int fd, std::span<const std::byte> in, std::int64_t offset) {
  return call(SYS_pwrite64, fd, in.data(), in.size(), offset);
}
std::int64_t NativeKernel::lseek(int fd, std::int64_t offset, int whence) {
  return call(SYS_lseek, fd, offset, whence);
}
std::int64_t NativeKernel::ftruncate(int fd, std::int64_t length) {
  return call(SYS_ftruncate, fd, length);
}
std::int64_t NativeKernel::fsync(int fd) { return call(SYS_fsync, fd); }
std::int64_t NativeKernel::fdatasync(int fd) { return call(SYS_fdatasync, fd); }
std::int64_t NativeKernel::posix_fadvise(int fd, std::int64_t offset, std::int64_t length,
                                         int advice) {
  return call(SYS_fadvise64, fd, offset, length, advice);
}
std::int64_t NativeKernel::size(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_size : -errno;
}

Fault NativeKernel::load(std::uint64_t addr, unsigned width, std::uint64_t& value) {
  switch (width) {
    case 1:
      return load_as<std::uint8_t>(addr, value);
    case 2:
      return load_as<std::uint16_t>(addr, value);
    case 4:
      return load_as<std::uint32_t>(addr, value);
    default:
      return load_as<std::uint64_t>(addr, value);
  }
}

Fault NativeKernel::store(std::uint64_t addr, unsigned width, std::uint64_t value) {
  switch (width) {
    case 1:
      return store_as<std::uint8_t>(addr, value);
    case 2:
      return store_as<std::uint16_t>(addr, value);
    case 4:
      return store_as<std::uint32_t>(addr, value);
    default:
      return store_as<std::uint64_t>(addr, value);
  }
}

Fault NativeKernel::add(std::uint64_t addr, unsigned width, std::uint64_t value,
                        std::uint64_t& old) {
  switch (width) {
    case 1:
      return add_as<std::uint8_t>(addr, value, old);
    case 2:
      return add_as<std::uint16_t>(addr, value, old);
    case 4:
      return add_as<std::uint32_t>(addr, value, old);
    default:
      return add_as<std::uint64_t>(addr, value, old);
  }
}

void NativeKernel::smaps(std::span<std::uint64_t, kSmapsFields> fields) {
  const auto fd = static_cast<int>(call(SYS_openat, AT_FDCWD, "/proc/self/smaps", O_RDONLY));
  SmapsSum sum;
  std::array<char, 4096> text{};
  for (;;) {
    const std::int64_t bytes = call(SYS_read, fd, text.data(), text.size());
    if (bytes <= 0 || !sum.add({text.data(), static_cast<std::size_t>(bytes)})) break;
  }
  call(SYS_close, fd);
  for (std::size_t i = 0; i < kSmapsFields; ++i) fields[i] = sum.fields()[i];
}

}  // namespace mmcheck::conform
