// SPDX-License-Identifier: Apache-2.0
#include "lab/symbols.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>

#include "base/error.h"
#include "lab/files.h"
#include "lab/guest_source.h"
#include "lab/lab_error.h"
#include "lab/machine.h"

namespace mmcheck::lab {

namespace fs = std::filesystem;

namespace {

/// There is nothing to force; and with one CPU none sees how another one patches the kernel.
constexpr unsigned kCpus = 1;
constexpr std::chrono::seconds kTelling{300};

fs::path path_of(const Image& image) { return image.folder / "kallsyms"; }

/// The last function ends where data may begin; none is larger.
constexpr std::uint64_t kFunctionMax = 0x10000;

std::string ask_kernel(const Image& image, const Guest& guest, const fs::path& folder) {
  Machine machine(image, guest, kCpus, "mmcheck=symbols", folder);
  if (!machine.wait_for_end(kTelling)) {
    throw LabError("the kernel does not come to its end in time:\n" + machine.last_words());
  }
  std::string text = read_file(machine.port());
  if (read_file(machine.log()).find("mmcheck: symbols sent") == std::string::npos) {
    throw LabError("the kernel did not tell its symbols:\n" + machine.last_words());
  }
  return text;
}

}  // namespace

Symbols::Symbols(const std::string& kallsyms) {
  // "ffffffff81000000 T _text", and of a module a tab and its name behind.
  for (std::size_t at = 0; at < kallsyms.size();) {
    const std::size_t end = std::min(kallsyms.find('\n', at), kallsyms.size());
    const std::string_view line = std::string_view(kallsyms).substr(at, end - at);
    at = end + 1;
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos || line.size() < blank + 4) continue;
    const char type = line[blank + 1];
    if (std::string_view("tTwW").find(type) == std::string_view::npos) continue;
    if (line.find('\t') != std::string_view::npos) continue;
    std::uint64_t address = 0;
    std::from_chars(line.data(), line.data() + blank, address, 16);
    if (address == 0) continue;
    std::string name(line.substr(blank + 3));
    by_name_.emplace(name, address);
    by_address_.emplace(address, std::move(name));
  }
}

std::optional<std::uint64_t> Symbols::find(const std::string& name) const {
  for (const char* suffix : {"", ".isra.0", ".constprop.0", ".constprop.0.isra.0"}) {
    const auto found = by_name_.find(name + suffix);
    if (found != by_name_.end()) return found->second;
  }
  return std::nullopt;
}

std::string_view Symbols::name_at(std::uint64_t address) const {
  auto next = by_address_.upper_bound(address);
  if (next == by_address_.begin()) return {};
  --next;
  return address - next->first < kFunctionMax ? std::string_view(next->second) : std::string_view{};
}

std::string_view Symbols::caller_at(std::uint64_t address) const {
  return by_address_.contains(address) ? std::string_view{} : name_at(address);
}

std::vector<std::string> Symbols::names() const {
  std::vector<std::string> names;
  names.reserve(by_name_.size());
  for (const auto& [name, address] : by_name_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

bool knows_symbols(const Image& image) {
  std::error_code error;
  return fs::exists(path_of(image), error);
}

Symbols load_symbols(const Image& image, const fs::path& folder) {
  if (!knows_symbols(image)) {
    fs::create_directories(image.folder);
    const Guest guest = build_guest(empty_guest_source(kCpus), image, folder);
    write_file(path_of(image), ask_kernel(image, guest, folder));
  }
  Symbols symbols(read_file(path_of(image)));
  if (symbols.size() == 0) throw LabError(path_of(image).string() + ": names no functions");
  return symbols;
}

}  // namespace mmcheck::lab
