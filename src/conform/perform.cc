// SPDX-License-Identifier: Apache-2.0
#include "conform/perform.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mmcheck::conform {
namespace {

/// FNV-1a: it need not keep out those who look for two texts of one hash.
std::uint64_t hash_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100'0000'01b3;
  }
  return hash;
}

class Performer {
 public:
  Performer(const Call& call, Kernel& kernel, Slots& slots, Transfer& transfer)
      : call_(call), kernel_(kernel), slots_(slots), transfer_(transfer) {}

  Result perform() {
    if (call_.op <= Op::Munlock) {
      perform_on_memory();
    } else if (call_.op <= Op::Size) {
      perform_on_file();
    } else {
      perform_access();
    }
    return result_;
  }

 private:
  std::int64_t operand(std::size_t i) const { return call_.operands[i]; }
  std::uint64_t number(std::size_t i) const { return static_cast<std::uint64_t>(operand(i)); }
  int word(std::size_t i) const { return static_cast<int>(operand(i)); }
  std::uint64_t address(std::size_t i) const { return kWindow + number(i); }
  int fd() const { return slots_.fd(operand(0)); }
  std::size_t count() const {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(operand(1), 0, kTransferMax));
  }

  void perform_on_memory();
  void perform_on_file();
  void perform_access();
  void mmap();
  void mremap();
  void mincore();
  void open();
  void close();
  void read(bool at_offset);
  void write(bool at_offset);
  void load();
  void smaps();
  /// An address as a distance. What is elsewhere is unmapped, since where it is nobody promises.
  void keep_if_at(std::int64_t address_or_error, std::uint64_t wanted, std::uint64_t length);

  const Call& call_;
  Kernel& kernel_;
  Slots& slots_;
  Transfer& transfer_;
  Result result_;
};

void Performer::perform_on_memory() {
  switch (call_.op) {
    case Op::Mmap:
      return mmap();
    case Op::Mremap:
      return mremap();
    case Op::Mincore:
      return mincore();
    case Op::Munmap:
      result_.value = kernel_.munmap(address(0), number(1));
      break;
    case Op::Mprotect:
      result_.value = kernel_.mprotect(address(0), number(1), word(2));
      break;
    case Op::Madvise:
      result_.value = kernel_.madvise(address(0), number(1), word(2));
      break;
    case Op::Msync:
      result_.value = kernel_.msync(address(0), number(1), word(2));
      break;
    case Op::Mlock:
      result_.value = kernel_.mlock(address(0), number(1));
      break;
    case Op::Munlock:
      result_.value = kernel_.munlock(address(0), number(1));
      break;
    default:
      break;
  }
}

void Performer::perform_on_file() {
  switch (call_.op) {
    case Op::Open:
      return open();
    case Op::Close:
      return close();
    case Op::Read:
      return read(false);
    case Op::Pread:
      return read(true);
    case Op::Write:
      return write(false);
    case Op::Pwrite:
      return write(true);
    case Op::Lseek:
      result_.value = kernel_.lseek(fd(), operand(1), word(2));
      break;
    case Op::Ftruncate:
      result_.value = kernel_.ftruncate(fd(), operand(1));
      break;
    case Op::Fsync:
      result_.value = kernel_.fsync(fd());
      break;
    case Op::Fdatasync:
      result_.value = kernel_.fdatasync(fd());
      break;
    case Op::PosixFadvise:
      result_.value = kernel_.posix_fadvise(fd(), operand(1), operand(2), word(3));
      break;
    case Op::Size:
      result_.value = kernel_.size(fd());
      break;
    default:
      break;
  }
}

void Performer::perform_access() {
  const auto width = static_cast<unsigned>(operand(1));
  switch (call_.op) {
    case Op::Load:
      return load();
    case Op::Store:
      result_.add(0, kernel_.store(address(0), width, number(2)));
      break;
    case Op::Add: {
      std::uint64_t old = 0;
      const Fault fault = kernel_.add(address(0), width, number(2), old);
      result_.add(fault == Fault::None ? old : 0, fault);
      break;
    }
    case Op::Smaps:
      return smaps();
    default:
      break;
  }
}

