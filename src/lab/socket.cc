// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "lab/lab_error.h"
#include "lab/stub.h"

namespace mmcheck::lab {

Socket::Socket(const std::filesystem::path& path, std::chrono::milliseconds limit) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    throw LabError("the path of a socket is too long: " + path.string());
  }
  std::strcpy(address.sun_path, path.c_str());
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return;
    close(fd_);
    fd_ = -1;
    if (std::chrono::steady_clock::now() >= end) {
      throw LabError("nobody listens at " + path.string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

void Socket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw LabError("the virtual machine has ended");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Socket::receive(std::chrono::milliseconds limit) {
  pollfd event{.fd = fd_, .events = POLLIN, .revents = 0};
  const int found = poll(&event, 1, static_cast<int>(limit.count()));
  if (found == 0 || (found < 0 && errno == EINTR)) return {};
  char part[4096];
  const ssize_t bytes = recv(fd_, part, sizeof part, 0);
  if (bytes <= 0) throw LabError("the virtual machine has ended");
  return std::string(part, static_cast<std::size_t>(bytes));
}

}  // namespace mmcheck::lab
