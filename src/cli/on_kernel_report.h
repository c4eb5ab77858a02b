// SPDX-License-Identifier: Apache-2.0
// What `replay --on-kernel` has to say: as text while it goes on, or as one object of JSON.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/json_line.h"
#include "cli/session.h"
#include "lab/forced_schedule.h"
#include "lab/prediction.h"
#include "lab/rounds.h"
#include "workload/scenario.h"

namespace mmcheck::cli {

/// The order to force, what it comes from, and what the model says of it.
struct OrderPlan {
  std::string release;         ///< of the kernel
  std::string counterexample;  ///< the design that breaks the rule in this order; empty: a user's
  lab::ForcedSchedule schedule;
  std::string design;  ///< of this kernel; empty where the model has none
  std::optional<lab::Prediction> prediction;
  std::string unpredicted;  ///< of what the model of that design says nothing
};

struct Round {
  lab::RoundResult result;
  unsigned again = 0;  ///< rounds before that do not count: see SegmentResult::Outcome::Faulted
};

struct OrderTotals {
  unsigned rounds = 0;
  unsigned lost = 0;
  unsigned again = 0;
  unsigned warned = 0;
  unsigned blocked = 0;   ///< rounds in which some thread was blocked
  unsigned unforced = 0;  ///< rounds that did not go in the order
  unsigned foreseen = 0;  ///< rounds that went as the model says
  double seconds_max = 0;
};

OrderTotals total(const std::vector<Round>& rounds, const OrderPlan& plan);

/// All rounds went in the order; where the model says something, as it says, be it that nothing
/// can.
bool has_agreed(const OrderTotals& totals, const OrderPlan& plan);

struct LabBoot {
  double seconds = 0;
  unsigned boots = 0;
  std::filesystem::path log;
};

/// Prints as it goes.
class OnKernelText {
 public:
  OnKernelText(const OrderPlan& plan, const workload::Scenario& scenario, const Console& console)
      : plan_(plan), scenario_(scenario), console_(console) {}

  void print_plan() const;
  void print_round(unsigned number, const Round& round);
  void print_totals(const OrderTotals& totals, const LabBoot& boot) const;

 private:
  const OrderPlan& plan_;
  const workload::Scenario& scenario_;
  const Console& console_;
  std::string said_;  ///< what the last round that differed had to say: it is not said again
};

/// schema mmcheck.replay-on-kernel/1
Json on_kernel_json(const OrderPlan& plan, const workload::Scenario& scenario,
                    const std::vector<Round>& rounds, const LabBoot& boot);

}  // namespace mmcheck::cli
