// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "design/design.h"
#include "explore/execution.h"
#include "explore/memory.h"
#include "rules/rules.h"
#include "workload/scenario.h"

namespace mmcheck::workload {

/// Whether the explorer may take steps back, or runs executions again from their beginning: which
/// makes no difference but in time.
enum class Rewinding : std::uint8_t { Yes, No };

/// A scenario under a design, ready to be explored. Keeps references to both.
class ScenarioProgram final : public explore::Program {
 public:
  /// Throws InputError if the scenario needs what the model has not, with its place in the file.
  ScenarioProgram(const Scenario& scenario, const design::Design& design,
                  explore::MemoryModel model = explore::MemoryModel::Sc,
                  Rewinding rewinding = Rewinding::Yes);
  ~ScenarioProgram() override;

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution& execution) override;
  bool rewindable() const override { return rewinding_ == Rewinding::Yes; }

  // The rules that were exercised, and whether final states met the condition: in words, in any
  // order, "R-WRITE R-FREE met unmet".
  std::string findings() const override;
  void add_findings(std::string_view text) override;
  void forget_findings() override;

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
  Rewinding rewinding_ = Rewinding::Yes;
};

}  // namespace mmcheck::workload
