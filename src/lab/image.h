// SPDX-License-Identifier: Apache-2.0
// Kernels that machines boot, and the folder that keeps them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::lab {

struct Image {
  std::string name;     ///< "6.1", or the path that the user gave
  std::string release;  ///< "6.1.0-56-cloud-amd64", as the image itself says
  std::string version;  ///< "6.1"
  std::string origin;   ///< package and version; empty of a user's own
  std::filesystem::path kernel;
  std::filesystem::path modules;  ///< a folder with modules, in any folder below it
  std::filesystem::path folder;   ///< for what is found out about it
};

/// What a folder is called while an image is on its way to it.
inline constexpr std::string_view kPart = ".part";

/// The release that a bzImage names in its header. Throws InputError if the file is none.
std::string release_of(const std::filesystem::path& kernel);

/// "6.12" of "6.12.117+deb12-cloud-amd64".
std::string version_of(const std::string& release);

/// A module's file, decompressed. Throws InputError if the image has none of that name.
std::string load_module(const Image& image, const std::string& name);

class ImageStore {
 public:
  /// The folder need not exist.
  explicit ImageStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// By name; nothing if it has not been fetched.
  std::optional<Image> find(const std::string& name) const;
  std::vector<Image> list() const;

  /// An image of the user's own.
  Image open(const std::filesystem::path& kernel, const std::filesystem::path& modules) const;

  /// Downloads the newest package of this version that the machine's package manager knows,
  /// verifies it and unpacks it. Throws InputError if there is none.
  Image fetch(const std::string& version) const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace mmcheck::lab
