// SPDX-License-Identifier: Apache-2.0
#include "guest/constructors.h"

#include <link.h>

#include <fstream>

#include "base/error.h"

namespace mmcheck::guest {

namespace {

template <typename T>
T read_at(std::fstream& file, std::uint64_t offset) {
  T value{};
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char*>(&value), sizeof value);
  if (!file) throw InternalError("what the linker has made cannot be read");
  return value;
}

ElfW(Phdr) find_dynamic(std::fstream& file) {
  const auto header = read_at<ElfW(Ehdr)>(file, 0);
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto part = read_at<ElfW(Phdr)>(file, header.e_phoff + i * sizeof(ElfW(Phdr)));
    if (part.p_type == PT_DYNAMIC) return part;
  }
  throw InternalError("what the linker has made has no dynamic section");
}

}  // namespace

void take_constructors(const std::filesystem::path& shared_object) {
  std::fstream file(shared_object, std::ios::in | std::ios::out | std::ios::binary);
  const ElfW(Phdr) dynamic = find_dynamic(file);
  for (std::uint64_t at = 0; at < dynamic.p_filesz; at += sizeof(ElfW(Dyn))) {
    auto entry = read_at<ElfW(Dyn)>(file, dynamic.p_offset + at);
    if (entry.d_tag != DT_INIT_ARRAY) continue;
    entry.d_tag = kTakenConstructors;
    file.seekp(static_cast<std::streamoff>(dynamic.p_offset + at));
    file.write(reinterpret_cast<const char*>(&entry), sizeof entry);
  }
}

}  // namespace mmcheck::guest
