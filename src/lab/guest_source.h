// SPDX-License-Identifier: Apache-2.0
// A scenario as a C program for a real kernel.
#pragma once

#include <string>
#include <vector>

#include "lab/disk.h"
#include "workload/scenario.h"

namespace mmcheck::lab {

/// How many CPUs the guest needs: one a thread, and one for who watches over them.
unsigned cpus_of(const workload::Scenario& scenario);

/// What its files lie on.
FileSystem file_system_of(const workload::Scenario& scenario);

/// Throws InputError, with the place, where a thread does what no system call does.
std::string guest_source(const workload::Scenario& scenario);

/// One that only boots.
std::string empty_guest_source(unsigned cpus);

/// One that has no scenario, but a job: C that defines `void job(void)`. It may use all that is in
/// the frame. The machine ends with it.
std::string job_guest_source(const std::string& job, unsigned cpus);

}  // namespace mmcheck::lab
