// SPDX-License-Identifier: Apache-2.0
// What is in files. linux fs/read_write.c, mm/filemap.c, fs/open.c, fs/sync.c, mm/fadvise.c
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "syscall/kernel_impl.h"

namespace mmcheck::syscall {

namespace {

bool can_read(const OpenFile& file) { return (file.flags & O_ACCMODE) != O_WRONLY; }

/// f_pos is one for all who have the open file. linux v6.12 fs/file.c: fdget_pos
/// differs: also where nobody else can have it.
template <typename Call>
std::int64_t with_position(mm::thread& task, OpenFile& file, Call call) {
  file.f_pos_lock.lock(task, {.format = "mutex_lock(f_pos_lock)", .detail = mm::Detail::Minor});
  std::uint64_t pos = file.f_pos.read();
  const std::int64_t result = call(pos);
  file.f_pos.write(pos);  // Part of the last step: nobody looks before the lock is free.
  file.f_pos_lock.unlock(task, {.format = "mutex_unlock(f_pos_lock)", .detail = mm::Detail::Minor});
  return result;
}

}  // namespace

bool Kernel::Impl::can_write(const OpenFile& file) { return (file.flags & O_ACCMODE) != O_RDONLY; }

// linux v6.12 mm/filemap.c: filemap_read
std::int64_t Kernel::Impl::do_read(mm::thread& task, OpenFile& file, std::span<std::byte> out,
                                   std::uint64_t pos) {
  mm::address_space& mapping = pages_of(file);
  std::uint64_t size = fs::i_size_read(task, mapping);
  std::int64_t done = 0;
  while (!out.empty() && pos < size) {
    const fs::FilePage page =
        fs::filemap_read(task, mapping, static_cast<unsigned>(pos / kPageSizeBytes));
    size = page.i_size;
    if (pos >= size) break;
    const auto offset = static_cast<unsigned>(pos % kPageSizeBytes);
    const auto bytes = static_cast<std::size_t>(
        std::min<std::uint64_t>({out.size(), kPageSizeBytes - offset, size - pos}));
    contents_.read(page.word, offset, out.first(bytes));
    out = out.subspan(bytes);
    pos += bytes;
    done += static_cast<std::int64_t>(bytes);
  }
  return done;
}

// linux v6.12 fs/ext4/file.c: ext4_buffered_write_iter
std::int64_t Kernel::Impl::do_write(mm::thread& task, OpenFile& file, std::span<const std::byte> in,
                                    std::uint64_t& pos) {
  if (in.empty()) return 0;
  mm::address_space& mapping = pages_of(file);
  const auto done = static_cast<std::int64_t>(in.size());
  mapping.i_rwsem.down_write(task, {.format = "inode_lock()"});
  if ((file.flags & O_APPEND) != 0) pos = mapping.i_size.read();
  want_file_pages(pos + in.size());
  while (!in.empty()) {
    const auto offset = static_cast<unsigned>(pos % kPageSizeBytes);
    const std::size_t bytes = std::min<std::size_t>(in.size(), kPageSizeBytes - offset);
    fs::perform_write(task, mapping, pos, pos + bytes, [&](std::uint64_t old) {
      return contents_.write(old, offset, in.first(bytes));
    });
    in = in.subspan(bytes);
    pos += bytes;
  }
  mapping.i_rwsem.up_write(task, {.format = "inode_unlock()", .detail = mm::Detail::Minor});
  return done;
}

std::int64_t Kernel::Impl::read(mm::thread& task, int fd, std::span<std::byte> out) {
  return with_any_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    if (is_pipe(file)) return read_pipe(task, file, out);
    if (!can_read(file)) return -EBADF;
    return with_position(task, file, [&](std::uint64_t& pos) {
      const std::int64_t done = do_read(task, file, out, pos);
      pos += static_cast<std::uint64_t>(done);
      return done;
    });
  });
}

std::int64_t Kernel::Impl::write(mm::thread& task, int fd, std::span<const std::byte> in) {
  return with_any_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    if (is_pipe(file)) return write_pipe(task, file, in);
    if (!can_write(file)) return -EBADF;
    return with_position(task, file,
                         [&](std::uint64_t& pos) { return do_write(task, file, in, pos); });
  });
}

std::int64_t Kernel::Impl::pread(mm::thread& task, int fd, std::span<std::byte> out,
                                 std::int64_t offset) {
  if (offset < 0) return -EINVAL;
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    if (!can_read(file)) return -EBADF;
    return do_read(task, file, out, static_cast<std::uint64_t>(offset));
  });
}

