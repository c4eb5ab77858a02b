// SPDX-License-Identifier: Apache-2.0
// A virtual machine that runs a real kernel and nothing else than the guest.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "host/process.h"
#include "lab/disk.h"
#include "lab/image.h"

namespace mmcheck::lab {

/// What is missing on this machine to run virtual machines with this file system, as one message
/// with the command that installs it. Empty if nothing is. `has` tells of a program whether it is
/// there.
std::string missing_programs(FileSystem file_system,
                             const std::function<bool(const std::string&)>& has);
/// On the machine as it is.
std::string missing_programs(FileSystem file_system = FileSystem::Ext4);

struct Guest {
  std::filesystem::path initramfs;
  std::uint64_t mark = 0;  ///< the address at which the guest tells that something has happened
};

/// Compiles the program and packs it, with a disk and the modules that it loads. Throws InputError
/// if the machine has no program to make the file system, or the image no module for it.
Guest build_guest(const std::string& source, FileSystem file_system, const Image& image,
                  const std::filesystem::path& folder);

/// How often a boot is tried. A kernel patches its code while it boots, under the eyes of its other
/// CPUs; these may trap on what QEMU had translated before (seen once in about 60 boots, as
/// "Oops: int3").
inline constexpr unsigned kBootTries = 3;

/// Runs until it is destroyed. QEMU translates code (TCG): that needs no rights and no hardware,
/// and has a TLB for each CPU, which goes stale as a real one does.
class Machine {
 public:
  /// `words` are added to the kernel's command line. Files of the machine come to be in `folder`.
  Machine(const Image& image, const Guest& guest, unsigned cpus, const std::string& words,
          const std::filesystem::path& folder);

  std::filesystem::path log() const { return folder_ / "kernel.log"; }
  std::filesystem::path stub() const { return folder_ / "stub"; }
  std::filesystem::path port() const { return folder_ / "port"; }  ///< what the guest sends by 0xe9

  bool is_running() { return process_.is_running(); }
  bool wait_for_end(std::chrono::milliseconds limit) { return process_.wait_for(limit); }

  /// The end of what it has logged, for a message.
  std::string last_words() const;

 private:
  std::filesystem::path folder_;
  host::Process process_;
};

}  // namespace mmcheck::lab
