// SPDX-License-Identifier: Apache-2.0
// Which steps searches have made, and which of them they have made in conflict.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace mmcheck::explore {

struct Events;

/// Steps are told apart by the text that they are announced with, before its arguments are filled
/// in: "folio_lock({})". For one search at a time.
class StepCoverage {
 public:
  /// A step was made, the one of this number in its execution. `conflicts`: the earlier steps of
  /// other threads that are in conflict with it, with nothing between them by which they would be
  /// ordered anyway.
  void made(std::uint32_t event, std::string_view text, const Events& conflicts);
  void add(const StepCoverage& other);

  /// The first came directly before the second, which is in conflict with it.
  using Pair = std::pair<std::string_view, std::string_view>;
  std::set<std::string_view> steps() const;
  std::set<Pair> pairs() const;

 private:
  std::uint32_t number_of(std::string_view text);

  // By where the text lies, which is a literal: as fast as can be. Equal ones are joined at the
  // end.
  boost::unordered_flat_map<const char*, std::uint32_t> numbers_;
  std::vector<std::string_view> texts_;
  boost::unordered_flat_set<std::uint64_t> pairs_;  ///< two numbers each
  std::vector<std::uint32_t> execution_;            ///< the steps of the present one
};

}  // namespace mmcheck::explore
