// SPDX-License-Identifier: Apache-2.0
#include "lab/machine.h"

#include <fmt/format.h>

#include <charconv>

#include "base/error.h"
#include "host/command.h"
#include "lab/archive.h"
#include "lab/files.h"
#include "lab/guest_frame.h"
#include "lab/lab_error.h"

namespace mmcheck::lab {

namespace fs = std::filesystem;

namespace {

constexpr const char* kQemu = "qemu-system-x86_64";
constexpr unsigned kMegabytes = 1024;

/// The options that the kernel gets. Symbols are where /proc/kallsyms says only without KASLR; a
/// check of timers at boot fails where a CPU of the host is busy; mitigations cost time, and page
/// tables of their own for the kernel would empty a TLB without tags at each entry. A watchdog that
/// finds the TSC late, as it is on a busy host, has the kernel patch its code under the eyes of the
/// other CPUs, and leaves the scheduler with a clock that goes back.
constexpr const char* kCommandLine =
    "console=ttyS0 nokaslr no_timer_check mitigations=off panic=-1 loglevel=5 tsc=reliable";

void compile(const fs::path& source, const fs::path& program) {
  const std::vector<std::string> words = {
      "cc",           "-std=gnu11",
      "-O2",          "-w",
      "-static",      "-no-pie",
      "-pthread",     fmt::format("-Wl,-Ttext-segment={:#x}", kGuestText),
      "-o",           program.string(),
      source.string()};
  const host::CommandResult result = host::run_command(words);
  if (result.status == 127) {
    throw InputError("'cc' could not be run: a guest needs the machine's C compiler");
  }
  if (result.status != 0) throw LabError("the guest does not compile:\n" + result.output);
}

std::uint64_t address_of_symbol(const fs::path& program, const std::string& name) {
  for (const std::string& line : lines_of(run_or_throw({"nm", program.string()}))) {
    if (!line.ends_with(" " + name)) continue;
    std::uint64_t address = 0;
    std::from_chars(line.data(), line.data() + line.size(), address, 16);
    return address;
  }
  throw LabError("the guest has no symbol " + name);
}

std::vector<std::string> command(const Image& image, const Guest& guest, unsigned cpus,
                                 const std::string& words, const fs::path& folder) {
  return {host::find_program(kQemu).string(),
          "-accel",
          "tcg,thread=multi",
          "-cpu",
          "max",
          "-smp",
          fmt::to_string(cpus),
          "-m",
          fmt::to_string(kMegabytes),
          "-nodefaults",
          "-no-reboot",
          "-display",
          "none",
          "-nic",
          "none",
          "-serial",
          "file:" + (folder / "kernel.log").string(),
          "-debugcon",
          "file:" + (folder / "port").string(),
          "-gdb",
          "unix:" + (folder / "stub").string() + ",server=on,wait=off",
          "-kernel",
          image.kernel.string(),
          "-initrd",
          guest.initramfs.string(),
          "-append",
          fmt::format("{} {}", kCommandLine, words)};
}

}  // namespace

std::string missing_programs(FileSystem file_system,
                             const std::function<bool(const std::string&)>& has) {
  std::string packages;
  const auto need = [&](std::string_view program, std::string_view package) {
    if (!has(std::string(program))) packages += fmt::format(" {}", package);
  };
  const FileSystemTraits& traits = traits_of(file_system);
  need(kQemu, "qemu-system-x86");
  need(traits.program, traits.package);
  need("cc", "build-essential");
  if (packages.empty()) return {};
  return fmt::format("a real kernel needs a virtual machine with {}: apt-get install{}",
                     traits.name, packages);
}

std::string missing_programs(FileSystem file_system) {
  return missing_programs(
      file_system, [](const std::string& name) { return !host::find_program(name).empty(); });
}

Guest build_guest(const std::string& source, FileSystem file_system, const Image& image,
                  const fs::path& folder) {
  if (const std::string missing = missing_programs(file_system); !missing.empty()) {
    throw InputError(missing);
  }
  fs::create_directories(folder);
  const fs::path text = folder / "guest.c";
  const fs::path program = folder / "guest";
  write_file(text, source);
  compile(text, program);
  std::vector<ArchiveFile> files;
  for (const char* name : {"dev", "proc", "mnt"}) {
    files.push_back({.path = name, .mode = 0755, .folder = true});
  }
  files.push_back({.path = "init", .bytes = read_file(program), .mode = 0755});
  std::vector<std::string> modules = traits_of(file_system).modules;
  modules.emplace_back("brd");
  for (const std::string& name : modules) {
    files.push_back({.path = name + ".ko", .bytes = load_module(image, name)});
  }
  files.push_back({.path = "disk", .bytes = make_disk(file_system, folder)});
  Guest guest{.initramfs = folder / "initramfs", .mark = address_of_symbol(program, "mark")};
  write_file(guest.initramfs, make_initramfs(files));
  return guest;
}

Machine::Machine(const Image& image, const Guest& guest, unsigned cpus, const std::string& words,
                 const fs::path& folder)
    : folder_(folder), process_(command(image, guest, cpus, words, folder), folder / "qemu.log") {}

std::string Machine::last_words() const {
  constexpr std::size_t kBytes = 1000;
  std::string text = read_file(folder_ / "qemu.log");
  std::error_code error;
  if (fs::exists(log(), error)) text += read_file(log());
  return text.size() <= kBytes ? text : text.substr(text.size() - kBytes);
}

}  // namespace mmcheck::lab
