// SPDX-License-Identifier: Apache-2.0
// A counterexample on a real kernel.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/kernel_images.h"
#include "cli/session.h"

namespace mmcheck::cli {

struct OnKernelOptions {
  KernelOptions kernel;
  std::string order;  ///< as given; empty: the model's
  unsigned times = 1;

  bool is_wanted() const { return !kernel.version.empty() || !kernel.image.empty(); }
};

/// Behind the command's other options.
void add_on_kernel_options(CLI::App& command, OnKernelOptions& options);

/// Throws InputError where one is given that needs a kernel, and none is.
void check_on_kernel_options(const CLI::App& command, const OnKernelOptions& options);

/// `scenario` and, if not empty, the design and the schedule that lead to the counterexample.
struct OnKernelTarget {
  std::string scenario;
  std::string design;
  std::string schedule;
};

/// `json`: one object instead of text.
ExitCode replay_on_kernel(const OnKernelTarget& target, const OnKernelOptions& options, bool json,
                          const Session& session);

}  // namespace mmcheck::cli
