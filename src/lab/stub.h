// SPDX-License-Identifier: Apache-2.0
// A client of the remote serial protocol of gdb, for QEMU's stub: packets, and what they ask. There
// is no library of Debian's for it. gdb itself would do, but it wants to stop and to resume all
// vCPUs together, and the point here is that one stays where it is while the others run.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::lab {

/// A connection, by which bytes come and go.
class Socket {
 public:
  /// Connects to a socket in the file system, as soon as somebody listens there.
  Socket(const std::filesystem::path& path, std::chrono::milliseconds limit);
  /// Takes over what is connected already.
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(std::string_view bytes);
  /// What has come, once something has; empty if nothing does in time.
  std::string receive(std::chrono::milliseconds limit);

 private:
  int fd_ = -1;
};

struct Registers {
  std::uint64_t rip = 0;
  std::uint64_t rsp = 0;
};

/// Why the machine stands still.
struct Stopped {
  enum class Why : std::uint8_t { Breakpoint, Interrupted, Ended };
  Why why = Why::Interrupted;
  unsigned cpu = 0;  ///< where it is the CPU's own doing
};

class Stub {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// Stops the machine.
  explicit Stub(Socket& socket);

  void insert_breakpoint(std::uint64_t address);
  void remove_breakpoint(std::uint64_t address);

  Registers registers(unsigned cpu);
  /// From there the CPU goes on.
  void set_rip(unsigned cpu, std::uint64_t address);
  /// Through the page tables that the CPU uses. Nothing, if there is no translation.
  std::optional<std::vector<std::uint8_t>> read(unsigned cpu, std::uint64_t address,
                                                std::size_t bytes);
  /// False if there is no translation.
  bool write_word(unsigned cpu, std::uint64_t address, std::uint64_t word);
  std::optional<std::uint64_t> read_word(unsigned cpu, std::uint64_t address);

  /// Lets these CPUs run, and no others, until one of them stops all. Nothing, if none does in
  /// time: they run on then, until `interrupt` or `wait`.
  std::optional<Stopped> resume(std::span<const unsigned> cpus, Milliseconds limit);
  /// Lets one CPU make one instruction while the others stand still.
  void step(unsigned cpu);
  /// Stops the machine. It may have stopped by itself in the meantime; the answer tells.
  Stopped interrupt();

 private:
  void send(std::string_view packet);
  std::optional<std::string> receive(Milliseconds limit);
  std::string ask(std::string_view packet);
  void expect_ok(std::string_view packet);
  void select(unsigned cpu);
  static Stopped parse_stop(std::string_view packet);

  Socket& socket_;
  std::string buffer_;
};

}  // namespace mmcheck::lab
