// SPDX-License-Identifier: Apache-2.0
#include "conform/draw.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>

namespace mmcheck::conform {
namespace {

using Choice = Dice::Choice;
constexpr std::array kProts{
    Choice{PROT_READ | PROT_WRITE, 60},
    Choice{PROT_READ, 20},
    Choice{PROT_NONE, 10},
    Choice{PROT_WRITE, 4},
    Choice{PROT_READ | PROT_EXEC, 3},
    Choice{PROT_EXEC, 2},
    Choice{PROT_READ | 0x40, 1},
};
constexpr std::array kSharings{
    Choice{MAP_PRIVATE, 51},
    Choice{MAP_SHARED, 45},
    Choice{0, 1},
    Choice{MAP_SHARED_VALIDATE, 3},
};
constexpr std::array kPlacements{
    Choice{MAP_FIXED, 75},
    Choice{MAP_FIXED_NOREPLACE, 10},
    Choice{0, 15},
};
constexpr std::array kRemapFlags{
    Choice{MREMAP_MAYMOVE | MREMAP_FIXED, 45},
    Choice{MREMAP_MAYMOVE, 25},
    Choice{0, 18},
    Choice{MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, 6},
    Choice{MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 2},
    Choice{MREMAP_FIXED, 2},
    Choice{MREMAP_MAYMOVE | 0x40, 2},
};
constexpr std::array kAdvice{
    Choice{MADV_DONTNEED, 40},  Choice{MADV_FREE, 18},         Choice{MADV_NORMAL, 3},
    Choice{MADV_RANDOM, 3},     Choice{MADV_SEQUENTIAL, 3},    Choice{MADV_WILLNEED, 6},
    Choice{MADV_COLD, 4},       Choice{MADV_POPULATE_READ, 5}, Choice{MADV_POPULATE_WRITE, 5},
    Choice{MADV_REMOVE, 4},     Choice{MADV_DONTFORK, 3},      Choice{MADV_DOFORK, 2},
    Choice{MADV_WIPEONFORK, 3}, Choice{MADV_KEEPONFORK, 2},    Choice{99, 3},
};
constexpr std::array kSyncFlags{
    Choice{MS_SYNC, 45},
    Choice{MS_ASYNC, 25},
    Choice{MS_SYNC | MS_INVALIDATE, 10},
    Choice{MS_INVALIDATE, 5},
    Choice{0, 5},
    Choice{MS_SYNC | MS_ASYNC, 5},
    Choice{8, 5},
};
constexpr std::array kAccessModes{Choice{O_RDWR, 80}, Choice{O_RDONLY, 14}, Choice{O_WRONLY, 6}};
constexpr std::array kWhence{Choice{SEEK_SET, 50}, Choice{SEEK_CUR, 25}, Choice{SEEK_END, 20},
                             Choice{9, 5}};
constexpr std::array kFileAdvice{
    Choice{POSIX_FADV_DONTNEED, 55},
    Choice{POSIX_FADV_WILLNEED, 10},
    Choice{POSIX_FADV_NORMAL, 10},
    Choice{POSIX_FADV_RANDOM, 5},
    Choice{POSIX_FADV_NOREUSE, 5},
    Choice{POSIX_FADV_SEQUENTIAL, 5},
    Choice{9, 10},
};

/// Lengths with which the end of a range comes before its beginning.
constexpr std::array kHuge{Choice{-kPage, 1}, Choice{-1, 1}};

class Draw {
 public:
  Draw(const Belief& belief, Dice& dice) : belief_(belief), dice_(dice) {}

  std::int64_t operand(Kind kind, Op op);
  /// Where an access goes: mostly aligned to its width, now and then across the end of a page.
  void access(Call& call);
  void mmap(Call& call);

 private:
  std::int64_t page(bool to_write = false);
  std::int64_t addr();
  std::int64_t length();
  std::int64_t slot();
  std::int64_t count();
  std::int64_t offset();
  std::int64_t open_flags();

