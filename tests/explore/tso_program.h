// SPDX-License-Identifier: Apache-2.0
// Random programs of loads, stores, updates and fences, run in two ways: on explore::Memory under
// TSO, and on store buffers written out, as in the operational model. For comparing the two.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "explore/explorer.h"
#include "explore/memory.h"

namespace mmcheck::explore {

enum class TsoOp : std::uint8_t { Load, Store, Exchange, CompareExchange, Fence };

struct TsoInstruction {
  TsoOp op = TsoOp::Load;
  std::uint8_t word = 0;
};

struct TsoCode {
  unsigned nr_words = 2;
  std::vector<std::vector<TsoInstruction>> threads;

  std::string text() const;
};

/// Each store stores a value of its own, so that what a load reads says from which store.
TsoCode random_tso_code(std::uint64_t seed);

/// What an execution comes to: for each load the store it reads from, for each word its stores in
/// order. Two executions are of one class if and only if these are equal.
using TsoOutcome = std::vector<std::uint64_t>;

struct TsoSeen {
  std::multiset<TsoOutcome> outcomes;
  Result result;
};

/// On explore::Memory. With Sc, what memory without buffers does.
TsoSeen run_on_memory(const TsoCode& code, MemoryModel model, Strategy strategy,
                      std::uint64_t executions_max);
/// On buffers, each drain a step: every interleaving.
TsoSeen run_on_buffers(const TsoCode& code, std::uint64_t executions_max);

}  // namespace mmcheck::explore