void Performer::keep_if_at(std::int64_t address_or_error, std::uint64_t wanted,
                           std::uint64_t length) {
  result_.value = address_or_error;
  if (result_.failed()) return;
  const auto there = static_cast<std::uint64_t>(address_or_error);
  if (there == wanted) {
    result_.value = static_cast<std::int64_t>(there - kWindow);
    return;
  }
  kernel_.munmap(there, length);
  result_.value = kElsewhere;
}

void Performer::mmap() {
  // The kernel rounds a hint down, and what is no hint must be a multiple.
  const std::uint64_t wanted = address(0) & ~std::uint64_t{4095};
  keep_if_at(
      kernel_.mmap(address(0), number(1), word(2), word(3), slots_.fd(operand(4)), operand(5)),
      wanted, number(1));
}

void Performer::mremap() {
  const bool fixed = (operand(3) & MREMAP_FIXED) != 0;
  keep_if_at(kernel_.mremap(address(0), number(1), number(2), word(3), address(4)),
             fixed ? address(4) : address(0), number(2));
}

void Performer::mincore() {
  std::array<std::uint8_t, 2 * kWindowPages> resident{};
  result_.value = kernel_.mincore(address(0), number(1), resident);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < resident.size(); ++i) {
    bits |= std::uint64_t{resident[i] & 1u} << i;
  }
  if (result_.failed()) return;
  result_.add(bits);
  const Kernel::PageKinds kinds = kernel_.page_kinds(address(0), number(1));
  result_.add(kinds.file);
  result_.add(kinds.zeros);
}

void Performer::open() {
  result_.value = kernel_.open(static_cast<unsigned>(operand(1)), word(2));
  if (result_.failed()) return;
  int& fd = slots_[operand(0)];
  if (fd != Slots::kNeverOpen) kernel_.close(fd);
  fd = static_cast<int>(result_.value);
  result_.value = 0;  // the number is the harness's as well as the program's
}

void Performer::close() {
  result_.value = kernel_.close(fd());
  if (!result_.failed()) slots_[operand(0)] = Slots::kNeverOpen;
}

void Performer::read(bool at_offset) {
  const std::span<std::byte> out(transfer_.data(), count());
  result_.value = at_offset ? kernel_.pread(fd(), out, operand(2)) : kernel_.read(fd(), out);
  if (result_.failed()) return;
  const auto bytes = out.first(static_cast<std::size_t>(result_.value));
  std::uint64_t value = 0;
  if (bytes.size() <= sizeof(value)) {
    std::memcpy(&value, bytes.data(), bytes.size());
  } else {
    value = hash_of(bytes);
  }
  result_.add(value);
}

void Performer::write(bool at_offset) {
  const auto first = static_cast<unsigned>(operand(at_offset ? 3 : 2));
  for (std::size_t i = 0; i < count(); ++i) {
    transfer_[i] = static_cast<std::byte>(first + i);
  }
  const std::span<const std::byte> in(transfer_.data(), count());
  result_.value = at_offset ? kernel_.pwrite(fd(), in, operand(2)) : kernel_.write(fd(), in);
}

void Performer::load() {
  for (std::int64_t i = 0; i < operand(2); ++i) {
    std::uint64_t value = 0;
    const Fault fault = kernel_.load(address(0) + static_cast<std::uint64_t>(i) * 4096,
                                     static_cast<unsigned>(operand(1)), value);
    result_.add(fault == Fault::None ? value : 0, fault);
  }
}

void Performer::smaps() {
  std::array<std::uint64_t, kSmapsFields> fields{};
  kernel_.smaps(fields);
  for (const std::uint64_t field : fields) result_.add(field);
}

}  // namespace

Result perform(const Call& call, Kernel& kernel, Slots& slots, Transfer& transfer) {
  return Performer(call, kernel, slots, transfer).perform();
}

void make_files(const std::array<std::uint32_t, kFiles>& file_bytes, Kernel& kernel,
                Transfer& transfer) {
  for (unsigned file = 0; file < kFiles; ++file) {
    const std::size_t bytes = std::min<std::size_t>(file_bytes[file], transfer.size());
    for (std::size_t i = 0; i < bytes; ++i) {
      transfer[i] = static_cast<std::byte>(initial_byte(file, i));
    }
    const auto fd = static_cast<int>(kernel.open(file, O_RDWR | O_CREAT | O_TRUNC));
    kernel.pwrite(fd, std::span<const std::byte>(transfer.data(), bytes), 0);
    kernel.close(fd);
  }
}

}  // namespace mmcheck::conform
