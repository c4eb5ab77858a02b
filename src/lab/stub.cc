// SPDX-License-Identifier: Apache-2.0
#include "lab/stub.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "lab/lab_error.h"

namespace mmcheck::lab {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// A stub that is there answers at once. It may have to wait for a CPU on a machine that is busy.
constexpr milliseconds kAnswer{20'000};

constexpr unsigned kRip = 16;  ///< its place in the packet of all registers
constexpr unsigned kRsp = 7;

unsigned checksum(std::string_view packet) {
  return std::accumulate(packet.begin(), packet.end(), 0u,
                         [](unsigned sum, char c) { return sum + static_cast<unsigned char>(c); }) &
         0xff;
}

std::vector<std::uint8_t> from_hex(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    std::uint8_t byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    bytes.push_back(byte);
  }
  return bytes;
}

std::uint64_t little_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t word = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) word = word << 8 | bytes[i];
  return word;
}

std::string to_hex(std::uint64_t word) {
  std::string text;
  for (unsigned i = 0; i < 8; ++i) text += fmt::format("{:02x}", word >> (8 * i) & 0xff);
  return text;
}

/// The stub counts threads from 1.
std::string thread_of(unsigned cpu) { return fmt::format("p1.{:x}", cpu + 1); }

}  // namespace

Stub::Stub(Socket& socket) : socket_(socket) {
  // A stub may report the stop that connecting is, before it is asked anything.
  while (receive(milliseconds(300))) continue;
  ask("qSupported:multiprocess+;vContSupported+");
  const std::string actions = ask("vCont?");
  if (!actions.starts_with("vCont;c")) {
    throw LabError("the stub cannot resume single CPUs: '" + actions + "'");
  }
  ask("?");
  // QEMU takes a single register only from who has asked how they are described.
  ask("qXfer:features:read:target.xml:0,40");
}

void Stub::insert_breakpoint(std::uint64_t address) {
  expect_ok(fmt::format("Z0,{:x},1", address));
}

void Stub::remove_breakpoint(std::uint64_t address) {
  expect_ok(fmt::format("z0,{:x},1", address));
}

Registers Stub::registers(unsigned cpu) {
  select(cpu);
  const std::vector<std::uint8_t> all = from_hex(ask("g"));
  if (all.size() < (kRip + 1) * 8) throw LabError("the stub gives no registers");
  const auto word = [&](unsigned index) {
    return little_endian(std::span(all).subspan(index * std::size_t{8}, 8));
  };
  return {.rip = word(kRip), .rsp = word(kRsp)};
}

void Stub::set_rip(unsigned cpu, std::uint64_t address) {
  select(cpu);
  expect_ok(fmt::format("P{:x}={}", kRip, to_hex(address)));
}

std::optional<std::vector<std::uint8_t>> Stub::read(unsigned cpu, std::uint64_t address,
                                                    std::size_t bytes) {
  // Packets have a size; this is far below it.
  constexpr std::size_t kReadMax = 1024;
  select(cpu);
  std::vector<std::uint8_t> all;
  while (all.size() < bytes) {
    const std::size_t part = std::min(kReadMax, bytes - all.size());
    const std::string answer = ask(fmt::format("m{:x},{:x}", address + all.size(), part));
    if (answer.starts_with('E') || answer.size() != part * 2) return std::nullopt;
    const std::vector<std::uint8_t> read = from_hex(answer);
    all.insert(all.end(), read.begin(), read.end());
  }
  return all;
}

std::optional<std::uint64_t> Stub::read_word(unsigned cpu, std::uint64_t address) {
  const auto bytes = read(cpu, address, 8);
  if (!bytes) return std::nullopt;
  return little_endian(*bytes);
}

bool Stub::write_word(unsigned cpu, std::uint64_t address, std::uint64_t word) {
  select(cpu);
  return ask(fmt::format("M{:x},8:{}", address, to_hex(word))) == "OK";
}

std::optional<Stopped> Stub::resume(std::span<const unsigned> cpus, milliseconds limit) {
  std::string packet = "vCont";
  for (const unsigned cpu : cpus) packet += ";c:" + thread_of(cpu);
  send(packet);
  const auto answer = receive(limit);
  if (!answer) return std::nullopt;
  return parse_stop(*answer);
}

void Stub::step(unsigned cpu) {
  send("vCont;s:" + thread_of(cpu));
  if (!receive(kAnswer)) throw LabError(fmt::format("CPU {} makes no step", cpu));
}

Stopped Stub::interrupt() {
  socket_.send("\x03");
  const auto answer = receive(kAnswer);
  if (!answer) throw LabError("the virtual machine does not stop");
  return parse_stop(*answer);
}

void Stub::send(std::string_view packet) {
  socket_.send(fmt::format("${}#{:02x}", packet, checksum(packet)));
}

std::optional<std::string> Stub::receive(milliseconds limit) {
  const auto end = Clock::now() + limit;
  while (true) {
    const std::size_t begin = buffer_.find('$');  // before it, acknowledgements
    const std::size_t hash = begin == std::string::npos ? begin : buffer_.find('#', begin);
    if (hash != std::string::npos && buffer_.size() >= hash + 3) {
      std::string packet = buffer_.substr(begin + 1, hash - begin - 1);
      buffer_.erase(0, hash + 3);
      socket_.send("+");
      return packet;
    }
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    buffer_ += socket_.receive(left);
  }
}

std::string Stub::ask(std::string_view packet) {
  send(packet);
  auto answer = receive(kAnswer);
  if (!answer) throw LabError(fmt::format("the stub does not answer '{}'", packet));
  return *answer;
}

void Stub::expect_ok(std::string_view packet) {
  const std::string answer = ask(packet);
  if (answer != "OK") throw LabError(fmt::format("the stub refuses '{}': {}", packet, answer));
}

void Stub::select(unsigned cpu) { expect_ok("Hg" + thread_of(cpu)); }

Stopped Stub::parse_stop(std::string_view packet) {
  if (packet.starts_with('W') || packet.starts_with('X')) return {.why = Stopped::Why::Ended};
  Stopped stopped;
  // "T05thread:p01.02;": of signals, SIGTRAP is a breakpoint and SIGINT an interrupt.
  if (packet.starts_with("T05")) stopped.why = Stopped::Why::Breakpoint;
  const std::size_t place = packet.find("thread:");
  if (place != std::string_view::npos) {
    std::string_view thread = packet.substr(place + 7);
    thread = thread.substr(0, thread.find(';'));
    if (thread.starts_with('p')) thread = thread.substr(thread.find('.') + 1);
    unsigned number = 1;
    std::from_chars(thread.data(), thread.data() + thread.size(), number, 16);
    stopped.cpu = number - 1;
  }
  return stopped;
}

}  // namespace mmcheck::lab
