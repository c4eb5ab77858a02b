// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "design/design.h"
#include "explore/execution.h"
#include "explore/memory.h"
#include "rules/rules.h"
#include "workload/scenario.h"

namespace mmcheck::workload {

/// A scenario under a design, ready to be explored. Keeps references to both.
class ScenarioProgram final : public explore::Program {
 public:
  /// Throws InputError if the scenario needs what the model has not, with its place in the file.
  ScenarioProgram(const Scenario& scenario, const design::Design& design,
                  explore::MemoryModel model = explore::MemoryModel::Sc);
  ~ScenarioProgram() override;

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution& execution) override;

  /// Reports only violations of these rules: executions go on past the others'.
  void watch_only(rules::RuleSet rules);

  /// Rules whose check had something to decide in some execution so far. A pass in which a rule
  /// was never exercised says nothing about that rule.
  rules::RuleSet exercised() const;

  /// Whether the scenario's condition held in some (exists) or in all (forall) final states so far.
  bool condition_held() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mmcheck::workload
