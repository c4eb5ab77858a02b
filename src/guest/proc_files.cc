// SPDX-License-Identifier: Apache-2.0
// linux v6.12 fs/proc/task_mmu.c, fs/proc/array.c
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "guest/descriptors.h"
#include "guest/guest_function.h"

namespace mmcheck::guest {

namespace {

constexpr std::uint64_t kPageBytes = 4096;
constexpr std::string_view kNames[] = {"maps", "smaps", "status", "pagemap"};

/// What is behind "/proc/self/", or the same with the own pid or a thread's; else empty.
std::string_view name_of(Runtime& runtime, std::string_view path) {
  for (const std::string& own :
       {std::string("/proc/self/"), fmt::format("/proc/{}/", runtime.pid())}) {
    if (path.starts_with(own)) return path.substr(own.size());
  }
  return {};
}

std::string maps_line(const syscall::Mapping& mapping) {
  std::string line =
      fmt::format("{:08x}-{:08x} {}{}{}{} {:08x} 00:{:02} {} ", mapping.begin, mapping.end,
                  (mapping.protection & PROT_READ) != 0 ? 'r' : '-',
                  (mapping.protection & PROT_WRITE) != 0 ? 'w' : '-',
                  (mapping.protection & PROT_EXEC) != 0 ? 'x' : '-', mapping.shared ? 's' : 'p',
                  mapping.offset, mapping.inode == 0 ? 0 : 1, mapping.inode);
  if (mapping.inode != 0) {
    line.resize(std::max<std::size_t>(line.size(), 73), ' ');
    line += mapping.path.empty() ? "/dev/zero (deleted)" : mapping.path;
  }
  return line + '\n';
}

struct Usage {
  std::uint64_t rss = 0;
  std::uint64_t anonymous = 0;
  std::uint64_t shared_clean = 0;
  std::uint64_t shared_dirty = 0;
  std::uint64_t private_clean = 0;
  std::uint64_t private_dirty = 0;
};

/// In kB, of each.
Usage usage_of(Runtime& runtime, const syscall::Mapping& mapping) {
  constexpr std::uint64_t kPage = kPageBytes / 1024;
  Usage usage;
  for (std::uint64_t at = mapping.begin; at < mapping.end; at += kPageBytes) {
    const syscall::PageUse page = runtime.kernel().look_at_page(runtime.self(), at);
    if (!page.present) continue;
    usage.rss += kPage;
    if (page.anonymous) usage.anonymous += kPage;
    std::uint64_t& dirty = page.shared ? usage.shared_dirty : usage.private_dirty;
    std::uint64_t& clean = page.shared ? usage.shared_clean : usage.private_clean;
    (page.dirty ? dirty : clean) += kPage;
  }
  return usage;
}

std::string flags_of(const syscall::Mapping& mapping) {
  std::string flags;
  if ((mapping.protection & PROT_READ) != 0) flags += " rd";
  if ((mapping.protection & PROT_WRITE) != 0) flags += " wr";
  if ((mapping.protection & PROT_EXEC) != 0) flags += " ex";
  if (mapping.shared) flags += " sh";
  flags += " mr";
  if (mapping.may_write) flags += " mw";
  flags += " me";
  if (mapping.shared) flags += " ms";
  if (mapping.locked) flags += " lo";
  return flags;
}

std::string smaps_of(Runtime& runtime, const syscall::Mapping& mapping) {
  const Usage usage = usage_of(runtime, mapping);
  std::string text = maps_line(mapping);
  const auto add = [&](std::string_view name, std::uint64_t kilobytes) {
    text += fmt::format("{:<16}{:>8} kB\n", name, kilobytes);
  };
  add("Size:", (mapping.end - mapping.begin) / 1024);
  add("KernelPageSize:", kPageBytes / 1024);
  add("MMUPageSize:", kPageBytes / 1024);
  add("Rss:", usage.rss);
  add("Shared_Clean:", usage.shared_clean);
  add("Shared_Dirty:", usage.shared_dirty);
  add("Private_Clean:", usage.private_clean);
  add("Private_Dirty:", usage.private_dirty);
  add("Anonymous:", usage.anonymous);
  add("AnonHugePages:", 0);
  add("ShmemPmdMapped:", 0);
  add("FilePmdMapped:", 0);
  add("Locked:", mapping.locked ? usage.rss : 0);
  return text + "VmFlags:" + flags_of(mapping) + "\n";
}

std::string status_of(Runtime& runtime, std::span<const syscall::Mapping> mappings) {
  std::uint64_t size = 0;
  std::uint64_t locked = 0;
  Usage usage;
  for (const syscall::Mapping& mapping : mappings) {
    size += (mapping.end - mapping.begin) / 1024;
    if (mapping.locked) locked += (mapping.end - mapping.begin) / 1024;
    const Usage own = usage_of(runtime, mapping);
    usage.rss += own.rss;
    usage.anonymous += own.anonymous;
  }
  std::string text = fmt::format("Name:\tguest\nState:\tR (running)\nPid:\t{}\n", runtime.pid());
  const auto add = [&](std::string_view name, std::uint64_t kilobytes) {
    text += fmt::format("{}\t{:>8} kB\n", name, kilobytes);
  };
  add("VmSize:", size);
  add("VmLck:", locked);
  add("VmRSS:", usage.rss);
  add("RssAnon:", usage.anonymous);
  add("RssFile:", usage.rss - usage.anonymous);
  return text;
}

ScratchString text_of(Runtime& runtime, std::string_view name) {
  const std::span<const syscall::Mapping> mappings = runtime.kernel().mappings(runtime.self());
  if (name == "status") return ScratchString(status_of(runtime, mappings));
  ScratchString text;
  for (const syscall::Mapping& mapping : mappings) {
    text += name == "maps" ? maps_line(mapping) : smaps_of(runtime, mapping);
  }
  return text;
}

/// linux Documentation/admin-guide/mm/pagemap.rst. differs: without CAP_SYS_ADMIN, so the frame's
/// number is 0; no soft-dirty bits, as without CONFIG_MEM_SOFT_DIRTY.
std::uint64_t pagemap_entry(Runtime& runtime, std::uint64_t page) {
  constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
  constexpr std::uint64_t kFile = std::uint64_t{1} << 61;
  constexpr std::uint64_t kExclusive = std::uint64_t{1} << 56;
  const syscall::PageUse use = runtime.kernel().look_at_page(runtime.self(), page * kPageBytes);
  if (!use.present) return 0;
  return kPresent | (use.anonymous ? 0 : kFile) | (use.shared ? 0 : kExclusive);
}

std::int64_t read_pagemap(Runtime& runtime, std::span<std::byte> out, std::uint64_t offset) {
  constexpr std::size_t kEntry = sizeof(std::uint64_t);
  if (offset % kEntry != 0 || out.size() % kEntry != 0) return -EINVAL;
  for (std::size_t at = 0; at < out.size(); at += kEntry) {
    const std::uint64_t entry = pagemap_entry(runtime, (offset + at) / kEntry);
    std::memcpy(out.data() + at, &entry, kEntry);
  }
  return static_cast<std::int64_t>(out.size());
}

std::int64_t copy_text(std::string_view text, std::span<std::byte> out, std::uint64_t offset) {
  if (offset >= text.size()) return 0;
  const std::size_t bytes = std::min(out.size(), text.size() - offset);
  std::memcpy(out.data(), text.data() + offset, bytes);
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

bool ProcFiles::exists(Runtime& runtime, std::string_view path) {
  const std::string_view name = name_of(runtime, path);
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

int ProcFiles::open(unsigned process, std::string_view path) {
  int fd = kFirstFd;
  while (find(process, fd) != nullptr) ++fd;
  const std::string_view name = path.substr(path.rfind('/') + 1);
  files_.push_back({.process = process, .fd = fd, .name = *std::ranges::find(kNames, name)});
  return fd;
}

ProcFiles::File* ProcFiles::find(unsigned process, int fd) {
  for (File& file : files_) {
    if (file.process == process && file.fd == fd) return &file;
  }
  return nullptr;
}

void ProcFiles::close(unsigned process, int fd) {
  std::erase_if(files_, [&](const File& file) { return file.process == process && file.fd == fd; });
}

void ProcFiles::copy(unsigned parent, unsigned child) {
  std::erase_if(files_, [&](const File& file) { return file.process == child; });
  const std::size_t nr_files = files_.size();
  for (std::size_t i = 0; i < nr_files; ++i) {
    if (files_[i].process != parent) continue;
    File copied = files_[i];
    copied.process = child;
    files_.push_back(std::move(copied));
  }
}

std::int64_t ProcFiles::pread(Runtime& runtime, int fd, std::span<std::byte> out,
                              std::uint64_t offset) {
  const unsigned process = runtime.process();
  const std::string_view name = find(process, fd)->name;
  if (name == "pagemap") return read_pagemap(runtime, out, offset);
  if (offset != 0) return copy_text(find(process, fd)->text, out, offset);
  const ScratchString text = text_of(runtime, name);
  if (File* file = find(process, fd); file != nullptr) file->text = std::string_view(text);
  return copy_text(text, out, 0);
}

std::int64_t ProcFiles::read(Runtime& runtime, int fd, std::span<std::byte> out) {
  const unsigned process = runtime.process();
  runtime.step_of_proc_files({.format = "read()"});
  if (find(process, fd) == nullptr) return -EBADF;
  const std::uint64_t position = find(process, fd)->position;
  const std::int64_t result = pread(runtime, fd, out, position);
  File* file = find(process, fd);
  if (file != nullptr && result > 0) {
    file->position = position + static_cast<std::uint64_t>(result);
  }
  return result;
}

// --- all descriptors
// ------------------------------------------------------------------------------

namespace {

/// Of the calling process.
ProcFiles::File* proc_file(int fd) {
  if (fd < ProcFiles::kFirstFd) return nullptr;
  return runtime().proc_files().find(runtime().process(), fd);
}

}  // namespace

std::int64_t open_descriptor(std::string_view path, int flags, unsigned mode) {
  if (ProcFiles::exists(runtime(), path)) {
    runtime().step_of_proc_files({.format = "open()"});
    return runtime().proc_files().open(runtime().process(), path);
  }
  return runtime().kernel().open(runtime().self(), path, flags, mode);
}

std::int64_t close_descriptor(int fd) {
  if (fd >= 0 && fd < syscall::Kernel::kFirstFd) return 0;
  if (proc_file(fd) == nullptr) return runtime().kernel().close(runtime().self(), fd);
  runtime().step_of_proc_files({.format = "close()"});
  if (proc_file(fd) == nullptr) return -EBADF;
  runtime().proc_files().close(runtime().process(), fd);
  return 0;
}

std::int64_t read_descriptor(int fd, std::span<std::byte> out, std::optional<std::int64_t> offset) {
  if (fd >= 0 && fd < syscall::Kernel::kFirstFd) return 0;
  syscall::Kernel& kernel = runtime().kernel();
  if (proc_file(fd) != nullptr) {
    ProcFiles& files = runtime().proc_files();
    return offset ? files.pread(runtime(), fd, out, static_cast<std::uint64_t>(*offset))
                  : files.read(runtime(), fd, out);
  }
  return offset ? kernel.pread(runtime().self(), fd, out, *offset)
                : kernel.read(runtime().self(), fd, out);
}

std::int64_t write_descriptor(int fd, std::span<const std::byte> in) {
  if (fd == STDOUT_FILENO || fd == STDERR_FILENO) {
    runtime().write_out({reinterpret_cast<const char*>(in.data()), in.size()});
    return static_cast<std::int64_t>(in.size());
  }
  if (proc_file(fd) != nullptr) return -EINVAL;
  return runtime().kernel().write(runtime().self(), fd, in);
}

std::int64_t check_result(std::int64_t result) {
  if (result >= 0) return result;
  runtime().stop_if_killed(result);
  runtime().error_number() = static_cast<int>(-result);
  return -1;
}

}  // namespace mmcheck::guest
