// SPDX-License-Identifier: Apache-2.0
// Instructions of user code.
#include <algorithm>

#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

/// How much of the bytes from this address on lies in its page.
std::size_t bytes_in_page(std::uint64_t addr, std::size_t bytes) {
  return std::min<std::size_t>(bytes, kPageSizeBytes - addr % kPageSizeBytes);
}

}  // namespace

/// Of an access that did not come to its end.
Fault Kernel::Impl::fault_of(unsigned t) {
  mm::thread& task = system_.threads[t];
  if (task.gone) {
    end_thread(t);
    return Fault::Killed;
  }
  task.killed = false;  // There may be a handler for the signal.
  return task.fault == mm::FaultResult::Sigbus ? Fault::Sigbus : Fault::Sigsegv;
}

Fault Kernel::Impl::load(unsigned t, std::uint64_t addr, std::span<std::byte> out) {
  mm::thread& task = thread_of(t);
  while (!out.empty()) {
    if (!is_user(addr)) return Fault::Sigsegv;
    const std::size_t bytes = bytes_in_page(addr, out.size());
    std::uint64_t word = 0;
    if (!mm::user_load(task, Vaddr(addr), word)) return fault_of(t);
    contents_.read(word, static_cast<unsigned>(addr % kPageSizeBytes), out.first(bytes));
    out = out.subspan(bytes);
    addr += bytes;
  }
  return Fault::None;
}

Fault Kernel::Impl::store(unsigned t, std::uint64_t addr, std::span<const std::byte> in) {
  // Hardware looks at both pages before it stores to either.
  constexpr std::size_t kInstructionMax = 64;
  if (in.size() <= kInstructionMax && bytes_in_page(addr, in.size()) < in.size()) {
    const Fault fault = begin_store(t, addr, static_cast<unsigned>(in.size()));
    if (fault != Fault::None) return fault;
  }
  while (!in.empty()) {
    const std::size_t bytes = bytes_in_page(addr, in.size());
    const Fault fault = begin_store(t, addr, static_cast<unsigned>(bytes));
    if (fault != Fault::None) return fault;
    finish_store(t, in.first(bytes));
    in = in.subspan(bytes);
    addr += bytes;
  }
  return Fault::None;
}

Fault Kernel::Impl::begin_store(unsigned t, std::uint64_t addr, unsigned bytes) {
  mm::thread& task = thread_of(t);
  BegunStore& begun = begun_[t];
  if (!is_user(addr) || !is_user(addr + bytes - 1)) return Fault::Sigsegv;
  const auto in_first = static_cast<unsigned>(bytes_in_page(addr, bytes));
  begun.nr_parts = in_first == bytes ? 1 : 2;
  begun.parts[0].va = Vaddr(addr);
  begun.parts[0].bytes = in_first;
  begun.parts[1].va = Vaddr(addr + in_first);
  begun.parts[1].bytes = bytes - in_first;
  while (true) {
    for (unsigned i = 0; i < begun.nr_parts; ++i) {
      StorePart& part = begun.parts[i];
      part.page = mm::user_begin_update(task, part.va, part.translation);
      if (part.page == nullptr) return fault_of(t);
    }
    const StorePart& first = begun.parts[0];
    if (begun.nr_parts == 1) return Fault::None;
    // Part of the last step: whether both may be used.
    const auto& slot = task.mm->pte(task.mm->page_of(first.va));
    if (task.cpu->still_valid(slot, first.translation)) return Fault::None;
  }
}

void Kernel::Impl::finish_store(unsigned t, std::span<const std::byte> in) {
  const BegunStore& begun = begun_[t];
  for (unsigned i = 0; i < begun.nr_parts; ++i) {
    const StorePart& part = begun.parts[i];
    machine::Frame& frame = part.page->frame;
    frame.update(contents_.write(frame.read(), part.offset(), in.first(part.bytes)));
    in = in.subspan(part.bytes);
  }
}

std::uint64_t Kernel::Impl::stored_before(unsigned t) const {
  const BegunStore& begun = begun_[t];
  std::uint64_t value = 0;
  std::span<std::byte> out = std::as_writable_bytes(std::span(&value, 1));
  for (unsigned i = 0; i < begun.nr_parts; ++i) {
    const StorePart& part = begun.parts[i];
    contents_.read(part.page->frame.read(), part.offset(), out.first(part.bytes));
    out = out.subspan(part.bytes);
  }
  return value;
}

}  // namespace mmcheck::syscall
