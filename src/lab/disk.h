// SPDX-License-Identifier: Apache-2.0
// The disk of a guest: an empty file system, of which only what is not zero is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mmcheck::lab {

/// XFS has large folios, in 6.1 as in 6.12, where ext4 has none. It is a module, and its disk is
/// larger, so that it is taken only where a scenario asks for large folios.
enum class FileSystem : std::uint8_t { Ext4, Xfs };

struct FileSystemTraits {
  std::string_view name;                  ///< as mount() takes it
  unsigned kilobytes;                     ///< of the disk
  std::string_view program;               ///< that makes it
  std::string_view package;               ///< that has the program
  std::vector<std::string> modules = {};  ///< of the kernel, in the order in which they are loaded
};

const FileSystemTraits& traits_of(FileSystem file_system);

/// An empty one, as extents: of each run of blocks that are not all zero two words (little-endian;
/// its first byte on the disk, and its length), and then its bytes. Throws InputError if the
/// program fails. `folder` is for what it needs meanwhile.
std::string make_disk(FileSystem file_system, const std::filesystem::path& folder);

/// The extents of an image. Throws InputError if it cannot be read, or ends within a block.
std::string read_extents(const std::filesystem::path& image);

/// C of the guest, which uses FILE_SYSTEM, DISK_KILOBYTES and `modules`: `mount_disk()` loads the
/// modules, puts the extents of /disk on a RAM disk, and mounts it.
extern const std::string_view kGuestDisk;

}  // namespace mmcheck::lab
