// SPDX-License-Identifier: Apache-2.0
// The engine's state as hashes.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "explore/engine.h"

namespace mmcheck::explore {

namespace {
ClassHash hash_of(std::span<const std::byte> bytes, std::uint64_t seed) {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {hash.low64, hash.high64};
}
}  // namespace

ClassHash Engine::hash_of_thread(unsigned index) const {
  const Thread& thread = threads_[index];
  ClassHash hash = mix(mix({}, index), static_cast<std::uint64_t>(thread.pending));
  // A handler always stands at its one step, and who has finished has no stack to go on from.
  if (thread.pending == Pending::Handler || thread.pending == Pending::Finished) return hash;
  if (thread.pending == Pending::Choice) {
    hash = mix(hash, reinterpret_cast<std::uintptr_t>(thread.alternatives));
  }
  for (const Guard& guard : guards(index)) {
    const std::uint64_t what = to_index(guard.object) * 2u + (guard.negated ? 1 : 0);
    hash = mix(mix(mix(hash, what), guard.mask), guard.expected);
  }
  const ClassHash stack = hash_of(fibers_.live(index), 0);
  return mix(mix(hash, stack.low), stack.high);
}

ClassHash Engine::hash_of_memory() const {
  ClassHash hash = hash_of(std::as_bytes(std::span(words_.get(), nr_objects_)), 1);
  for (std::span<const std::byte> memory : rewinder_.kept()) {
    const ClassHash kept = hash_of(memory, 2);
    hash = mix(mix(hash, kept.low), kept.high);
  }
  return hash;
}

}  // namespace mmcheck::explore
