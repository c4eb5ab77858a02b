// SPDX-License-Identifier: Apache-2.0
#include "explore/class_hash.h"

#include <cstring>

namespace mmcheck::explore {

namespace {

// The finaliser of SplitMix64, with two sets of odd constants.
std::uint64_t mix_low(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

std::uint64_t mix_high(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 29);
}

}  // namespace

ClassHash mix(const ClassHash& hash, std::uint64_t value) {
  return {mix_low(hash.low + 0x9e3779b97f4a7c15, value),
          mix_high(hash.high + 0xc2b2ae3d27d4eb4f, value)};
}

ClassHash hash_of_step(const TraceLog& log, std::uint32_t event) {
  const LoggedEvent& step = log.event(event);
  ClassHash hash = mix(mix({}, step.thread), step.label);
  constexpr unsigned kLanesPerWord = sizeof(std::uint64_t) / sizeof(Clock::lane[0]);
  const Clock& clock = log.clock(event);
  for (unsigned i = 0; i < log.nr_threads(); i += kLanesPerWord) {
    std::uint64_t lanes = 0;
    std::memcpy(&lanes, &clock.lane[i], sizeof(lanes));
    hash = mix(hash, lanes);
  }
  return hash;
}

ClassHash hash_of_log(const TraceLog& log) {
  ClassHash hash;
  for (std::uint32_t e = 0; e < log.size(); ++e) hash = hash + hash_of_step(log, e);
  return hash;
}

}  // namespace mmcheck::explore
