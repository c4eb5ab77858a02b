// SPDX-License-Identifier: Apache-2.0
#include "conform/minimise.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace mmcheck::conform {
namespace {

/// What may stand in place of the operand, the simplest first: each is simpler than it.
std::vector<std::int64_t> simpler(Kind kind, std::int64_t value) {
  std::vector<std::int64_t> candidates;
  switch (kind) {
    case Kind::Addr:
      candidates = {value & ~(kPage - 1)};
      break;
    case Kind::Length:
    case Kind::Count:
      candidates = {1, 8, kPage, (value + kPage - 1) & ~(kPage - 1), value / 2};
      std::erase_if(candidates, [&](std::int64_t each) {
        return each > value || (kind == Kind::Length && (each == 0 || each % kPage != 0));
      });
      break;
    case Kind::Offset:
      candidates = {0, kPage, value & ~(kPage - 1)};
      break;
    case Kind::Prot:
      candidates = {PROT_READ | PROT_WRITE};
      break;
    case Kind::Value:
    case Kind::Repeat:
      candidates = {1};
      break;
    case Kind::Slot:
      candidates = {0};
      break;
    case Kind::MapFlags:
    case Kind::RemapFlags:
    case Kind::OpenFlags:
    case Kind::SyncFlags:
      for (int bit = 0; bit < 31; ++bit) {
        if (std::popcount(static_cast<std::uint64_t>(value)) < 2) break;
        if ((value >> bit & 1) != 0) candidates.push_back(value & ~(std::int64_t{1} << bit));
      }
      break;
    default:
      break;
  }
  // Where two are simpler than each other there would be no end.
  const auto place = std::find(candidates.begin(), candidates.end(), value);
  candidates.erase(place, candidates.end());
  return candidates;
}

class Minimiser {
 public:
  Minimiser(Program program, const std::function<bool(const Program&)>& fails)
      : program_(std::move(program)), fails_(fails) {}

  Program minimise() {
    while (drop_calls() || use_fewer_processes() || simplify_operands() || narrow_loads() ||
           simplify_files())
      continue;
    return std::move(program_);
  }

 private:
  bool try_instead(Program candidate) {
    candidate = without_orphans(std::move(candidate));
    if (candidate == program_ || !is_valid(candidate) || !fails_(candidate)) return false;
    program_ = std::move(candidate);
    return true;
  }

  bool drop_calls();
  bool simplify_operands();
  bool use_fewer_processes();
  bool narrow_loads();
  bool simplify_files();

  Program program_;
  const std::function<bool(const Program&)>& fails_;
};

bool Minimiser::drop_calls() {
  bool dropped = false;
  for (std::size_t piece = std::bit_floor(program_.calls.size()); piece > 0; piece /= 2) {
    // From the end: what comes after the difference goes first, and nothing depends on it.
    for (std::size_t end = program_.calls.size(); end > 0; end -= std::min(end, piece)) {
      end = std::min(end, program_.calls.size());
      Program candidate = program_;
      const auto begin = candidate.calls.begin();
      candidate.calls.erase(begin + static_cast<std::ptrdiff_t>(end - std::min(end, piece)),
                            begin + static_cast<std::ptrdiff_t>(end));
      if (try_instead(std::move(candidate))) dropped = true;
    }
  }
  return dropped;
}

bool Minimiser::simplify_operands() {
  bool simplified = false;
  for (std::size_t i = 0; i < program_.calls.size(); ++i) {
    const Shape& shape = shape_of(program_.calls[i].op);
    for (std::size_t k = 0; k < kOperandsMax; ++k) {
      for (const std::int64_t value : simpler(shape.operands[k], program_.calls[i].operands[k])) {
        Program candidate = program_;
        candidate.calls[i].operands[k] = value;
        if (!try_instead(std::move(candidate))) continue;
        simplified = true;
        break;
      }
      if (i >= program_.calls.size()) break;
    }
  }
  return simplified;
}

bool Minimiser::use_fewer_processes() {
  for (std::size_t i = 0; i < program_.calls.size(); ++i) {
    if (program_.calls[i].process == 0) continue;
    Program candidate = program_;
    candidate.calls[i].process = 0;
    if (try_instead(std::move(candidate))) return true;
  }
  return false;
}

// Of accesses to several pages, the one that differs.
bool Minimiser::narrow_loads() {
  for (std::size_t i = 0; i < program_.calls.size(); ++i) {
    if (program_.calls[i].op != Op::Load) continue;
    const std::int64_t repeat = program_.calls[i].operands[2];
    for (std::int64_t page = 0; repeat > 1 && page < repeat; ++page) {
      Program candidate = program_;
      candidate.calls[i].operands[0] += page * kPage;
      candidate.calls[i].operands[2] = 1;
      if (try_instead(std::move(candidate))) return true;
    }
  }
  return false;
}

bool Minimiser::simplify_files() {
  for (std::size_t file = 0; file < kFiles; ++file) {
    const std::uint32_t now = program_.file_bytes[file];
    for (const std::uint32_t bytes : {0u, 4096u}) {
      if (bytes >= now) continue;
      Program candidate = program_;
      candidate.file_bytes[file] = bytes;
      if (try_instead(std::move(candidate))) return true;
    }
  }
  return false;
}

}  // namespace

Program minimise(Program program, const std::function<bool(const Program&)>& fails) {
  return Minimiser(std::move(program), fails).minimise();
}

}  // namespace mmcheck::conform
