// SPDX-License-Identifier: Apache-2.0
#include "litmus/final_states.h"

#include <fmt/format.h>

namespace mmcheck::workload {
namespace {

std::string found_by(const Scenario& test, explore::MemoryModel model, explore::Strategy strategy) {
  const LitmusResult result = run_litmus(test, model, {.strategy = strategy});
  std::string out;
  for (const FinalState& state : result.states) out += (out.empty() ? "" : "|") + state.text;
  if (result.deadlock) out += "|deadlock";
  return out;
}

}  // namespace

std::string final_states(const std::string& text, explore::MemoryModel model) {
  try {
    const Scenario test = parse_litmus(text, "t.litmus");
    const std::string reduced = found_by(test, model, explore::Strategy::Dpor);
    const std::string every = found_by(test, model, explore::Strategy::Naive);
    return reduced == every ? every : fmt::format("dpor: {} naive: {}", reduced, every);
  } catch (const InputError& error) {
    return fmt::format("{}:{}: {}", error.place().line, error.place().column, error.what());
  }
}

std::string final_states_of(const std::string& initial, const std::string& threads,
                            const std::string& locations) {
  return final_states(
      fmt::format("C t\n{{ {} }}\n{}\nlocations [{}]\n", initial, threads, locations));
}

}  // namespace mmcheck::workload
