// SPDX-License-Identifier: Apache-2.0
#include "lab/image.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "base/error.h"
#include "lab/archive.h"
#include "lab/files.h"

namespace mmcheck::lab {

namespace fs = std::filesystem;

std::string release_of(const fs::path& kernel) {
  // The boot protocol: "HdrS" at 0x202; at 0x20e where, less 0x200, the text of the version lies.
  constexpr std::size_t kHeader = 0x202;
  constexpr std::size_t kVersion = 0x20e;
  const std::string bytes = read_file(kernel);
  if (bytes.size() < 0x1000 || bytes.compare(kHeader, 4, "HdrS") != 0) {
    throw InputError(kernel.string() + ": not a bzImage of Linux for x86");
  }
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
  const std::size_t at = 0x200u + byte(kVersion) + (std::size_t{byte(kVersion + 1)} << 8);
  if (at >= bytes.size()) throw InputError(kernel.string() + ": names no version");
  const std::size_t end = bytes.find_first_of(std::string(" \0", 2), at);
  return bytes.substr(at, end - at);
}

std::string version_of(const std::string& release) {
  const std::size_t first = release.find('.');
  const std::size_t end = release.find_first_not_of("0123456789", first + 1);
  return release.substr(0, end);
}

std::string load_module(const Image& image, const std::string& name) {
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator(image.modules, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const std::string file = at->path().filename().string();
    if (!file.starts_with(name + ".ko")) continue;
    const std::string bytes = read_file(at->path());
    return file == name + ".ko" ? bytes : decompressed(bytes);
  }
  throw InputError(image.modules.string() + ": no module " + name);
}

std::optional<Image> ImageStore::find(const std::string& name) const {
  const fs::path folder = folder_ / name;
  const fs::path kernel = folder / "vmlinuz";
  std::error_code error;
  if (name.empty() || !fs::exists(kernel, error)) return std::nullopt;
  const std::string release = release_of(kernel);
  return Image{.name = name,
               .release = release,
               .version = version_of(release),
               .origin = first_line(read_file(folder / "package")),
               .kernel = kernel,
               .modules = folder / "modules",
               .folder = folder};
}

std::vector<Image> ImageStore::list() const {
  std::vector<Image> images;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder_, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(kPart)) continue;
    if (auto image = find(name)) images.push_back(*std::move(image));
  }
  std::sort(images.begin(), images.end(),
            [](const Image& a, const Image& b) { return a.release < b.release; });
  return images;
}

Image ImageStore::open(const fs::path& kernel, const fs::path& modules) const {
  const std::string release = release_of(kernel);
  return {.name = kernel.string(),
          .release = release,
          .version = version_of(release),
          .origin = {},
          .kernel = kernel,
          .modules = modules,
          // Two builds of one release differ in their symbols.
          .folder = folder_ / "own" / sha256(kernel).substr(0, 16)};
}

}  // namespace mmcheck::lab
