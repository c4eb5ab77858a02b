// SPDX-License-Identifier: Apache-2.0
#include "conform/campaign.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <vector>

#include "base/error.h"
#include "conform/compare.h"
#include "conform/generate.h"
#include "conform/minimise.h"

namespace mmcheck::conform {
namespace {

/// Programs are handed out in pieces of so many, after each of which differences are told.
constexpr std::uint64_t kPiece = 256;

/// One thread's sides, and what they found.
class Worker {
 public:
  explicit Worker(const Options& options)
      : seed_(options.seed), host_(options.host()), model_(options.model()) {}

  /// Does not throw: `failure` says what happened.
  void run(std::uint64_t first, std::uint64_t end, std::uint64_t stride) {
    try {
      for (std::uint64_t number = first; number < end; number += stride) run(number);
    } catch (...) {
      failure = std::current_exception();
    }
  }

  Summary summary;
  std::vector<Difference> differences;
  std::exception_ptr failure;

 private:
  /// Both sides at a time: the host has a process of its own.
  void run_both(const Program& program, Outcome& host, Outcome& model) {
    host_->begin(program);
    model = model_->run(program);
    host = host_->finish();
  }

  void run(std::uint64_t number);
  void count(const Program& program, const Outcome& host);
  bool is_steady(const Program& program, const Outcome& host);
  /// Nothing if what was found last does not come again.
  std::optional<Difference> minimised(Program program, Op op);

  std::uint64_t seed_;
  std::unique_ptr<Side> host_;
  std::unique_ptr<Side> model_;
};

void Worker::run(std::uint64_t number) {
  const Program program = generate(seed_, number);
  Outcome host;
  Outcome model;
  run_both(program, host, model);
  if (!model.refused.empty()) {
    ++summary.refused;
    ++summary.reasons[model.refused];
    return;
  }
  count(program, host);
  const Comparison comparison = compare(program, host, model);
  const std::optional<std::size_t>& difference = comparison.difference;
  if (!difference) {
    ++summary.agree;
    if (comparison.known != nullptr) ++summary.known[std::string(comparison.known->name)];
    return;
  }
  if (!is_steady(program, host)) {
    ++summary.unsteady;
    return;
  }
  const bool side_failed = *difference == program.calls.size();
  std::optional<Difference> found =
      minimised(program, side_failed ? Op{} : program.calls[*difference].op);
  if (!found) {
    ++summary.unsteady;
    return;
  }
  ++summary.differ;
  found->number = number;
  differences.push_back(std::move(*found));
}

void Worker::count(const Program& program, const Outcome& host) {
  if (!host.error.empty()) return;
  for (std::size_t i = 0; i < program.calls.size(); ++i) {
    const Result& result = host.results[i];
    const bool failed =
        result.failed() || std::any_of(result.words.begin(), result.words.end(),
                                       [](const Word& word) { return word.fault != Fault::None; });
    Figures& figures = summary.operations[static_cast<std::size_t>(program.calls[i].op)];
    ++(failed ? figures.failed : figures.succeeded);
  }
}

// What the host does at its own time (writing back, reclaiming) is nothing to hold the model
// against.
bool Worker::is_steady(const Program& program, const Outcome& host) {
  constexpr unsigned kTimes = 3;
  for (unsigned i = 0; i < kTimes; ++i) {
    const Outcome again = host_->run(program);
    if (again.error != host.error || again.results != host.results) return false;
  }
  return true;
}

// The call that differs stays one of the same kind, or what is found ends as something else.
std::optional<Difference> Worker::minimised(Program program, Op op) {
  Difference found;
  found.program = minimise(std::move(program), [&](const Program& candidate) {
    Outcome host;
    Outcome model;
    run_both(candidate, host, model);
    if (!model.refused.empty()) return false;
    const std::optional<std::size_t> difference = compare(candidate, host, model).difference;
    return difference &&
           (*difference == candidate.calls.size() || candidate.calls[*difference].op == op);
  });
  run_both(found.program, found.host, found.model);
  const std::optional<std::size_t> difference =
      compare(found.program, found.host, found.model).difference;
  if (!difference || !is_steady(found.program, found.host)) return std::nullopt;
  found.call = *difference;
  return found;
}

}  // namespace

void Summary::add(const Summary& other) {
  agree += other.agree;
  differ += other.differ;
  refused += other.refused;
  unsteady += other.unsteady;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    operations[i].succeeded += other.operations[i].succeeded;
    operations[i].failed += other.operations[i].failed;
  }
  for (const auto& [reason, number] : other.reasons) reasons[reason] += number;
  for (const auto& [name, number] : other.known) known[name] += number;
}

Summary run(const Options& options) {
  const unsigned jobs = std::max(options.jobs, 1u);
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < jobs; ++i) workers.push_back(std::make_unique<Worker>(options));
  for (std::uint64_t first = 0; first < options.programs; first += kPiece) {
    const std::uint64_t end = std::min(options.programs, first + kPiece);
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < jobs; ++i) {
      threads.emplace_back([&, i] { workers[i]->run(first + i, end, jobs); });
    }
    workers[0]->run(first, end, jobs);
    for (std::thread& thread : threads) thread.join();
    std::vector<Difference> differences;
    for (const auto& worker : workers) {
      if (worker->failure) std::rethrow_exception(worker->failure);
      std::move(worker->differences.begin(), worker->differences.end(),
                std::back_inserter(differences));
      worker->differences.clear();
    }
    std::sort(differences.begin(), differences.end(),
              [](const Difference& a, const Difference& b) { return a.number < b.number; });
    for (const Difference& difference : differences) options.on_difference(difference);
    if (options.on_progress) options.on_progress(end);
  }
  Summary summary;
  for (const auto& worker : workers) summary.add(worker->summary);
  return summary;
}

}  // namespace mmcheck::conform
