// SPDX-License-Identifier: Apache-2.0
// Archives of files, by libarchive: what a kernel boots from, and modules as packages have them.
#pragma once

#include <string>
#include <vector>

namespace mmcheck::lab {

struct ArchiveFile {
  std::string path;  ///< without a slash at its beginning
  std::string bytes = {};
  unsigned mode = 0644;  ///< of its permissions
  bool folder = false;
};

/// An initramfs: a cpio archive in the format that the kernel takes ("newc").
std::string make_initramfs(const std::vector<ArchiveFile>& files);

/// The bytes of a file that may be compressed, by any method that there is a filter for.
std::string decompressed(const std::string& bytes);

}  // namespace mmcheck::lab
