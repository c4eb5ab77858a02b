// SPDX-License-Identifier: Apache-2.0
#include "lab/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <memory>

#include "base/error.h"

namespace mmcheck::lab {
namespace {

void check(archive* handle, la_ssize_t result) {
  if (result >= ARCHIVE_OK) return;
  const char* why = archive_error_string(handle);
  throw InputError(std::string("archive: ") + (why == nullptr ? "error" : why));
}

la_ssize_t append(archive*, void* out, const void* bytes, size_t count) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

}  // namespace

std::string make_initramfs(const std::vector<ArchiveFile>& files) {
  const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
  std::string bytes;
  check(out.get(), archive_write_set_format_cpio_newc(out.get()));
  check(out.get(), archive_write_open2(out.get(), &bytes, nullptr, append, nullptr, nullptr));
  for (const ArchiveFile& file : files) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), file.path.c_str());
    archive_entry_set_filetype(entry.get(), file.folder ? S_IFDIR : S_IFREG);
    archive_entry_set_perm(entry.get(), file.mode);
    archive_entry_set_nlink(entry.get(), 1);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.bytes.size()));
    check(out.get(), archive_write_header(out.get(), entry.get()));
    if (!file.folder) {
      check(out.get(), archive_write_data(out.get(), file.bytes.data(), file.bytes.size()));
    }
  }
  check(out.get(), archive_write_close(out.get()));
  return bytes;
}

std::string decompressed(const std::string& bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> in(archive_read_new(), archive_read_free);
  check(in.get(), archive_read_support_filter_all(in.get()));
  check(in.get(), archive_read_support_format_raw(in.get()));
  check(in.get(), archive_read_open_memory(in.get(), bytes.data(), bytes.size()));
  archive_entry* entry = nullptr;
  check(in.get(), archive_read_next_header(in.get(), &entry));
  std::string out;
  char part[65536];
  while (true) {
    const la_ssize_t count = archive_read_data(in.get(), part, sizeof part);
    check(in.get(), count);
    if (count == 0) return out;
    out.append(part, static_cast<std::size_t>(count));
  }
}

}  // namespace mmcheck::lab