// O_APPEND: at the end all the same, as pwrite(2) says under BUGS.
std::int64_t Kernel::Impl::pwrite(mm::thread& task, int fd, std::span<const std::byte> in,
                                  std::int64_t offset) {
  if (offset < 0) return -EINVAL;
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    if (!can_write(file)) return -EBADF;
    auto pos = static_cast<std::uint64_t>(offset);
    return do_write(task, file, in, pos);
  });
}

std::int64_t Kernel::Impl::lseek(mm::thread& task, int fd, std::int64_t offset, int whence) {
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    return with_position(task, file, [&](std::uint64_t& pos) -> std::int64_t {
      std::int64_t from = 0;
      switch (whence) {
        case SEEK_SET:
          break;
        case SEEK_CUR:
          from = static_cast<std::int64_t>(pos);
          break;
        case SEEK_END:
          from = static_cast<std::int64_t>(fs::i_size_read(task, pages_of(file)));
          break;
        case SEEK_DATA:
        case SEEK_HOLE:
          throw InputError("lseek(): SEEK_DATA and SEEK_HOLE");
        default:
          return -EINVAL;
      }
      if (offset > std::numeric_limits<std::int64_t>::max() - from || from + offset < 0) {
        return -EINVAL;
      }
      pos = static_cast<std::uint64_t>(from + offset);
      return from + offset;
    });
  });
}

/// Under i_rwsem, which it takes.
void Kernel::Impl::truncate(mm::thread& task, mm::address_space& mapping, std::uint64_t size) {
  mapping.i_rwsem.down_write(task, {.format = "do_truncate(): inode_lock()"});
  if (size < mapping.i_size.read() && !features_.truncate) {
    Features features = features_;
    features.truncate = true;
    need(features);
  }
  want_file_pages(size);
  fs::truncate_setsize(task, mapping, size);
  mapping.i_rwsem.up_write(task, {.format = "inode_unlock()", .detail = mm::Detail::Minor});
}

std::int64_t Kernel::Impl::ftruncate(mm::thread& task, int fd, std::int64_t length) {
  if (length < 0) return -EINVAL;
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    if (!can_write(file)) return -EINVAL;
    truncate(task, pages_of(file), static_cast<std::uint64_t>(length));
    return 0;
  });
}

std::int64_t Kernel::Impl::fsync(mm::thread& task, int fd) {
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    mm::address_space& mapping = pages_of(file);
    const std::uint64_t size = fs::i_size_read(task, mapping);
    const auto nr_pages = static_cast<unsigned>((size + kPageSizeBytes - 1) / kPageSizeBytes);
    fs::file_write_and_wait_range(task, mapping, 0, nr_pages);
    return 0;
  });
}

namespace {

/// linux v6.12 mm/fadvise.c: generic_fadvise: only whole pages, but for the one that the file ends
/// in. Returns the pages [first, end).
std::pair<std::uint64_t, std::uint64_t> whole_pages(std::uint64_t offset, std::uint64_t length,
                                                    std::uint64_t size) {
  const std::uint64_t first = (offset + kPageSizeBytes - 1) / kPageSizeBytes;
  std::uint64_t last_byte = offset + length - 1;
  if (length == 0 || last_byte < offset) last_byte = ~std::uint64_t{0} >> 1;
  std::uint64_t end = last_byte / kPageSizeBytes + 1;
  if ((last_byte + 1) % kPageSizeBytes != 0 && last_byte != size - 1) --end;
  return {first, std::max(first, end)};
}

}  // namespace

// differs: writes no page of which only a part is meant.
std::int64_t Kernel::Impl::posix_fadvise(mm::thread& task, int fd, std::int64_t offset,
                                         std::int64_t length, int advice) {
  return with_file(task, fd, [&](OpenFile& file) -> std::int64_t {
    if (length < 0) return -EINVAL;
    switch (advice) {
      case POSIX_FADV_NORMAL:
      case POSIX_FADV_RANDOM:
      case POSIX_FADV_SEQUENTIAL:
      case POSIX_FADV_WILLNEED:
      case POSIX_FADV_NOREUSE:
        return 0;  // Only about what is read before it is asked for.
      case POSIX_FADV_DONTNEED:
        break;
      default:
        return -EINVAL;
    }
    mm::address_space& mapping = pages_of(file);
    const auto [first, end] =
        whole_pages(static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(length),
                    fs::i_size_read(task, mapping));
    const std::uint64_t max = mapping.nr_pages;
    fs::sys_fadvise_dontneed(task, mapping, static_cast<unsigned>(std::min(first, max)),
                             static_cast<unsigned>(std::min(end, max)));
    return 0;
  });
}

std::int64_t Kernel::Impl::file_size(mm::thread& task, int fd) {
  return with_file(task, fd, [&](OpenFile& file) {
    return static_cast<std::int64_t>(fs::i_size_read(task, pages_of(file)));
  });
}

}  // namespace mmcheck::syscall
