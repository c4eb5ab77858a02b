// SPDX-License-Identifier: Apache-2.0
// Programs of a few calls, run on the kernel of src/syscall.
#pragma once

#include <sys/mman.h>

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "explore/explorer.h"
#include "syscall/kernel.h"

namespace mmcheck::syscall {

inline constexpr std::int64_t kPage = 4096;
inline constexpr int kReadWrite = PROT_READ | PROT_WRITE;
/// An address, as calls want it, of what they return.
inline std::uint64_t u(std::int64_t addr) { return static_cast<std::uint64_t>(addr); }

/// A thread of a guest, and what it can do.
class Guest {
 public:
  Guest(Kernel& of_kernel, unsigned number) : kernel(of_kernel), t(number) {}

  std::int64_t mmap(std::uint64_t addr, std::uint64_t length, int prot, int flags, int fd = -1,
                    std::int64_t offset = 0) {
    return kernel.mmap(t, addr, length, prot, flags, fd, offset);
  }
  std::int64_t map_anonymous(std::uint64_t length, int prot = PROT_READ | PROT_WRITE) {
    return mmap(0, length, prot, MAP_PRIVATE | MAP_ANONYMOUS);
  }
  std::int64_t write(int fd, std::string_view text) {
    return kernel.write(t, fd, std::as_bytes(std::span(text)));
  }
  std::int64_t pwrite(int fd, std::string_view text, std::int64_t offset) {
    return kernel.pwrite(t, fd, std::as_bytes(std::span(text)), offset);
  }
  std::string pread(int fd, std::size_t bytes, std::int64_t offset) {
    std::string text(bytes, '?');
    const std::int64_t result =
        kernel.pread(t, fd, std::as_writable_bytes(std::span(text)), offset);
    return result < 0 ? "error " + std::to_string(result)
                      : text.substr(0, static_cast<std::size_t>(result));
  }
  std::string read(int fd, std::size_t bytes) {
    std::string text(bytes, '?');
    const std::int64_t result = kernel.read(t, fd, std::as_writable_bytes(std::span(text)));
    return result < 0 ? "error " + std::to_string(result)
                      : text.substr(0, static_cast<std::size_t>(result));
  }
  Fault store(std::int64_t addr, std::string_view text) {
    return kernel.store(t, static_cast<std::uint64_t>(addr), std::as_bytes(std::span(text)));
  }
  /// What is there, or the fault: "SIGBUS", "SIGSEGV", "killed".
  std::string load(std::int64_t addr, std::size_t bytes) {
    std::string text(bytes, '?');
    switch (
        kernel.load(t, static_cast<std::uint64_t>(addr), std::as_writable_bytes(std::span(text)))) {
      case Fault::None:
        return text;
      case Fault::Sigsegv:
        return "SIGSEGV";
      case Fault::Sigbus:
        return "SIGBUS";
      case Fault::Killed:
        return "killed";
    }
    return {};
  }

  Kernel& kernel;
  const unsigned t;
};

using Body = std::function<void(Guest&)>;

/// Thread 0 runs the first body; the others wait until somebody starts them, and again when they
/// have ended.
class GuestProgram final : public explore::Program {
 public:
  explicit GuestProgram(std::vector<Body> bodies, std::string_view design = "linux-6.12",
                        explore::MemoryModel model = explore::MemoryModel::Sc);

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution& execution) override {
    for (const std::uint64_t value : outcome) execution.outcome(value);
    kernel_->finished();
  }
  unsigned objects_max() const override { return explore::kObjectsMaxOfAll; }

  Kernel& kernel() { return *kernel_; }
  rules::Monitors& monitors() { return monitors_; }

  Room room{.threads = 2};
  Features features;
  std::vector<std::uint64_t> outcome;  ///< of an execution; its threads say what it is

 private:
  struct Thread {
    GuestProgram* program = nullptr;
    unsigned number = 0;
  };
  static void run_thread(void* context);

  std::vector<Body> bodies_;
  const design::Design& design_;
  explore::Memory memory_;
  PageContents contents_;
  rules::Monitors monitors_;
  explore::Execution* execution_ = nullptr;
  std::vector<Thread> threads_;
  std::unique_ptr<Kernel> kernel_;
};

/// Runs one execution, with as much room as it takes.
void run(GuestProgram& program);
/// The same, of one thread.
void run(const Body& body);
/// A sample of executions, or all, with as much room as it takes.
explore::Result search(GuestProgram& program, const explore::Options& options);

/// One execution of any length, at random, without a log of its steps.
struct Walk {
  std::uint64_t steps = 0;
  std::string rule;  ///< that was broken, if any
};
Walk random_walk(GuestProgram& program, std::uint64_t seed, std::uint64_t steps_max);

}  // namespace mmcheck::syscall