  const Belief& belief_;
  Dice& dice_;
};

std::int64_t Draw::operand(Kind kind, Op op) {
  switch (kind) {
    case Kind::Addr:
      return addr();
    case Kind::Length:
      return length();
    case Kind::Prot:
      return dice_.of(kProts);
    case Kind::RemapFlags:
      return dice_.of(kRemapFlags);
    case Kind::Advice:
      return dice_.of(kAdvice);
    case Kind::SyncFlags:
      return dice_.of(kSyncFlags);
    case Kind::Slot:
      return op == Op::Open ? dice_.between(0, kSlots - 1) : slot();
    case Kind::File:
      return dice_.between(0, kFiles - 1);
    case Kind::OpenFlags:
      return open_flags();
    case Kind::Count:
      return count();
    case Kind::Offset:
      return offset();
    case Kind::Whence:
      return dice_.of(kWhence);
    case Kind::FileAdvice:
      return dice_.of(kFileAdvice);
    case Kind::Width:
      return std::int64_t{1} << dice_.below(4);
    case Kind::Repeat:
      return dice_.percent(70) ? 1 : dice_.between(2, 4);
    case Kind::Value:
      return dice_.between(1, 255);
    case Kind::None:
    case Kind::MapFlags:
    case Kind::Process:
      return 0;
  }
  return 0;
}

std::int64_t Draw::page(bool to_write) {
  const std::int64_t first = dice_.between(0, kWindowPages - 1);
  if (dice_.percent(15)) return first;
  for (std::int64_t i = 0; i < kWindowPages; ++i) {
    const std::int64_t number = (first + i) % kWindowPages;
    const Belief::Page& page = belief_.page(number);
    if (page.mapped && (page.writable || !to_write)) return number;
  }
  return first;
}

std::int64_t Draw::addr() {
  const std::int64_t bytes = dice_.percent(4) ? dice_.between(1, kPage - 1) : 0;
  return page() * kPage + bytes;
}

std::int64_t Draw::length() {
  if (dice_.percent(3)) return 0;
  if (dice_.percent(1)) return dice_.of(kHuge);
  const std::int64_t pages = dice_.percent(55) ? 1 : dice_.between(2, 5);
  return pages * kPage - (dice_.percent(8) ? dice_.between(1, kPage - 1) : 0);
}

std::int64_t Draw::slot() {
  if (dice_.percent(4)) return kSlots;
  const std::int64_t first = dice_.between(0, kSlots - 1);
  if (dice_.percent(4)) return first;
  for (std::int64_t i = 0; i < kSlots; ++i) {
    const std::int64_t slot = (first + i) % kSlots;
    if (belief_.is_open(slot)) return slot;
  }
  return first;
}

std::int64_t Draw::count() {
  if (dice_.percent(4)) return 0;
  if (dice_.percent(50)) return dice_.between(1, 8);
  if (dice_.percent(50)) return dice_.between(1, 3) * kPage;
  return dice_.between(1, static_cast<std::int64_t>(kTransferMax));
}

std::int64_t Draw::offset() {
  if (dice_.percent(2)) return -dice_.between(1, kPage);
  if (dice_.percent(35)) return dice_.between(0, 4) * kPage;
  if (dice_.percent(50)) return dice_.between(0, 3) * kPage + dice_.between(-8, 8) + 8;
  return dice_.between(0, 5 * kPage);
}

std::int64_t Draw::open_flags() {
  std::int64_t flags = dice_.of(kAccessModes);
  if (dice_.percent(5)) flags |= O_TRUNC;
  if (dice_.percent(6)) flags |= O_APPEND;
  return flags;
}

void Draw::access(Call& call) {
  const std::int64_t width = call.operands[1];
  std::int64_t bytes = dice_.percent(60) ? 0 : dice_.between(0, kPage / width - 1) * width;
  if (dice_.percent(10)) bytes = kPage - width;
  // A locked instruction that is not aligned is refused by some hosts.
  if (call.op != Op::Add && width > 1) {
    if (dice_.percent(4)) bytes = dice_.between(0, kPage - width);
    if (dice_.percent(3)) bytes = kPage - dice_.between(1, width - 1);
  }
  call.operands[0] = page(call.op != Op::Load) * kPage + bytes;
}

void Draw::mmap(Call& call) {
  auto& [address, bytes, prot, flags, slot, offset] = call.operands;
  flags = dice_.of(kSharings) | dice_.of(kPlacements);
  bool any_open = false;
  for (std::int64_t i = 0; i < kSlots; ++i) any_open = any_open || belief_.is_open(i);
  if (!any_open || dice_.percent(45)) flags |= MAP_ANONYMOUS;
  if (dice_.percent(5)) flags |= MAP_POPULATE;
  if (dice_.percent(2)) flags |= MAP_NORESERVE;
  // Over what is there, or beside it.
  address = dice_.between(0, kWindowPages - 1) * kPage;
  if (dice_.percent(35)) address = addr();
  if (bytes <= kPage && dice_.percent(60)) bytes = dice_.between(1, 4) * kPage;
  if (dice_.percent(1)) bytes = kMoreThanThereIs;
  offset = dice_.percent(95) ? dice_.between(0, dice_.percent(50) ? 0 : 3) * kPage : Draw::offset();
}

}  // namespace

Dice::Dice(std::uint64_t seed, std::uint64_t number) {
  std::seed_seq sequence{seed, seed >> 32, number, number >> 32};
  random_.seed(sequence);
}

std::int64_t Dice::of(std::span<const Choice> choices) {
  std::uint64_t sum = 0;
  for (const Choice& choice : choices) sum += choice.weight;
  std::uint64_t left = below(sum);
  for (const Choice& choice : choices) {
    if (left < choice.weight) return choice.value;
    left -= choice.weight;
  }
  return choices.back().value;
}

void Belief::set(std::int64_t address, std::int64_t length, const Page& page) {
  if (address % kPage != 0 || length <= 0 || length > kWindowPages * kPage) return;
  for (std::int64_t i = address / kPage; i < kWindowPages && i * kPage < address + length; ++i) {
    pages_[static_cast<std::size_t>(i)] = page;
  }
}

void Belief::note_mmap(const Call& call) {
  const auto& [address, length, prot, flags, slot, offset] = call.operands;
  if ((flags & MAP_SHARED_VALIDATE) == 0 || offset % kPage != 0) return;
  set(address, length, {.mapped = true, .writable = (prot & PROT_WRITE) != 0});
}

void Belief::note_mremap(const Call& call) {
  const auto& [address, old_length, new_length, flags, to, unused] = call.operands;
  if (address < 0 || address % kPage != 0) return;
  const Page moved = page(std::min<std::int64_t>(address / kPage, kWindowPages - 1));
  if (!moved.mapped) return;
  const bool fixed = (flags & (MREMAP_FIXED | MREMAP_MAYMOVE)) == (MREMAP_FIXED | MREMAP_MAYMOVE);
  if (fixed) set(address, old_length, {});
  if (fixed) set(to, new_length, moved);
  if (!fixed && new_length < old_length) set(address + new_length, old_length - new_length, {});
}

void Belief::note(const Call& call) {
  const auto& operands = call.operands;
  switch (call.op) {
    case Op::Mmap:
      note_mmap(call);
      break;
    case Op::Mremap:
      note_mremap(call);
      break;
    case Op::Munmap:
      set(operands[0], operands[1], {});
      break;
    case Op::Mprotect:
      set(operands[0], operands[1], {.mapped = true, .writable = (operands[2] & PROT_WRITE) != 0});
      break;
    case Op::Open:
      open_[static_cast<std::size_t>(operands[0])] = true;
      break;
    case Op::Close:
      if (operands[0] < kSlots) open_[static_cast<std::size_t>(operands[0])] = false;
      break;
    default:
      break;
  }
}

std::vector<Belief::Run> Belief::runs() const {
  std::vector<Run> all;
  for (std::int64_t i = 0; i < kWindowPages; ++i) {
    if (!page(i).mapped) continue;
    if (i > 0 && page(i - 1).mapped) {
      ++all.back().pages;
    } else {
      all.push_back({i, 1});
    }
  }
  return all;
}

Call draw_call(Op op, const Belief& belief, Dice& dice) {
  Call call{.op = op};
  Draw draw(belief, dice);
  const Shape& shape = shape_of(op);
  for (std::size_t i = 0; i < kOperandsMax; ++i) {
    call.operands[i] = draw.operand(shape.operands[i], op);
  }
  if (op == Op::Load || op == Op::Store || op == Op::Add) draw.access(call);
  if (op == Op::Mmap) draw.mmap(call);
  return call;
}

}  // namespace mmcheck::conform
