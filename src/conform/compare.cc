// SPDX-License-Identifier: Apache-2.0
#include "conform/compare.h"

namespace mmcheck::conform {
namespace {

/// The host reads ahead, keeps pages that it was advised to drop, and maps what is around a fault:
/// of pages of files it may have more than the model, never less. Which pages are of
/// files the model says.
bool agree_on_mincore(const Result& host, const Result& model) {
  const std::uint64_t there = host.words[0].value;
  const std::uint64_t here = model.words[0].value;
  const std::uint64_t of_files = model.words[1].value;
  return ((there ^ here) & ~of_files) == 0 && (here & ~there) == 0;
}

/// Where the host maps the zero page, which smaps does not count, the model has a page of its own.
bool agree_on_smaps(const Result& host, const Result& model) {
  const auto field = [](const Result& result, SmapsField of) {
    return result.words[static_cast<std::size_t>(of)].value;
  };
  const std::uint64_t zeros = field(model, SmapsField::AnonZeros);
  const auto agree_but_for_zeros = [&](SmapsField of) {
    const std::uint64_t there = field(host, of);
    const std::uint64_t here = field(model, of);
    return there <= here && here <= there + zeros;
  };
  return field(host, SmapsField::Size) == field(model, SmapsField::Size) &&
         field(host, SmapsField::FileRss) >= field(model, SmapsField::FileRss) &&
         agree_but_for_zeros(SmapsField::Anonymous) && agree_but_for_zeros(SmapsField::AnonRss) &&
         agree_but_for_zeros(SmapsField::AnonSharedDirty) &&
         agree_but_for_zeros(SmapsField::AnonPrivateDirty);
}

bool agree(const Call& call, const Result& host, const Result& model) {
  if (host.value != model.value) return false;
  if (host.failed()) return true;
  if (call.op == Op::Mincore) return agree_on_mincore(host, model);
  if (call.op == Op::Smaps) return agree_on_smaps(host, model);
  return host == model;
}

}  // namespace

std::optional<std::size_t> first_difference(const Program& program, const Outcome& host,
                                            const Outcome& model) {
  if (!host.error.empty() || !model.error.empty()) return program.calls.size();
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    if (!agree(program.calls[i], host.results[i], model.results[i])) return i;
  }
  return std::nullopt;
}

}  // namespace mmcheck::conform
