// SPDX-License-Identifier: Apache-2.0
#include "lab/disk.h"

#include <fmt/format.h>

#include <array>
#include <fstream>

#include "base/error.h"
#include "host/process.h"
#include "lab/files.h"

namespace mmcheck::lab {

namespace fs = std::filesystem;

namespace {

/// Of the RAM disk, which has memory only for pages that have been written.
constexpr std::size_t kBlock = 4096;
using Block = std::array<char, kBlock>;
constexpr Block kZeros{};

void append_word(std::string& bytes, std::uint64_t word) {
  for (unsigned shift = 0; shift < 64; shift += 8) {
    bytes.push_back(static_cast<char>(word >> shift & 0xff));
  }
}

std::vector<std::string> command(FileSystem file_system, const fs::path& image) {
  const FileSystemTraits& traits = traits_of(file_system);
  const std::string program = host::find_program(std::string(traits.program)).string();
  if (file_system == FileSystem::Xfs) {
    return {program, "-q", "-f", "-d",
            fmt::format("file,name={},size={}k", image.string(), traits.kilobytes)};
  }
  return {program,
          "-q",
          "-F",
          "-t",
          "ext4",
          "-b",
          fmt::to_string(kBlock),
          image.string(),
          fmt::format("{}k", traits.kilobytes)};
}

}  // namespace

const FileSystemTraits& traits_of(FileSystem file_system) {
  static const FileSystemTraits kExt4 = {.name = "ext4",
                                         .kilobytes = 16 * 1024,
                                         .program = "mke2fs",
                                         .package = "e2fsprogs",
                                         .modules = {}};
  // mkfs.xfs makes none that is smaller than this.
  static const FileSystemTraits kXfs = {.name = "xfs",
                                        .kilobytes = 300 * 1024,
                                        .program = "mkfs.xfs",
                                        .package = "xfsprogs",
                                        .modules = {"libcrc32c", "xfs"}};
  return file_system == FileSystem::Xfs ? kXfs : kExt4;
}

std::string make_disk(FileSystem file_system, const fs::path& folder) {
  const fs::path image = folder / "disk.img";
  fs::remove(image);
  run_or_throw(command(file_system, image));
  std::string extents = read_extents(image);
  fs::remove(image);
  return extents;
}

std::string read_extents(const fs::path& image) {
  std::ifstream in(image, std::ios::binary);
  if (!in) throw InputError(image.string() + ": cannot be read");
  std::string extents;
  std::string run;
  std::uint64_t at = 0;
  const auto end_run = [&] {
    if (run.empty()) return;
    append_word(extents, at - run.size());
    append_word(extents, run.size());
    extents += run;
    run.clear();
  };
  Block block{};
  for (; in.read(block.data(), kBlock); at += kBlock) {
    if (block == kZeros) {
      end_run();
    } else {
      run.append(block.data(), kBlock);
    }
  }
  end_run();
  if (in.gcount() != 0) throw InputError(image.string() + ": expected whole blocks of 4096 bytes");
  return extents;
}

const std::string_view kGuestDisk = R"c(
static void load_module(const char* path, const char* options) {
  int fd = open(path, O_RDONLY);
  if (fd < 0 || syscall(SYS_finit_module, fd, options, 0)) fail(path);
  close(fd);
}

/* Of each extent: where it lies, how long it is, and its bytes. */
static void copy_disk(void) {
  static char block[PAGE];
  uint64_t extent[2];
  int from = open("/disk", O_RDONLY), to = open("/dev/ram0", O_WRONLY);
  if (from < 0 || to < 0) fail("disk");
  while (read(from, extent, sizeof extent) == sizeof extent)
    for (uint64_t done = 0; done < extent[1]; done += PAGE)
      if (read(from, block, PAGE) != PAGE || pwrite(to, block, PAGE, extent[0] + done) != PAGE)
        fail("disk");
  if (fsync(to)) fail("disk");
  close(from);
  close(to);
  unlink("/disk");
}

static void mount_disk(void) {
  char options[64];
  snprintf(options, sizeof options, "rd_nr=1 rd_size=%d", DISK_KILOBYTES);
  load_module("/brd.ko", options);
  for (int i = 0; modules[i]; i++) load_module(modules[i], "");
  copy_disk();
  if (mount("/dev/ram0", "/mnt", FILE_SYSTEM, 0, NULL)) fail("mount");
}
)c";

}  // namespace mmcheck::lab
