// SPDX-License-Identifier: Apache-2.0
// What designs cost, counted on a real kernel.
#pragma once

#include <CLI/App.hpp>
#include <span>

#include "cli/kernel_images.h"
#include "cli/session.h"
#include "design/design.h"

namespace mmcheck::cli {

struct CostOnKernelOptions {
  KernelOptions kernel;
  unsigned times = 1;
  unsigned cpus = 4;  ///< the most; two are always counted too

  bool is_wanted() const { return !kernel.version.empty() || !kernel.image.empty(); }
};

/// Behind the command's other options.
void add_cost_on_kernel_options(CLI::App& command, CostOnKernelOptions& options);

/// Throws InputError where one is given that needs a kernel, and none is.
void check_cost_on_kernel_options(const CLI::App& command, const CostOnKernelOptions& options);

/// Compares with these designs; without any, with the one that is named as the kernel.
ExitCode cost_on_kernel(const CostOnKernelOptions& options,
                        std::span<const design::Design* const> designs, bool json,
                        const Session& session);

}  // namespace mmcheck::cli
