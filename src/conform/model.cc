// SPDX-License-Identifier: Apache-2.0
#include "conform/model.h"

#include <cstring>
#include <optional>
#include <string>

#include "base/error.h"
#include "conform/perform.h"
#include "explore/explorer.h"
#include "syscall/kernel.h"

namespace mmcheck::conform {
namespace {

static_assert(kWindow == syscall::Kernel::kUserBase);

Fault fault_of(syscall::Fault fault) {
  switch (fault) {
    case syscall::Fault::None:
      return Fault::None;
    case syscall::Fault::Sigsegv:
      return Fault::Sigsegv;
    case syscall::Fault::Sigbus:
      return Fault::Sigbus;
    case syscall::Fault::Killed:
      return Fault::Killed;
  }
  return Fault::Killed;
}

/// The model's kernel, as one thread of it sees it.
class ModelKernel final : public Kernel {
 public:
  ModelKernel(syscall::Kernel& kernel, unsigned thread) : kernel_(kernel), thread_(thread) {}

  std::int64_t mmap(std::uint64_t addr, std::uint64_t length, int prot, int flags, int fd,
                    std::int64_t offset) override {
    return kernel_.mmap(thread_, addr, length, prot, flags, fd, offset);
  }
  std::int64_t munmap(std::uint64_t addr, std::uint64_t length) override {
    return kernel_.munmap(thread_, addr, length);
  }
  std::int64_t mprotect(std::uint64_t addr, std::uint64_t length, int prot) override {
    return kernel_.mprotect(thread_, addr, length, prot);
  }
  std::int64_t mremap(std::uint64_t addr, std::uint64_t old_length, std::uint64_t new_length,
                      int flags, std::uint64_t new_addr) override {
    return kernel_.mremap(thread_, addr, old_length, new_length, flags, new_addr);
  }
  std::int64_t madvise(std::uint64_t addr, std::uint64_t length, int advice) override {
    return kernel_.madvise(thread_, addr, length, advice);
  }
  std::int64_t msync(std::uint64_t addr, std::uint64_t length, int flags) override {
    return kernel_.msync(thread_, addr, length, flags);
  }
  std::int64_t mincore(std::uint64_t addr, std::uint64_t length,
                       std::span<std::uint8_t> out) override {
    return kernel_.mincore(thread_, addr, length, out);
  }
  std::int64_t mlock(std::uint64_t addr, std::uint64_t length) override {
    return kernel_.mlock(thread_, addr, length);
  }
  std::int64_t munlock(std::uint64_t addr, std::uint64_t length) override {
    return kernel_.munlock(thread_, addr, length);
  }

  std::int64_t open(unsigned file, int flags) override {
    const char name[] = {'f', static_cast<char>('0' + file), '\0'};
    return kernel_.open(thread_, name, flags);
  }
  std::int64_t close(int fd) override { return kernel_.close(thread_, fd); }
  std::int64_t read(int fd, std::span<std::byte> out) override {
    return kernel_.read(thread_, fd, out);
  }
  std::int64_t write(int fd, std::span<const std::byte> in) override {
    return kernel_.write(thread_, fd, in);
  }
  std::int64_t pread(int fd, std::span<std::byte> out, std::int64_t offset) override {
    return kernel_.pread(thread_, fd, out, offset);
  }
  std::int64_t pwrite(int fd, std::span<const std::byte> in, std::int64_t offset) override {
    return kernel_.pwrite(thread_, fd, in, offset);
  }
  std::int64_t lseek(int fd, std::int64_t offset, int whence) override {
    return kernel_.lseek(thread_, fd, offset, whence);
  }
  std::int64_t ftruncate(int fd, std::int64_t length) override {
    return kernel_.ftruncate(thread_, fd, length);
  }
  std::int64_t fsync(int fd) override { return kernel_.fsync(thread_, fd); }
  std::int64_t fdatasync(int fd) override { return kernel_.fdatasync(thread_, fd); }
  std::int64_t posix_fadvise(int fd, std::int64_t offset, std::int64_t length,
                             int advice) override {
    return kernel_.posix_fadvise(thread_, fd, offset, length, advice);
  }
  std::int64_t size(int fd) override { return kernel_.file_size(thread_, fd); }

  Fault load(std::uint64_t addr, unsigned width, std::uint64_t& value) override {
    return fault_of(
        kernel_.load(thread_, addr, std::as_writable_bytes(std::span(&value, 1)).first(width)));
  }
  Fault store(std::uint64_t addr, unsigned width, std::uint64_t value) override {
    return fault_of(kernel_.store(thread_, addr, std::as_bytes(std::span(&value, 1)).first(width)));
  }
  Fault add(std::uint64_t addr, unsigned width, std::uint64_t value, std::uint64_t& old) override {
    return fault_of(kernel_.update(thread_, addr, width, old,
                                   [value](std::uint64_t before) { return before + value; }));
  }
  PageKinds page_kinds(std::uint64_t addr, std::uint64_t length) override;
  void smaps(std::span<std::uint64_t, kSmapsFields> fields) override;

