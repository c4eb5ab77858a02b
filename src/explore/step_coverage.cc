// SPDX-License-Identifier: Apache-2.0
#include "explore/step_coverage.h"

#include <bit>

#include "explore/trace_log.h"

namespace mmcheck::explore {

namespace {

constexpr std::uint64_t pair_of(std::uint32_t first, std::uint32_t then) {
  return std::uint64_t{first} << 32 | then;
}

}  // namespace

std::uint32_t StepCoverage::number_of(std::string_view text) {
  const auto [known, is_new] =
      numbers_.try_emplace(text.data(), static_cast<std::uint32_t>(texts_.size()));
  if (is_new) texts_.push_back(text);
  return known->second;
}

void StepCoverage::made(std::uint32_t event, std::string_view text, const Events& conflicts) {
  const std::uint32_t number = number_of(text);
  if (execution_.size() <= event) execution_.resize(event + 1);
  execution_[event] = number;
  for (std::uint32_t rest = conflicts.threads; rest != 0; rest &= rest - 1) {
    pairs_.insert(pair_of(execution_[conflicts.of[std::countr_zero(rest)]], number));
  }
}

void StepCoverage::add(const StepCoverage& other) {
  std::vector<std::uint32_t> own;
  own.reserve(other.texts_.size());
  for (const std::string_view text : other.texts_) own.push_back(number_of(text));
  for (const std::uint64_t pair : other.pairs_) {
    pairs_.insert(pair_of(own[pair >> 32], own[pair & 0xffffffff]));
  }
}

std::set<std::string_view> StepCoverage::steps() const { return {texts_.begin(), texts_.end()}; }

std::set<StepCoverage::Pair> StepCoverage::pairs() const {
  std::set<Pair> result;
  for (const std::uint64_t pair : pairs_) {
    result.emplace(texts_[pair >> 32], texts_[pair & 0xffffffff]);
  }
  return result;
}

}  // namespace mmcheck::explore
