// SPDX-License-Identifier: Apache-2.0
#include "cli/checkpoint_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/error.h"

namespace mmcheck::cli {

namespace {

constexpr int kVersion = 1;
constexpr std::chrono::milliseconds kInterval{500};

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw InputError(SourcePlace{path, 0, 0}, why);
}

/// Returns whether all is on the disk.
bool write_synced(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return false;
  std::size_t written = 0;
  bool good = true;
  while (good && written < bytes.size()) {
    const ssize_t count = write(file, bytes.data() + written, bytes.size() - written);
    good = count > 0 || (count < 0 && errno == EINTR);
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  good = good && fsync(file) == 0;
  const int error = errno;
  close(file);
  errno = error;
  return good;
}

}  // namespace

CheckpointFile::CheckpointFile(std::string path, std::string identity)
    : path_(std::move(path)), identity_(std::move(identity)) {}

void CheckpointFile::load() {
  std::ifstream stream(path_, std::ios::binary);
  if (!stream && errno == ENOENT) return;
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) refuse(path_, "cannot read the checkpoint");
  const nlohmann::json file = nlohmann::json::from_cbor(bytes, true, false);
  const auto damaged = [&] {
    refuse(path_, "expected a checkpoint of mmcheck, as --checkpoint writes it");
  };
  if (!file.is_object() || !file.contains("mmcheck") || !file.contains("cells")) damaged();
  if (file["mmcheck"] != kVersion) refuse(path_, "the checkpoint is of another version of mmcheck");
  if (file.value("identity", nlohmann::json()) != identity_) {
    refuse(path_,
           "the checkpoint is of another run: scenarios, designs and options must be the same");
  }
  const std::lock_guard lock(mutex_);
  for (const nlohmann::json& entry : file["cells"]) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_unsigned() ||
        !entry[1].is_binary()) {
      damaged();
    }
    const nlohmann::json::binary_t& state = entry[1].get_binary();
    states_[entry[0].get<std::size_t>()] = std::string(state.begin(), state.end());
  }
}

void CheckpointFile::save() {
  nlohmann::json cells = nlohmann::json::array();
  for (const auto& [cell, state] : states_) {
    cells.push_back(
        {cell, nlohmann::json::binary(std::vector<std::uint8_t>(state.begin(), state.end()))});
  }
  const nlohmann::json file = {
      {"mmcheck", kVersion}, {"identity", identity_}, {"cells", std::move(cells)}};
  const std::string beside = path_ + ".new";
  if (!write_synced(beside, nlohmann::json::to_cbor(file)) ||
      std::rename(beside.c_str(), path_.c_str()) != 0) {
    refuse(path_, std::string("cannot write the checkpoint: ") + std::strerror(errno));
  }
}

std::string CheckpointFile::state(std::size_t cell) const {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(cell);
  return found == states_.end() ? std::string() : found->second;
}

bool CheckpointFile::due(std::size_t cell) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const auto [at, is_new] = saved_at_.try_emplace(cell, now);
  if (is_new || now - at->second < kInterval) return false;
  at->second = now;
  return true;
}

void CheckpointFile::set(std::size_t cell, const std::string& state) {
  const std::lock_guard lock(mutex_);
  states_[cell] = state;
  save();
}

}  // namespace mmcheck::cli
