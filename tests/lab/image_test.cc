// SPDX-License-Identifier: Apache-2.0
#include "lab/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "lab/archive.h"
#include "lab/files.h"
#include "lab/kernel_log.h"

namespace mmcheck::lab {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

/// As much of a bzImage as says which one it is.
std::string bzimage(const std::string& version) {
  std::string bytes(0x4000, '\0');
  bytes.replace(0x202, 4, "HdrS");
  bytes[0x20e] = '\x00';
  bytes[0x20f] = '\x30';
  return bytes.replace(0x3200, version.size(), version);
}

class ImageTest : public testing::Test {
 protected:
  ImageTest() { fs::remove_all(folder_); }

  void add(const std::string& name, const std::string& version) {
    fs::create_directories(folder_ / name / "modules" / "deep");
    write_file(folder_ / name / "vmlinuz", bzimage(version));
    write_file(folder_ / name / "package", "linux-image 1.2-3\nsha256 00\n");
  }

  fs::path folder_ = fs::path(testing::TempDir()) / "mmcheck_image_test";
};

TEST_F(ImageTest, SaysItsReleaseItself) {
  add("6.12", "6.12.117+deb12-cloud-amd64 (builder) #1 SMP");
  const auto image = ImageStore(folder_).find("6.12");
  ASSERT_TRUE(image);
  EXPECT_EQ(image->release, "6.12.117+deb12-cloud-amd64");
  EXPECT_EQ(image->version, "6.12");
  EXPECT_EQ(image->origin, "linux-image 1.2-3");
  EXPECT_EQ(version_of("6.1.0-56-cloud-amd64"), "6.1");
  EXPECT_EQ(version_of("7.0-rc1"), "7.0");
}

TEST_F(ImageTest, IsListedByRelease) {
  EXPECT_TRUE(ImageStore(folder_).list().empty());
  add("b", "6.2.0 x");
  add("a", "6.6.0 x");
  std::vector<std::string> names;
  for (const Image& image : ImageStore(folder_).list()) names.push_back(image.name);
  EXPECT_THAT(names, ElementsAre("b", "a"));
}

TEST_F(ImageTest, MustBeABzImage) {
  add("6.1", "6.1.0 x");
  write_file(folder_ / "6.1" / "vmlinuz", "ELF");
  EXPECT_THROW(ImageStore(folder_).find("6.1"), InputError);
  EXPECT_THROW(ImageStore(folder_).open(folder_ / "none", folder_), InputError);
}

TEST_F(ImageTest, HasModulesInAnyFolder) {
  add("6.1", "6.1.0 x");
  write_file(folder_ / "6.1/modules/deep/brd.ko", "module");
  const auto image = ImageStore(folder_).find("6.1");
  EXPECT_EQ(load_module(*image, "brd"), "module");
  EXPECT_THROW(load_module(*image, "xfs"), InputError);
}

TEST_F(ImageTest, MayHaveModulesCompressed) {
  add("6.1", "6.1.0 x");
  write_file(folder_ / "6.1/modules/deep/brd.ko", "module");
  run_or_throw({"gzip", (folder_ / "6.1/modules/deep/brd.ko").string()});
  EXPECT_EQ(load_module(*ImageStore(folder_).find("6.1"), "brd"), "module");
}

TEST_F(ImageTest, IsFetchedByItsVersion) {
  EXPECT_THROW(ImageStore(folder_).fetch("../6.1"), InputError);
  EXPECT_THROW(ImageStore(folder_).fetch(""), InputError);
}

TEST(Initramfs, IsACpioArchiveThatTheKernelTakes) {
  const std::string bytes = make_initramfs({{.path = "dev", .mode = 0755, .folder = true},
                                            {.path = "init", .bytes = "#!", .mode = 0755}});
  EXPECT_TRUE(bytes.starts_with("070701"));
  EXPECT_NE(bytes.find("init"), std::string::npos);
  EXPECT_NE(bytes.find("TRAILER!!!"), std::string::npos);
}

TEST(KernelLog, TellsWarningsOnce) {
  const auto path = fs::path(testing::TempDir()) / "mmcheck_kernel.log";
  write_file(path, "[ 1.0] all is well\r\n[ 2.0] BUG: Bad page map in process x\r\n[ 3.0] WARN");
  KernelLog log(path);
  EXPECT_THAT(log.new_warnings(), ElementsAre("[ 2.0] BUG: Bad page map in process x"));
  EXPECT_TRUE(log.new_warnings().empty());
  write_file(path, read_file(path) + "ING: CPU: 1 PID: 2 at mm/memory.c:3\n");
  EXPECT_THAT(log.new_warnings(), ElementsAre("[ 3.0] WARNING: CPU: 1 PID: 2 at mm/memory.c:3"));
}

}  // namespace
}  // namespace mmcheck::lab
