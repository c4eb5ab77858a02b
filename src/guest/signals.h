// SPDX-License-Identifier: Apache-2.0
// What processes of a guest do when they get a signal.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace mmcheck::guest {

class Signals {
 public:
  static constexpr int kSignalsMax = 65;
  struct Action {
    std::uintptr_t handler = 0;  ///< SIG_DFL
    int flags = 0;               ///< SA_SIGINFO and others
  };

  void clear() { actions_.clear(); }
  Action& action(unsigned process, int signal) {
    if (actions_.size() <= process) actions_.resize(process + 1);
    return actions_[process][static_cast<unsigned>(signal)];
  }
  /// fork(): the child does as the parent.
  void copy(unsigned parent, unsigned child) {
    for (int signal = 0; signal < kSignalsMax; ++signal) {
      const Action inherited = action(parent, signal);
      action(child, signal) = inherited;
    }
  }

 private:
  std::vector<std::array<Action, kSignalsMax>> actions_;  ///< by process
};

}  // namespace mmcheck::guest
