// SPDX-License-Identifier: Apache-2.0
// Streams. What a guest has of one is a block of its own heap, so processes have each their own;
// stdout and stderr are the C library's names for what the guest prints.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "guest/descriptors.h"
#include "guest/guest_function.h"
#include "guest/text.h"

namespace mmcheck::guest {

namespace {

constexpr std::uint64_t kStreamMark = 0x6d6d'7374'7265'616d;

struct Stream {
  std::uint64_t mark = kStreamMark;
  int fd = -1;
  bool at_end = false;
  bool failed = false;
  unsigned begin = 0;  ///< of what has been read from the file, and not by the guest
  unsigned end = 0;
  char bytes[1000] = {};
};

bool is_standard(const FILE* stream) { return stream == stdout || stream == stderr; }

Stream& stream_of(FILE* stream, Place place) {
  if (stream == nullptr || is_standard(stream) || stream == stdin) {
    runtime().unsupported("reading from the terminal is not supported", place);
  }
  auto* own = reinterpret_cast<Stream*>(stream);
  if (own->mark != kStreamMark) runtime().unsupported("this is no stream that is open", place);
  return *own;
}

FILE* new_stream(std::int64_t fd, Place place) {
  if (guest::check_result(fd) < 0) return nullptr;
  void* block =
      runtime().heap().allocate(runtime().self(), sizeof(Stream), alignof(Stream), place.code);
  if (block == nullptr) runtime().unsupported("no memory left for a stream", place);
  auto* stream = new (block) Stream;
  stream->fd = static_cast<int>(fd);
  return reinterpret_cast<FILE*>(stream);
}

/// The next byte, or EOF.
int next_byte(Stream& stream) {
  if (stream.begin == stream.end) {
    const std::int64_t got =
        guest::read_descriptor(stream.fd, std::as_writable_bytes(std::span(stream.bytes)));
    stream.at_end |= got == 0;
    stream.failed |= got < 0;
    if (guest::check_result(got) <= 0) return EOF;
    stream.begin = 0;
    stream.end = static_cast<unsigned>(got);
  }
  return static_cast<unsigned char>(stream.bytes[stream.begin++]);
}

/// Up to a newline, which is part of it, or to `bytes_max` bytes.
ScratchString next_line(Stream& stream, std::size_t bytes_max) {
  ScratchString line;
  while (line.size() < bytes_max) {
    const int c = next_byte(stream);
    if (c == EOF) break;
    line += static_cast<char>(c);
    if (c == '\n') break;
  }
  return line;
}

void put_text(char* to, const ScratchString& text, Place place) {
  runtime().put_bytes(to, std::as_bytes(std::span(text.c_str(), text.size() + 1)), place);
}

int flags_of_mode(std::string_view mode) {
  const bool plus = mode.find('+') != std::string_view::npos;
  switch (mode.empty() ? 'r' : mode.front()) {
    case 'w':
      return (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
    case 'a':
      return (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
    default:
      return plus ? O_RDWR : O_RDONLY;
  }
}

}  // namespace

bool print_to(FILE* stream, std::string_view text, Place place) {
  if (is_standard(stream)) {
    runtime().write_out(text);
    return true;
  }
  Stream& own = stream_of(stream, place);
  const std::int64_t written = write_descriptor(own.fd, std::as_bytes(std::span(text)));
  own.failed |= written < 0;
  return check_result(written) >= 0;
}

GUEST(FILE*, fopen, const char* path, const char* mode) {
  const ScratchString name = guest::take_string(path, PLACE);
  const int flags = flags_of_mode(guest::take_string(mode, PLACE));
  return new_stream(guest::open_descriptor(name, flags, 0666), PLACE);
}
GUEST(FILE*, fdopen, int fd, const char*) { return new_stream(fd, PLACE); }
GUEST(FILE*, tmpfile, ) {
  return new_stream(runtime().kernel().memfd_create(runtime().self(), "tmpfile", 0), PLACE);
}
GUEST(int, fclose, FILE* stream) {
  if (is_standard(stream)) return 0;
  Stream& own = stream_of(stream, PLACE);
  const std::int64_t result = guest::close_descriptor(own.fd);
  own.mark = 0;
  runtime().heap().release(&own, PLACE.code);
  return static_cast<int>(guest::check_result(result));
}
GUEST(int, fileno, FILE* stream) {
  if (stream == stdin) return STDIN_FILENO;
  if (is_standard(stream)) return stream == stdout ? STDOUT_FILENO : STDERR_FILENO;
  return stream_of(stream, PLACE).fd;
}
GUEST(int, feof, FILE* stream) { return stream_of(stream, PLACE).at_end ? 1 : 0; }
GUEST(int, ferror, FILE* stream) {
  return !is_standard(stream) && stream_of(stream, PLACE).failed ? 1 : 0;
}
GUEST(void, rewind, FILE* stream) {
  Stream& own = stream_of(stream, PLACE);
  own.begin = own.end = 0;
  own.at_end = own.failed = false;
  guest::ProcFiles::File* file = runtime().proc_files().find(runtime().process(), own.fd);
  if (file != nullptr) {
    file->position = 0;
  } else {
    guest::check_result(runtime().kernel().lseek(runtime().self(), own.fd, 0, SEEK_SET));
  }
}
GUEST(int, fgetc, FILE* stream) { return next_byte(stream_of(stream, PLACE)); }
GUEST(int, getc, FILE* stream) { return next_byte(stream_of(stream, PLACE)); }
GUEST(char*, fgets, char* to, int room, FILE* stream) {
  if (room <= 1) return nullptr;
  const ScratchString line =
      next_line(stream_of(stream, PLACE), static_cast<std::size_t>(room) - 1);
  if (line.empty()) return nullptr;
  put_text(to, line, PLACE);
  return to;
}
GUEST(ssize_t, getline, char** line, std::size_t* room, FILE* stream) {
  const ScratchString text = next_line(stream_of(stream, PLACE), SIZE_MAX);
  if (text.empty()) return -1;
  if (*line == nullptr || *room <= text.size()) {
    const std::size_t wanted = std::max<std::size_t>(text.size() + 1, 120);
    void* block = runtime().heap().allocate(runtime().self(), wanted, 16, PLACE.code);
    if (block == nullptr) runtime().unsupported("no memory left for a line", PLACE);
    if (*line != nullptr) runtime().heap().release(*line, PLACE.code);
    guest::put(line, static_cast<char*>(block), PLACE);
    guest::put(room, wanted, PLACE);
  }
  put_text(*line, text, PLACE);
  return static_cast<ssize_t>(text.size());
}
GUEST(std::size_t, fread, void* to, std::size_t bytes, std::size_t count, FILE* stream) {
  Stream& own = stream_of(stream, PLACE);
  ScratchBytes got;
  while (got.size() < bytes * count) {
    const int c = next_byte(own);
    if (c == EOF) break;
    got.push_back(static_cast<std::byte>(c));
  }
  if (!got.empty()) runtime().put_bytes(to, got, PLACE);
  return bytes == 0 ? 0 : got.size() / bytes;
}
GUEST(int, dprintf, int fd, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const ScratchString text = guest::format_text(format, arguments, PLACE);
  va_end(arguments);
  return static_cast<int>(
      guest::check_result(guest::write_descriptor(fd, std::as_bytes(std::span(text)))));
}

// What it stores goes to variables of the caller's, as a rule on its stack.
GUEST(int, __isoc99_sscanf, const char* text, const char* format, ...) {
  const ScratchString taken = guest::take_string(text, PLACE);
  va_list arguments;
  va_start(arguments, format);
  const int found = std::vsscanf(taken.c_str(), format, arguments);
  va_end(arguments);
  return found;
}

void link_stdio_functions() {}

}  // namespace mmcheck::guest
