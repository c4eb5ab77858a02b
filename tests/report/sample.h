// SPDX-License-Identifier: Apache-2.0
// Records and verdicts made by hand, and texts to compare with.
#pragma once

#include <string>

#include "report/verdict.h"
#include "trace/record.h"

namespace mmcheck::report {

/// munmap against a store: two CPUs, a minor step before and steps after the rule is broken.
trace::Record two_cpus();

/// munmap, store and msync, with an IPI, remarks and long texts.
trace::Record three_cpus();

Verdict held(const std::string& scenario, const std::string& design, std::uint64_t executions);
Verdict violated(const std::string& scenario, const std::string& design, const std::string& rule,
                 std::uint64_t executions);

/// Held in all schedules with at most so many preemptions.
Verdict held_bounded(const std::string& scenario, const std::string& design,
                     std::uint64_t executions, unsigned preemptions);
/// Held in random walks.
Verdict held_sampled(const std::string& scenario, const std::string& design,
                     std::uint64_t executions);

/// The file tests/report/golden/NAME. Where the environment has MMCHECK_UPDATE_GOLDEN=1, it is
/// written with `actual` first.
std::string golden(const std::string& name, const std::string& actual);

std::size_t longest_line(const std::string& text);

}  // namespace mmcheck::report
