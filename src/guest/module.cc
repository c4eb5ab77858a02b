// SPDX-License-Identifier: Apache-2.0
#include "guest/module.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "guest/constructors.h"

namespace mmcheck::guest {

Module::Module(const std::filesystem::path& path)
    : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)), path_(path) {
  if (handle_ == nullptr)
    throw InputError(std::string("the program cannot be loaded: ") + dlerror());
  main_ = reinterpret_cast<Main>(dlsym(handle_, "main"));
  if (main_ == nullptr) throw InputError("the program has no main()");
  find_segments();
  initial_.assign(data_.begin(), data_.end());
}

Module::~Module() { dlclose(handle_); }

void Module::find_segments() {
  link_map* map = nullptr;
  dlinfo(handle_, RTLD_DI_LINKMAP, &map);
  base_ = map->l_addr;
  find_constructors(map->l_ld);
  const auto visit = [](dl_phdr_info* info, std::size_t, void* context) {
    auto& self = *static_cast<Module*>(context);
    if (info->dlpi_addr != self.base_) return 0;
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    for (const ElfW(Phdr) & part : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
      const std::uintptr_t at = self.base_ + part.p_vaddr;
      if (part.p_type == PT_LOAD && (part.p_flags & PF_W) != 0) {
        begin = begin == 0 ? at : std::min(begin, at);
        end = std::max(end, at + part.p_memsz);
      } else if (part.p_type == PT_LOAD && (part.p_flags & PF_X) != 0) {
        self.text_begin_ = at;
        self.text_bytes_ = part.p_memsz;
      } else if (part.p_type == PT_TLS) {
        self.tls_image_ = {reinterpret_cast<const std::byte*>(at), part.p_filesz};
        self.tls_bytes_ = part.p_memsz;
      }
    }
    // What the loader has made read-only (PT_GNU_RELRO) lies before the variables.
    for (const ElfW(Phdr) & part : std::span(info->dlpi_phdr, info->dlpi_phnum)) {
      if (part.p_type != PT_GNU_RELRO) continue;
      const std::uintptr_t relro_end = self.base_ + part.p_vaddr + part.p_memsz;
      if (relro_end > begin && relro_end <= end) begin = relro_end;
    }
    begin = begin / 16 * 16;
    self.data_ = {reinterpret_cast<std::byte*>(begin), end - begin};
    return 1;
  };
  dl_iterate_phdr(visit, this);
}

void Module::find_constructors(const void* dynamic) {
  std::uintptr_t offset = 0;
  std::size_t bytes = 0;
  for (auto* entry = static_cast<const ElfW(Dyn)*>(dynamic); entry->d_tag != DT_NULL; ++entry) {
    if (entry->d_tag == kTakenConstructors) offset = entry->d_un.d_ptr;
    if (entry->d_tag == DT_INIT_ARRAYSZ) bytes = entry->d_un.d_val;
  }
  if (offset == 0) return;
  const auto* first = reinterpret_cast<const Main*>(base_ + offset);
  constructors_.assign(first, first + bytes / sizeof(Main));
}

void Module::reset() { std::memcpy(data_.data(), initial_.data(), initial_.size()); }

}  // namespace mmcheck::guest
