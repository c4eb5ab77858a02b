// SPDX-License-Identifier: Apache-2.0
#include "explore/sample.h"

#include <algorithm>
#include <cmath>

namespace mmcheck::explore {

namespace {
constexpr std::uint64_t kExecutionsMax = 1u << 22;
}  // namespace

void TreeEstimate::add(double log_product) {
  if (nr_walks_ == 0 || log_product > log_scale_) {
    const double shrink = nr_walks_ == 0 ? 0 : std::exp(log_scale_ - log_product);
    sum_ *= shrink;
    sum_of_squares_ *= shrink * shrink;
    log_scale_ = log_product;
  }
  const double product = std::exp(log_product - log_scale_);
  sum_ += product;
  sum_of_squares_ += product * product;
  ++nr_walks_;
}

std::optional<Estimate> TreeEstimate::result() const {
  if (nr_walks_ < 2) return std::nullopt;
  const auto n = static_cast<double>(nr_walks_);
  const double mean = sum_ / n;
  const double variance = std::max(0.0, sum_of_squares_ / n - mean * mean);
  const double scale = std::exp(log_scale_);
  const Estimate estimate{.value = mean * scale, .error = std::sqrt(variance / (n - 1)) * scale};
  if (!std::isfinite(estimate.value) || !std::isfinite(estimate.error)) return std::nullopt;
  return estimate;
}

void ClassCounts::add(const ClassHash& hash) {
  if (nr_ == kExecutionsMax) return;
  ++nr_;
  const std::uint64_t count = ++counts_[hash];
  if (count == 1) ++nr_once_;
  if (count == 2) {
    --nr_once_;
    ++nr_twice_;
  }
  if (count == 3) --nr_twice_;
}

void ClassCounts::tell(Sample& sample) const {
  sample.classes = counts_.size();
  if (nr_ == 0) return;
  const auto n = static_cast<double>(nr_);
  const auto once = static_cast<double>(nr_once_);
  const auto twice = static_cast<double>(nr_twice_);
  const double unseen = (n - 1) / n * once * (once - 1) / (2 * (twice + 1));
  sample.classes_at_least = static_cast<double>(counts_.size()) + unseen;
  sample.next_is_new = once / n;
}

}  // namespace mmcheck::explore
