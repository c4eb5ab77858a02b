// SPDX-License-Identifier: Apache-2.0
#include "conform/compare.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

namespace mmcheck::conform {
namespace {

/// Whether pages of files may be dropped, if they are clean by then.
enum class Eviction : std::uint8_t { None, Advised };

/// The host reads ahead, keeps pages that it was advised to drop, and maps what is around a fault:
/// of pages of files it may have more than the model, never less. Where it maps the zero page,
/// which the model does not have, it may have less. Which pages these are the model says. When the
/// host has written back what it is advised to drop, and can drop it, is a matter of time.
bool agree_on_mincore(const Result& host, const Result& model, Eviction eviction) {
  const std::uint64_t there = host.words[0].value;
  const std::uint64_t here = model.words[0].value;
  const std::uint64_t of_files = model.words[1].value;
  const std::uint64_t zeros = model.words[2].value;
  const std::uint64_t dropped = eviction == Eviction::Advised ? of_files : 0;
  return (there & ~here & ~of_files) == 0 && (here & ~there & ~zeros & ~dropped) == 0;
}

/// smaps does not count the zero page, for which the model may have a page, of its own or one that
/// it shares after a fork.
bool agree_on_smaps(const Result& host, const Result& model) {
  const auto field = [](const Result& result, SmapsField of) {
    return result.words[static_cast<std::size_t>(of)].value;
  };
  const std::uint64_t zeros = field(model, SmapsField::AnonZeros);
  const auto agree_but_for_zeros = [&](SmapsField of) {
    return field(host, of) <= field(model, of) + zeros &&
           field(model, of) <= field(host, of) + zeros;
  };
  return field(host, SmapsField::Size) == field(model, SmapsField::Size) &&
         agree_but_for_zeros(SmapsField::Anonymous) && agree_but_for_zeros(SmapsField::AnonRss) &&
         agree_but_for_zeros(SmapsField::AnonSharedDirty) &&
         agree_but_for_zeros(SmapsField::AnonPrivateDirty);
}

bool agree(const Call& call, const Result& host, const Result& model, Eviction eviction) {
  if (host.value != model.value) return false;
  if (host.failed()) return true;
  if (call.op == Op::Mincore) return agree_on_mincore(host, model, eviction);
  if (call.op == Op::Smaps) return agree_on_smaps(host, model);
  return host == model;
}

bool is_move_of_several(const Call& call, const Result& host, const Result& model) {
  return call.op == Op::Mremap && (call.operands[3] & MREMAP_FIXED) != 0 && !host.failed() &&
         model.value == -EFAULT;
}

bool is_failed_mremap(const Call& call, const Result& host, const Result& model) {
  if (call.op != Op::Mremap || !host.failed() || !model.failed()) return false;
  const bool fixed = (call.operands[3] & MREMAP_FIXED) != 0;
  return host.value != model.value || (fixed && host.value != -EINVAL);
}

bool is_populate_read(const Call& call, const Result& host, const Result& model) {
  return call.op == Op::Madvise && call.operands[2] == MADV_POPULATE_READ &&
         host.value == -EINVAL && model.value != -EINVAL;
}

constexpr std::array kKnownDifferences{
    KnownDifference{"mremap-several",
                    "since v6.17 mremap() moves several mappings at a time, and holes with them, "
                    "where nothing is resized; the model, as v6.12, says EFAULT",
                    &is_move_of_several},
    KnownDifference{"mremap-failed",
                    "since v6.17 mremap() finds what is wrong before it changes anything, and in "
                    "another order; until then, and in the model, one with MREMAP_FIXED that fails "
                    "may have unmapped the destination, and the end of the source",
                    &is_failed_mremap},
    KnownDifference{"populate-read",
                    "MADV_POPULATE_READ of memory that may be written or executed, but not read: "
                    "the model does not know such memory, as x86 does not",
                    &is_populate_read},
};

}  // namespace

std::span<const KnownDifference> known_differences() { return kKnownDifferences; }

Comparison compare(const Program& program, const Outcome& host, const Outcome& model) {
  if (!host.error.empty() || !model.error.empty()) return {.difference = program.calls.size()};
  Eviction eviction = Eviction::None;
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    const Call& call = program.calls[i];
    for (const KnownDifference& known : kKnownDifferences) {
      if (known.matches(call, host.results[i], model.results[i]))
        return {.difference = {}, .known = &known};
    }
    if (!agree(call, host.results[i], model.results[i], eviction)) return {.difference = i};
    const bool advised = call.op == Op::PosixFadvise && call.operands[3] == POSIX_FADV_DONTNEED;
    if (advised) eviction = Eviction::Advised;
  }
  return {};
}

}  // namespace mmcheck::conform