 private:
  syscall::Kernel& kernel_;
  unsigned thread_;
};

Kernel::PageKinds ModelKernel::page_kinds(std::uint64_t addr, std::uint64_t length) {
  PageKinds kinds;
  for (std::uint64_t i = 0; i * kPageSizeBytes < length; ++i) {
    const syscall::PageUse use = kernel_.page_use(thread_, addr + i * kPageSizeBytes);
    kinds.file |= std::uint64_t{use.file} << i;
    kinds.zeros |= std::uint64_t{use.zeros} << i;
  }
  return kinds;
}

// linux v6.12 fs/proc/task_mmu.c: __show_smap
void ModelKernel::smaps(std::span<std::uint64_t, kSmapsFields> fields) {
  const auto count = [&](SmapsField field) { ++fields[static_cast<std::size_t>(field)]; };
  // Mappings that begin in the window may end behind it.
  for (std::uint64_t i = 0; i < 2 * kWindowPages; ++i) {
    const syscall::PageUse use = kernel_.page_use(thread_, kWindow + i * kPageSizeBytes);
    if (use.mapped) count(SmapsField::Size);
    if (!use.present) continue;
    if (use.anonymous) count(SmapsField::Anonymous);
    if (use.zeros) count(SmapsField::AnonZeros);
    if (use.file) continue;
    count(SmapsField::AnonRss);
    if (use.dirty) count(use.shared ? SmapsField::AnonSharedDirty : SmapsField::AnonPrivateDirty);
  }
}

}  // namespace

/// Thread t is process t of the program. They take turns, as the processes on the host do.
class Model::Run final : public explore::Program {
 public:
  explicit Run(const design::Design& design) : design_(design) {}

  /// Throws what the kernel throws.
  void run(const conform::Program& program, Outcome& outcome);
  void setup(explore::Execution& execution) override;
  void finished(explore::Execution&) override { kernel_->finished(); }

  syscall::Room room;
  syscall::Features features;

 private:
  struct Thread {
    Run* run = nullptr;
    unsigned number = 0;
    Slots slots;
  };

  static void enter(void* thread) {
    static_cast<Thread*>(thread)->run->make_calls(*static_cast<Thread*>(thread));
  }
  void make_calls(Thread& thread);
  void make(Thread& thread, std::size_t position);
  void wait_for_turn(std::size_t position);

  const design::Design& design_;
  const conform::Program* program_ = nullptr;
  Outcome* outcome_ = nullptr;
  explore::Execution* execution_ = nullptr;
  explore::Memory memory_{explore::MemoryModel::Sc};
  syscall::PageContents contents_;
  std::optional<rules::Monitors> monitors_;
  std::optional<syscall::Kernel> kernel_;
  ObjectId turn_{};
  std::array<Thread, kProcesses> threads_;
  Transfer transfer_{};
};

void Model::Run::run(const conform::Program& program, Outcome& outcome) {
  program_ = &program;
  outcome_ = &outcome;
  outcome.results.assign(program.calls.size(), Result{});
  const unsigned processes = program.nr_processes();
  // A thread that never begins would wait for it to the end.
  room.threads = processes;
  room.processes = processes;
  explore::run_once(*this, [](ThreadId) {});
}

void Model::Run::setup(explore::Execution& execution) {
  execution_ = &execution;
  memory_.reset(execution);
  contents_.clear();
  kernel_.reset();
  monitors_.emplace();
  kernel_.emplace(execution, memory_, contents_, *monitors_, design_, room, features);
  constexpr std::array<std::string_view, kProcesses> kNames{"P0", "P1", "P2"};
  for (unsigned number = 0; number < room.threads; ++number) {
    threads_[number] = Thread{.run = this, .number = number, .slots = {}};
    execution.spawn(kNames[number], CpuId{static_cast<std::uint8_t>(number)}, &enter,
                    &threads_[number]);
  }
  kernel_->start();
  turn_ = execution.new_object(0, {"turn"});
}

void Model::Run::wait_for_turn(std::size_t position) {
  execution_->step_when(explore::Guard{.object = turn_, .expected = position}, {"take turn"});
}

void Model::Run::make_calls(Thread& thread) {
  if (thread.number == 0) {
    ModelKernel kernel(*kernel_, 0);
    make_files(program_->file_bytes, kernel, transfer_);
  } else {
    execution_->step_when(kernel_->started(thread.number), {"begin"});
  }
  for (std::size_t i = 0; i < program_->calls.size(); ++i) {
    if (program_->calls[i].process != thread.number) continue;
    wait_for_turn(i);
    make(thread, i);
    execution_->write(turn_, i + 1);
    if (program_->calls[i].op == Op::Exit) return;
  }
  // While others make calls, nothing of what they could see of this process may go.
  wait_for_turn(program_->calls.size());
  kernel_->exit_group(thread.number, 0);
}

void Model::Run::make(Thread& thread, std::size_t position) {
  const Call& call = program_->calls[position];
  if (call.op == Op::Fork) {
    const auto child = static_cast<unsigned>(call.operands[0]);
    threads_[child].slots = thread.slots;
    const std::int64_t result = kernel_->fork(thread.number, child);
    outcome_->results[position].value = result < 0 ? result : 0;
  } else if (call.op == Op::Exit) {
    kernel_->exit_group(thread.number, 0);
  } else {
    ModelKernel kernel(*kernel_, thread.number);
    outcome_->results[position] = perform(call, kernel, thread.slots, transfer_);
  }
}

Model::Model(const design::Design& design) : run_(std::make_unique<Run>(design)) {}
Model::~Model() = default;

Outcome Model::finish() {
  for (;;) {
    Outcome outcome;
    try {
      run_->run(*program_, outcome);
      return outcome;
    } catch (const syscall::OutOfRoom& more) {
      if (more.needed == run_->room && more.features == run_->features) {
        outcome.error = "the model asks for the room that it has";
        return outcome;
      }
      run_->room = more.needed;
      run_->features = more.features;
    } catch (const InputError& error) {
      outcome.refused = error.what();
      return outcome;
    } catch (const InternalError& error) {
      outcome.error = error.what();
      return outcome;
    }
  }
}

}  // namespace mmcheck::conform
