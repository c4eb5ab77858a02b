// SPDX-License-Identifier: Apache-2.0
// The other end of the remote serial protocol: a machine that does what a test has written down.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace mmcheck::lab {

/// How long to wait for what does not come, and for what does.
inline constexpr std::chrono::milliseconds kSoon{50};
inline constexpr std::chrono::milliseconds kLong{10'000};

/// What happens when CPUs are resumed: one comes to an address, or nothing does.
struct FakeEvent {
  unsigned cpu = 0;
  std::uint64_t address = 0;
  bool silent = false;  ///< nothing, until somebody interrupts
};

class FakeStub {
 public:
  explicit FakeStub(std::deque<FakeEvent> events = {});
  ~FakeStub();
  FakeStub(const FakeStub&) = delete;
  FakeStub& operator=(const FakeStub&) = delete;

  /// Our end, for a Socket.
  int fd() const { return client_; }

  // To be set before the first packet, and looked at when no packet is on its way.
  std::string vcont = "vCont;c;C;s;S";
  std::map<std::uint64_t, std::uint64_t> memory;  ///< words
  std::vector<std::uint64_t> rip = std::vector<std::uint64_t>(4);
  std::vector<std::uint64_t> rsp = std::vector<std::uint64_t>(4);
  unsigned steps_lost = 0;           ///< so many steps are reported, and not made
  std::vector<std::string> packets;  ///< that have come, but for those that choose a CPU

 private:
  void serve();
  bool receive();
  void send(const std::string& packet);
  void handle(const std::string& packet);
  std::string answer(const std::string& packet);
  std::string registers() const;
  std::string read(const std::string& packet) const;
  void resume();

  int client_ = -1;
  int server_ = -1;
  std::string buffer_;
  unsigned selected_ = 0;
  bool running_ = false;
  std::deque<FakeEvent> events_;
  std::thread thread_;
};

}  // namespace mmcheck::lab
