// SPDX-License-Identifier: Apache-2.0
#include "conform/text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "conform/perform.h"

namespace mmcheck::conform {
namespace {

struct Name {
  std::int64_t value;
  std::string_view text;
};
#define MMCHECK_NAME(constant) \
  Name { constant, #constant }
constexpr std::array kProtNames{MMCHECK_NAME(PROT_READ), MMCHECK_NAME(PROT_WRITE),
                                MMCHECK_NAME(PROT_EXEC)};
// MAP_SHARED_VALIDATE has the bits of the two before it, and so comes first.
constexpr std::array kMapFlagNames{MMCHECK_NAME(MAP_SHARED_VALIDATE), MMCHECK_NAME(MAP_SHARED),
                                   MMCHECK_NAME(MAP_PRIVATE),         MMCHECK_NAME(MAP_FIXED),
                                   MMCHECK_NAME(MAP_FIXED_NOREPLACE), MMCHECK_NAME(MAP_ANONYMOUS),
                                   MMCHECK_NAME(MAP_POPULATE),        MMCHECK_NAME(MAP_NORESERVE)};
constexpr std::array kRemapFlagNames{MMCHECK_NAME(MREMAP_MAYMOVE), MMCHECK_NAME(MREMAP_FIXED),
                                     MMCHECK_NAME(MREMAP_DONTUNMAP)};
constexpr std::array kSyncFlagNames{MMCHECK_NAME(MS_ASYNC), MMCHECK_NAME(MS_SYNC),
                                    MMCHECK_NAME(MS_INVALIDATE)};
constexpr std::array kOpenFlagNames{MMCHECK_NAME(O_WRONLY), MMCHECK_NAME(O_RDWR),
                                    MMCHECK_NAME(O_CREAT), MMCHECK_NAME(O_TRUNC),
                                    MMCHECK_NAME(O_APPEND)};
constexpr std::array kAdviceNames{
    MMCHECK_NAME(MADV_NORMAL),        MMCHECK_NAME(MADV_RANDOM),
    MMCHECK_NAME(MADV_SEQUENTIAL),    MMCHECK_NAME(MADV_WILLNEED),
    MMCHECK_NAME(MADV_DONTNEED),      MMCHECK_NAME(MADV_FREE),
    MMCHECK_NAME(MADV_REMOVE),        MMCHECK_NAME(MADV_DONTFORK),
    MMCHECK_NAME(MADV_DOFORK),        MMCHECK_NAME(MADV_WIPEONFORK),
    MMCHECK_NAME(MADV_KEEPONFORK),    MMCHECK_NAME(MADV_COLD),
    MMCHECK_NAME(MADV_POPULATE_READ), MMCHECK_NAME(MADV_POPULATE_WRITE)};
constexpr std::array kWhenceNames{MMCHECK_NAME(SEEK_SET), MMCHECK_NAME(SEEK_CUR),
                                  MMCHECK_NAME(SEEK_END)};
constexpr std::array kFileAdviceNames{
    MMCHECK_NAME(POSIX_FADV_NORMAL),     MMCHECK_NAME(POSIX_FADV_RANDOM),
    MMCHECK_NAME(POSIX_FADV_SEQUENTIAL), MMCHECK_NAME(POSIX_FADV_WILLNEED),
    MMCHECK_NAME(POSIX_FADV_DONTNEED),   MMCHECK_NAME(POSIX_FADV_NOREUSE)};
#undef MMCHECK_NAME

/// One of several constants.
std::string one_of(std::span<const Name> names, std::int64_t value) {
  for (const Name& name : names) {
    if (name.value == value) return std::string(name.text);
  }
  return fmt::format("{}", value);
}

/// Bits, "A|B|0x40"; `none` if there is none.
std::string bits_of(std::span<const Name> names, std::int64_t value, std::string_view none) {
  std::string text;
  const auto append = [&](std::string_view word) {
    if (!text.empty()) text += '|';
    text += word;
  };
  for (const Name& name : names) {
    if ((value & name.value) != name.value) continue;
    append(name.text);
    value &= ~name.value;
  }
  if (value != 0) append(fmt::format("{:#x}", value));
  return text.empty() ? std::string(none) : text;
}

/// In pages and bytes: "2*P + 8".
std::string bytes_text(std::int64_t bytes) {
  if (bytes > -kPage && bytes < kPage) return fmt::format("{}", bytes);
  if (bytes < 0 || bytes >= 1'000 * kPage)
    return fmt::format("{:#x}", static_cast<std::uint64_t>(bytes));
  std::string text = bytes / kPage == 1 ? "P" : fmt::format("{}*P", bytes / kPage);
  if (bytes % kPage != 0) text += fmt::format(" + {}", bytes % kPage);
  return text;
}

std::string address_text(std::int64_t distance) {
  return distance == 0 ? "w" : "w + " + bytes_text(distance);
}

std::string slot_text(std::int64_t slot) {
  return slot < kSlots ? fmt::format("fd{}", slot) : "never_open";
}

std::string operand_text(Kind kind, std::int64_t value) {
  switch (kind) {
    case Kind::Addr:
      return address_text(value);
    case Kind::Length:
    case Kind::Count:
    case Kind::Offset:
      return bytes_text(value);
    case Kind::Prot:
      return bits_of(kProtNames, value, "PROT_NONE");
    case Kind::MapFlags:
      return bits_of(kMapFlagNames, value, "0");
    case Kind::RemapFlags:
      return bits_of(kRemapFlagNames, value, "0");
    case Kind::SyncFlags:
      return bits_of(kSyncFlagNames, value, "0");
    case Kind::OpenFlags:
      return bits_of(kOpenFlagNames, value, "O_RDONLY");
    case Kind::Advice:
      return one_of(kAdviceNames, value);
    case Kind::FileAdvice:
      return one_of(kFileAdviceNames, value);
    case Kind::Whence:
      return one_of(kWhenceNames, value);
    case Kind::Slot:
      return slot_text(value);
    case Kind::File:
      return fmt::format("\"f{}\"", value);
    case Kind::Process:
      return fmt::format("P{}", value);
    default:
      return fmt::format("{}", value);
  }
}

std::string word_text(const Word& word) {
  switch (word.fault) {
    case Fault::None:
      return fmt::format("{:#x}", word.value);
    case Fault::Sigsegv:
      return "SIGSEGV";
    case Fault::Sigbus:
      return "SIGBUS";
    case Fault::Killed:
      return "killed";
  }
  return {};
}

std::string pages_text(std::uint64_t resident, std::int64_t bytes) {
  std::string text;
  for (std::int64_t i = 0; i * kPage < bytes; ++i) text += (resident >> i & 1) != 0 ? '1' : '0';
  return text;
}

std::string smaps_text(const Result& result) {
  constexpr std::array<std::string_view, kSmapsFields> kNames{
      "Size", "Anonymous", "anon Rss", "anon Shared_Dirty", "anon Private_Dirty", "zeros"};
  std::string text;
  for (std::size_t i = 0; i < kSmapsFields; ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", kNames[i], result.words[i].value);
  }
  return text + " pages";
}

std::string result_at(const Outcome& outcome, const Call& call, std::size_t i) {
  if (!outcome.error.empty()) return outcome.error;
  return i < outcome.results.size() ? text_of(call, outcome.results[i]) : "?";
}

}  // namespace

std::string text_of(const Call& call) {
  const Shape& shape = shape_of(call.op);
  std::string arguments;
  for (std::size_t i = 0; i < kOperandsMax && shape.operands[i] != Kind::None; ++i) {
    if (call.op == Op::Open && i == 0) continue;
    if (call.op == Op::Load && shape.operands[i] == Kind::Repeat && call.operands[i] == 1) continue;
    if (!arguments.empty()) arguments += ", ";
    const bool no_file = call.op == Op::Mmap && shape.operands[i] == Kind::Slot &&
                         (call.operands[3] & MAP_ANONYMOUS) != 0;
    arguments += no_file ? "-1" : operand_text(shape.operands[i], call.operands[i]);
  }
  const std::string text = fmt::format("{}({})", shape.name, arguments);
  return call.op == Op::Open ? fmt::format("{} = {}", slot_text(call.operands[0]), text) : text;
}

std::string text_of(const Call& call, const Result& result) {
  if (result.failed()) {
    const char* name = ::strerrorname_np(static_cast<int>(-result.value));
    return name != nullptr ? name : fmt::format("{}", result.value);
  }
  switch (call.op) {
    case Op::Mmap:
    case Op::Mremap:
      return result.value == kElsewhere ? "elsewhere" : address_text(result.value);
    case Op::Mincore:
      return pages_text(result.words[0].value, call.operands[1]);
    case Op::Smaps:
      return smaps_text(result);
    case Op::Store:
      return result.words[0].fault == Fault::None ? "" : word_text(result.words[0]);
    case Op::Read:
    case Op::Pread:
      return fmt::format("{}{}{}", result.value, result.value > 8 ? ", hash " : ", bytes ",
                         word_text(result.words[0]));
    default:
      break;
  }
  if (result.nr_words == 0) return fmt::format("{}", result.value);
  std::string text;
  for (std::uint32_t i = 0; i < result.nr_words; ++i) {
    text += (i == 0 ? "" : " ") + word_text(result.words[i]);
  }
  return text;
}

std::string text_of(const Program& program, const Outcome& host, const Outcome& model,
                    std::size_t difference) {
  std::string text = "  char *w = (char *)0x4d0000000000; enum { P = 4096 };";
  for (std::size_t file = 0; file < kFiles; ++file) {
    text +=
        fmt::format("{} f{}: {} bytes", file == 0 ? "  //" : ",", file, program.file_bytes[file]);
  }
  text += '\n';
  const bool several = program.nr_processes() > 1;
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    const std::string there = result_at(host, call, i);
    text += fmt::format("  {}{};", several ? fmt::format("/* P{} */ ", call.process) : "",
                        text_of(call));
    if (i == difference) {
      text += fmt::format("\n      // host:  {}\n      // model: {}\n", there,
                          result_at(model, call, i));
    } else {
      text += there.empty() || there == "0" ? "\n" : fmt::format("  // {}\n", there);
    }
  }
  if (difference >= program.calls.size()) {
    text += fmt::format("      // host:  {}\n      // model: {}\n", host.error, model.error);
  }
  return text;
}

}  // namespace mmcheck::conform
