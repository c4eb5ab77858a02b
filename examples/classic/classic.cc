// SPDX-License-Identifier: Apache-2.0
#include "classic.h"

#include <algorithm>

#include "base/error.h"

namespace classic {

using mmcheck::InputError;
using mmcheck::explore::Scenario;

namespace {

std::vector<Entry> all_entries() {
  std::vector<Entry> all;
  for (auto group : {counters(), arrays(), locks(), structures(), queues(), mutexes(), bugs()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

}  // namespace

unsigned Entry::nr_parameters() const {
  if (parameters.empty()) return 0;
  return 1 + static_cast<unsigned>(std::count(parameters.begin(), parameters.end(), ' '));
}

void build(Scenario& scenario, std::string_view name, Numbers numbers) {
  for (const Entry& entry : all_entries()) {
    if (entry.name != name) continue;
    if (numbers.size() != entry.nr_parameters()) {
      throw InputError("usage: " + std::string(name) + " " + std::string(entry.parameters));
    }
    entry.build(scenario, numbers);
    return;
  }
  for (const Litmus& test : litmus()) {
    if (test.name != name) continue;
    if (!numbers.empty()) throw InputError(std::string(name) + " takes no numbers");
    build_litmus(scenario, test.text);
    return;
  }
  throw InputError("there is no program " + std::string(name) + "; there are:\n" + list());
}

std::string list() {
  std::string text;
  auto add = [&](std::string_view name, std::string_view parameters, std::string_view what) {
    std::string line = "  " + std::string(name) + " " + std::string(parameters);
    if (line.size() < 34) line.resize(34, ' ');
    text += line + " " + std::string(what) + "\n";
  };
  for (const Entry& entry : all_entries()) add(entry.name, entry.parameters, entry.what);
  for (const Litmus& test : litmus()) add(test.name, "", test.text);
  return text;
}

Counts count(Scenario& scenario, const mmcheck::explore::ProgramFactory& more,
             const mmcheck::explore::Options& options) {
  Counts counts;
  std::uint64_t before = scenario.nr_unfinished();
  counts.result = explore(scenario, more, options);
  counts.unfinished = scenario.nr_unfinished() - before;
  counts.finished = counts.result.executions - counts.unfinished;
  return counts;
}

}  // namespace classic
