// SPDX-License-Identifier: Apache-2.0
// An unmodified C program as a program of the explorer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "explore/explorer.h"
#include "guest/crash.h"
#include "guest/module.h"
#include "guest/runtime.h"
#include "guest/symbols.h"
#include "trace/record.h"
#include "trace/schedule.h"

namespace mmcheck::guest {

class GuestProgram final : public explore::Program {
 public:
  /// `arguments`: of main(), its name first. The module is this program's alone.
  GuestProgram(Module& module, std::vector<std::string> arguments, const RuntimeOptions& options);

  void setup(explore::Execution& execution) override;
  void finished(explore::Execution& execution) override;
  bool rewindable() const override { return rewindable_; }
  bool foreseeable() const override { return runtime_.foreseeable(); }
  bool endless() const override { return endless_; }
  bool swaps_memory() const override { return has_kernel_; }
  void resumes(ThreadId thread) override { runtime_.resumes(to_index(thread)); }
  void split(ThreadId thread, ThreadId twin) override {
    runtime_.split(to_index(thread), to_index(twin));
  }
  unsigned objects_max() const override {
    return has_kernel_ ? explore::kObjectsMaxOfAll : explore::kObjectsMax;
  }
  void make_room(const syscall::OutOfRoom& wanted) { runtime_.make_room(wanted); }
  std::string findings() const override { return std::to_string(nr_cut_short_); }
  void add_findings(std::string_view text) override;
  void forget_findings() override { nr_cut_short_ = 0; }

  /// Executions in which a thread waited in vain in a loop, or assumed what did not hold: each is
  /// like another one, or is none.
  std::uint64_t nr_cut_short() const { return nr_cut_short_; }
  /// What the last execution printed.
  std::string_view output() const { return runtime_.output(); }
  bool grew() const { return runtime_.grew(); }
  Runtime& runtime() { return runtime_; }

 private:
  CrashGuard guard_;
  std::vector<std::string> arguments_;
  Symbols symbols_;
  Runtime runtime_;
  bool has_kernel_;
  bool rewindable_;
  bool endless_;
  std::uint64_t nr_cut_short_ = 0;
};

/// A schedule of the program with what it rests on: threads, and what they share.
std::string encode_replay(GuestProgram& program, const trace::Schedule& schedule);
/// Throws InputError if it is none of this program's.
trace::Record replay_guest(GuestProgram& program, const std::string& text);

struct GuestResult {
  explore::Result result;
  std::uint64_t cut_short = 0;  ///< of result.executions: see GuestProgram::nr_cut_short()
  unsigned begun_anew = 0;      ///< times, because more memory turned out to be shared
};

/// explore::explore(), as often as it takes until what the threads share is known.
/// `on_outcome`: of executions that are not cut short, a hash of the global variables at their end.
GuestResult explore_guest(GuestProgram& program, const explore::Options& options,
                          const explore::OutcomeFunction& on_outcome = {});

}  // namespace mmcheck::guest
