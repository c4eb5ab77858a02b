// SPDX-License-Identifier: Apache-2.0
// What a sample of executions says about all of them.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>

#include "explore/class_hash.h"
#include "explore/explorer.h"

namespace mmcheck::explore {

/// The number of leaves of a tree from random walks in it: the mean of the products of the numbers
/// of branches along each walk, every branch being as likely as every other of its node. Knuth,
/// Estimating the efficiency of backtrack programs, Mathematics of Computation 29, 1975.
class TreeEstimate {
 public:
  /// A walk whose product is e to the power of `log_product`: products overflow.
  void add(double log_product);
  /// None before the second walk, or where it is larger than a double can be.
  std::optional<Estimate> result() const;

 private:
  std::uint64_t nr_walks_ = 0;
  double log_scale_ = 0;  ///< the largest so far; sums are divided by e to its power
  double sum_ = 0;
  double sum_of_squares_ = 0;
};

/// The classes that a sample met, and how often. Only the first few million executions are looked
/// at: they are a sample as well, and memory has an end.
class ClassCounts {
 public:
  void add(const ClassHash& hash);
  /// Fills in what it knows. `classes_at_least` after Chao, Nonparametric estimation of the number
  /// of classes in a population, Scandinavian Journal of Statistics 11, 1984, in the form that is
  /// corrected for bias. `next_is_new` after Good, The population frequencies of species and the
  /// estimation of population parameters, Biometrika 40, 1953 (who thanks Turing).
  void tell(Sample& sample) const;

 private:
  boost::unordered_flat_map<ClassHash, std::uint64_t, HashOfClass> counts_;
  std::uint64_t nr_ = 0;
  std::uint64_t nr_once_ = 0;   ///< classes met once
  std::uint64_t nr_twice_ = 0;  ///< classes met twice
};

}  // namespace mmcheck::explore
