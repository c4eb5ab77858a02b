// SPDX-License-Identifier: Apache-2.0
// Kernels from the machine's package manager. It knows where packages are, and whose signatures
// count; mmcheck names no place itself.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "lab/files.h"
#include "lab/image.h"

namespace mmcheck::lab {

namespace fs = std::filesystem;

namespace {

/// The kernel for virtual machines: small, and with what they need built in.
constexpr std::string_view kFlavour = "-cloud-amd64";

struct Package {
  std::string name;
  std::string version;
  std::string sha256;
};

/// Numbers by their value, so that 6.1.0-56 comes after 6.1.0-9.
std::vector<std::pair<unsigned long, std::string>> sort_key(const std::string& name) {
  std::vector<std::pair<unsigned long, std::string>> key;
  for (std::size_t at = 0; at < name.size();) {
    const bool digits = std::isdigit(static_cast<unsigned char>(name[at])) != 0;
    std::size_t end = at;
    while (end < name.size() &&
           (std::isdigit(static_cast<unsigned char>(name[end])) != 0) == digits)
      ++end;
    const std::string part = name.substr(at, end - at);
    key.emplace_back(digits ? std::stoul(part) : 0, digits ? std::string() : part);
    at = end;
  }
  return key;
}

bool is_version(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string::npos;
}

std::string newest_package(const std::string& version) {
  const std::string prefix = "linux-image-" + version + ".";
  std::string newest;
  for (const std::string& name : lines_of(run_or_throw({"apt-cache", "pkgnames", prefix}))) {
    if (!name.ends_with(kFlavour)) continue;
    if (newest.empty() || sort_key(newest) < sort_key(name)) newest = name;
  }
  if (newest.empty()) {
    throw InputError(fmt::format(
        "no package {}*{} is known to apt: `apt-get update`, or name an image with --image", prefix,
        kFlavour));
  }
  return newest;
}

Package describe(const std::string& name) {
  Package package{.name = name, .version = {}, .sha256 = {}};
  for (const std::string& line :
       lines_of(run_or_throw({"apt-cache", "show", "--no-all-versions", name}))) {
    if (line.starts_with("Version: ")) package.version = line.substr(9);
    if (line.starts_with("SHA256: ")) package.sha256 = line.substr(8);
  }
  if (package.sha256.empty()) throw InputError(name + ": apt knows no checksum of it");
  return package;
}

fs::path only_file(const fs::path& folder, std::string_view beginning) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(beginning)) return entry.path();
  }
  throw InputError(fmt::format("{}: has no {}*", folder.string(), beginning));
}

void unpack(const fs::path& package, const fs::path& folder) {
  const fs::path root = folder / "root";
  run_or_throw({"dpkg-deb", "-x", package.string(), root.string()});
  fs::rename(only_file(root / "boot", "vmlinuz-"), folder / "vmlinuz");
  const fs::path modules = root / "usr/lib/modules";
  fs::rename(fs::exists(modules) ? modules : root / "lib/modules", folder / "modules");
  fs::remove_all(root);
  fs::remove(package);
}

}  // namespace

Image ImageStore::fetch(const std::string& version) const {
  if (!is_version(version)) {
    throw InputError(fmt::format("'{}' is no version of Linux: expected one as 6.1", version));
  }
  const Package package = describe(newest_package(version));
  const fs::path part = folder_ / (version + std::string(kPart));
  fs::remove_all(part);
  fs::create_directories(part);
  run_or_throw({"env", "-C", part.string(), "apt-get", "-q", "-o", "APT::Sandbox::User=root",
                "download", fmt::format("{}={}", package.name, package.version)});
  const fs::path file = only_file(part, package.name);
  if (sha256(file) != package.sha256) {
    throw InputError(file.string() + ": is not the package that apt knows: its checksum differs");
  }
  unpack(file, part);
  write_file(part / "package",
             fmt::format("{} {}\nsha256 {}\n", package.name, package.version, package.sha256));
  fs::remove_all(folder_ / version);
  fs::rename(part, folder_ / version);
  return *find(version);
}

}  // namespace mmcheck::lab
