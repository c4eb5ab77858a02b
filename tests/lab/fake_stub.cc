// SPDX-License-Identifier: Apache-2.0
#include "fake_stub.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace mmcheck::lab {
namespace {

std::string hex_of(std::uint64_t word) {
  std::string text;
  for (unsigned i = 0; i < 8; ++i) text += fmt::format("{:02x}", word >> (8 * i) & 0xff);
  return text;
}

std::uint64_t word_of(const std::string& hex) {
  std::uint64_t word = 0;
  for (unsigned i = 8; i-- > 0;) word = word << 8 | std::stoul(hex.substr(i * 2, 2), nullptr, 16);
  return word;
}

std::string stop(const char* signal, unsigned cpu) {
  return fmt::format("T{}thread:p01.{:02x};", signal, cpu + 1);
}

}  // namespace

FakeStub::FakeStub(std::deque<FakeEvent> events) : events_(std::move(events)) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
  client_ = ends[0];
  server_ = ends[1];
  thread_ = std::thread([this] { serve(); });
}

FakeStub::~FakeStub() {
  // The client's end belongs to its Socket.
  shutdown(server_, SHUT_RDWR);
  thread_.join();
  close(server_);
}

void FakeStub::serve() {
  while (receive()) {
    while (true) {
      if (buffer_.starts_with('+')) {
        buffer_.erase(0, 1);
      } else if (buffer_.starts_with('\x03')) {
        buffer_.erase(0, 1);
        if (std::exchange(running_, false)) send(stop("02", 0));
      } else if (const std::size_t hash = buffer_.find('#');
                 hash != std::string::npos && buffer_.size() >= hash + 3) {
        const std::string packet = buffer_.substr(1, hash - 1);
        buffer_.erase(0, hash + 3);
        handle(packet);
      } else {
        break;
      }
    }
  }
}

bool FakeStub::receive() {
  char part[4096];
  const ssize_t bytes = recv(server_, part, sizeof part, 0);
  if (bytes <= 0) return false;
  buffer_.append(part, static_cast<std::size_t>(bytes));
  return true;
}

void FakeStub::send(const std::string& packet) {
  unsigned sum = 0;
  for (const char c : packet) sum += static_cast<unsigned char>(c);
  const std::string bytes = fmt::format("+${}#{:02x}", packet, sum & 0xff);
  // In two parts, as it may come.
  ::send(server_, bytes.data(), 3, MSG_NOSIGNAL);
  ::send(server_, bytes.data() + 3, bytes.size() - 3, MSG_NOSIGNAL);
}

void FakeStub::handle(const std::string& packet) {
  if (packet.starts_with("Hg")) {
    selected_ = static_cast<unsigned>(std::stoul(packet.substr(5), nullptr, 16) - 1);
    send("OK");
    return;
  }
  packets.push_back(packet);
  if (packet.starts_with("vCont;c")) {
    resume();
  } else if (packet.starts_with("vCont;s")) {
    const auto cpu = static_cast<unsigned>(std::stoul(packet.substr(11), nullptr, 16) - 1);
    if (steps_lost == 0) {
      ++rip[cpu];
    } else {
      --steps_lost;
    }
    send(stop("05", cpu));
  } else {
    send(answer(packet));
  }
}

void FakeStub::resume() {
  const FakeEvent event = events_.empty() ? FakeEvent{.silent = true} : events_.front();
  if (!events_.empty()) events_.pop_front();
  if (event.silent) {
    running_ = true;
    return;
  }
  rip[event.cpu] = event.address;
  send(stop("05", event.cpu));
}

std::string FakeStub::answer(const std::string& packet) {
  if (packet == "vCont?") return vcont;
  if (packet == "?") return stop("05", 0);
  if (packet == "g") return registers();
  if (packet.starts_with('m')) return read(packet);
  if (packet.starts_with('M')) {
    memory[std::stoul(packet.substr(1), nullptr, 16)] =
        word_of(packet.substr(packet.find(':') + 1));
    return "OK";
  }
  if (packet.starts_with("P10=")) {
    rip[selected_] = word_of(packet.substr(4));
    return "OK";
  }
  if (packet.starts_with('Z') || packet.starts_with('z')) return "OK";
  return {};
}

std::string FakeStub::registers() const {
  std::string text;
  for (unsigned i = 0; i < 24; ++i) {
    const std::uint64_t word = i == 16 ? rip[selected_] : i == 7 ? rsp[selected_] : i;
    text += hex_of(word);
  }
  return text;
}

std::string FakeStub::read(const std::string& packet) const {
  std::uint64_t address = std::stoul(packet.substr(1), nullptr, 16);
  const std::uint64_t bytes = std::stoul(packet.substr(packet.find(',') + 1), nullptr, 16);
  std::string text;
  for (std::uint64_t at = 0; at < bytes; at += 8) {
    const auto word = memory.find(address + at);
    if (word == memory.end()) return "E14";
    text += hex_of(word->second);
  }
  return text;
}

}  // namespace mmcheck::lab
