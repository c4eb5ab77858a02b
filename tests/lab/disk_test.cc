// SPDX-License-Identifier: Apache-2.0
#include "lab/disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "host/process.h"
#include "lab/files.h"
#include "lab/machine.h"

namespace mmcheck::lab {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kBlock = 4096;

/// As the guest does it.
std::string unpack(const std::string& extents, std::size_t size) {
  std::string image(size, '\0');
  for (std::size_t at = 0; at < extents.size();) {
    std::uint64_t extent[2];
    std::memcpy(extent, extents.data() + at, sizeof extent);
    at += sizeof extent;
    image.replace(extent[0], extent[1], extents, at, extent[1]);
    at += extent[1];
  }
  return image;
}

std::string extents_of(const std::string& image) {
  const fs::path path = fs::path(testing::TempDir()) / "mmcheck_disk_test.img";
  write_file(path, image);
  return read_extents(path);
}

TEST(Extents, AreTheBlocksThatAreNotZero) {
  std::string image(8 * kBlock, '\0');
  image[0] = 'a';               // the first block
  image[3 * kBlock - 1] = 'b';  // the third and the fourth: one extent
  image[3 * kBlock] = 'c';
  image[8 * kBlock - 1] = 'd';  // the last
  const std::string extents = extents_of(image);
  EXPECT_EQ(extents.size(), 3 * 2 * sizeof(std::uint64_t) + 4 * kBlock);
  EXPECT_EQ(unpack(extents, image.size()), image);
}

TEST(Extents, OfNothingAreNone) {
  EXPECT_EQ(extents_of(std::string(4 * kBlock, '\0')), "");
  EXPECT_EQ(extents_of(""), "");
}

TEST(Extents, AreOfWholeBlocks) {
  EXPECT_THROW(extents_of(std::string(kBlock + 1, 'x')), InputError);
  EXPECT_THROW(read_extents(fs::path(testing::TempDir()) / "mmcheck_no_such_disk"), InputError);
}

TEST(Disk, HoldsTheFileSystem) {
  for (const FileSystem file_system : {FileSystem::Ext4, FileSystem::Xfs}) {
    const FileSystemTraits& traits = traits_of(file_system);
    if (host::find_program(std::string(traits.program)).empty()) {
      GTEST_SKIP() << traits.package << " is not installed";
    }
    const std::string disk = make_disk(file_system, testing::TempDir());
    // Almost all of it is zero, which is what the extents are for.
    EXPECT_LT(disk.size(), std::size_t{traits.kilobytes} * 1024 / 10) << traits.name;
    const std::string image = unpack(disk, std::size_t{traits.kilobytes} * 1024);
    if (file_system == FileSystem::Xfs) {
      EXPECT_TRUE(image.starts_with("XFSB"));
    } else {
      EXPECT_EQ(image.substr(0x438, 2), "\x53\xef");
    }
  }
}

TEST(MissingPrograms, NameThePackagesThatTheFileSystemNeeds) {
  const auto none = [](const std::string&) { return false; };
  const auto all = [](const std::string&) { return true; };
  const auto all_but_xfs = [](const std::string& name) { return name != "mkfs.xfs"; };
  EXPECT_EQ(missing_programs(FileSystem::Xfs, all), "");
  EXPECT_EQ(missing_programs(FileSystem::Ext4, all_but_xfs), "");
  EXPECT_THAT(missing_programs(FileSystem::Xfs, all_but_xfs), EndsWith("apt-get install xfsprogs"));
  EXPECT_THAT(missing_programs(FileSystem::Ext4, none),
              AllOf(HasSubstr("qemu-system-x86 e2fsprogs"), Not(HasSubstr("xfsprogs"))));
}

}  // namespace
}  // namespace mmcheck::lab
