// SPDX-License-Identifier: Apache-2.0
#include "workload/program.h"

#include <algorithm>
#include <array>
#include <optional>

#include "fs/filesystem.h"
#include "mm/folio.h"
#include "rules/monitors.h"
#include "workload/build.h"
#include "workload/interpreter.h"

namespace mmcheck::workload {

class ScenarioProgram::Impl {
 public:
  Impl(const Scenario& scenario, const design::Design& design, explore::MemoryModel model)
      : scenario_(scenario), design_(design), memory_(model) {}

  void setup(explore::Execution& x) {
    memory_.reset(x);
    system_.emplace(x, memory_);
    system_->monitor = &monitors_;
    system_->policies = design_.policies;
    system_->file_operations = has_large_file(scenario_) ? &fs::xfs() : &fs::ext4();
    system_->has_oom = any_thread_calls(scenario_, Operation::OomKillProcess);
    system_->has_exit = any_thread_calls(scenario_, Operation::ExitGroup) || system_->has_oom;
    system_->mlocks = any_thread_calls(scenario_, Operation::Mlock) ||
                      any_thread_calls(scenario_, Operation::Munlock);
    system_->truncates = any_thread_calls(scenario_, Operation::Ftruncate);
    if (const auto max = scenario_.gather_batch_max) {
      system_->gather_bundle = system_->gather_batch_max = *max;
    }
    if (scenario_.gather_tables) system_->has_tables = *scenario_.gather_tables != 0;
    if (scenario_.gather_batches_max) system_->gather_batches_max = *scenario_.gather_batches_max;
    monitors_.watch(*system_);
    Builder(scenario_, *system_).build();
    state_.reset(scenario_, memory_, system_->kept);
    for (unsigned number = 0; number < scenario_.threads.size(); ++number) {
      runs_[number].emplace(scenario_, *system_, state_, number);
      x.spawn(name_of(scenario_.threads[number]), static_cast<CpuId>(number), &Impl::run,
              &*runs_[number]);
    }
    check_size();
    memory_.start(static_cast<unsigned>(scenario_.threads.size()));
    for (machine::Cpu* cpu : system_->cpus) {
      cpu->count_stores(memory_);
      cpu->start_handlers(static_cast<unsigned>(system_->cpus.size()));
    }
    for (mm::folio& page : system_->folios) mm::start_freeing(page);
    if (system_->follows_tables) {
      x.spawn_daemon("rcu_gp_kthread", static_cast<CpuId>(system_->cpus.size()), &Impl::run_rcu,
                     &*system_);
    }
    system_->kept.keep();
  }

  void finished(explore::Execution& x) {
    const bool met = !scenario_.condition || state_.holds(scenario_.condition->expr);
    (met ? some_met_ : some_unmet_) = true;
    state_.report_outcome(x);
    for (const mm::address_space& file : system_->files) {
      for (const auto& block : file.blocks) x.outcome(block.peek());
    }
    for (const mm::folio& page : system_->folios) x.outcome(page.frame.peek());
    monitors_.check_final_state();
  }

  void watch_only(rules::RuleSet rules) { monitors_.watch_only(rules); }
  rules::RuleSet exercised() const { return monitors_.exercised(); }

  std::string findings() const {
    std::string text;
    for (const rules::Rule& rule : rules::rules()) {
      if (exercised().contains(rule.id)) text += std::string(rule.name) + ' ';
    }
    if (some_met_) text += "met ";
    if (some_unmet_) text += "unmet ";
    if (!text.empty()) text.pop_back();
    return text;
  }

  void add_findings(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      add_finding(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  void forget_findings() {
    monitors_.forget_exercised();
    some_met_ = some_unmet_ = false;
  }

  bool condition_held() const {
    if (!scenario_.condition) return true;
    switch (scenario_.condition->quantifier) {
      case Quantifier::Exists:
        return some_met_;
      case Quantifier::NotExists:
        return !some_met_;
      case Quantifier::Forall:
        return !some_unmet_;
    }
    return false;
  }

 private:
  void add_finding(std::string_view word) {
    if (word == "met") {
      some_met_ = true;
    } else if (word == "unmet") {
      some_unmet_ = true;
    } else if (const rules::Rule* rule = rules::find_rule(word)) {
      rules::RuleSet exercised;
      exercised.add(rule->id);
      monitors_.add_exercised(exercised);
    } else {
      throw InputError("\"" + std::string(word) +
                       "\" is no finding of a scenario: expected a rule, \"met\" or \"unmet\"");
    }
  }

  /// Each thread, each pair of CPUs (for flushes), each page (for its free), and each store buffer
  /// is one for the explorer.
  void check_size() const {
    const std::size_t cpus = system_->cpus.size();
    const bool tso = memory_.model() == explore::MemoryModel::Tso;
    const std::size_t wanted =
        cpus * cpus + system_->folios.size() + (tso ? cpus : 0) + (system_->follows_tables ? 1 : 0);
    if (wanted <= explore::kThreadsMax) return;
    throw InputError({scenario_.path, 0, 0},
                     scenario_.name + ": too large: threads squared plus " +
                         (tso ? "threads (for --memory tso) plus pages" : "pages") + " may be " +
                         std::to_string(explore::kThreadsMax) + " at most, and are " +
                         std::to_string(wanted));
  }

  static void run_rcu(void* context) {
    auto& system = *static_cast<mm::System*>(context);
    system.rcu.gp_kthread(*system.execution, system.cpus.data());
  }

  static void run(void* context) { static_cast<Interpreter*>(context)->run(); }

  static std::string_view name_of(const ThreadDecl& thread) {
    return thread.title.empty() ? std::string_view(thread.name) : std::string_view(thread.title);
  }

  const Scenario& scenario_;
  const design::Design& design_;
  explore::Memory memory_;
  rules::Monitors monitors_;
  std::optional<mm::System> system_;
  SharedState state_;
  std::array<std::optional<Interpreter>, machine::kCpusMax> runs_;
  // Over all executions, so not in kept memory; what the monitors have exercised neither.
  bool some_met_ = false;
  bool some_unmet_ = false;
};

ScenarioProgram::ScenarioProgram(const Scenario& scenario, const design::Design& design,
                                 explore::MemoryModel model, Rewinding rewinding)
    : rewinding_(rewinding) {
  check_supported(scenario);
  impl_ = std::make_unique<Impl>(scenario, design, model);
}

ScenarioProgram::~ScenarioProgram() = default;

void ScenarioProgram::setup(explore::Execution& execution) { impl_->setup(execution); }

void ScenarioProgram::finished(explore::Execution& execution) { impl_->finished(execution); }

void ScenarioProgram::watch_only(rules::RuleSet rules) { impl_->watch_only(rules); }

rules::RuleSet ScenarioProgram::exercised() const { return impl_->exercised(); }

std::string ScenarioProgram::findings() const { return impl_->findings(); }

void ScenarioProgram::add_findings(std::string_view text) { impl_->add_findings(text); }

void ScenarioProgram::forget_findings() { impl_->forget_findings(); }

bool ScenarioProgram::condition_held() const { return impl_->condition_held(); }

}  // namespace mmcheck::workload
