// SPDX-License-Identifier: Apache-2.0
// Expressions and calls of a scenario, in C for a real kernel.
#pragma once

#include <cstdint>
#include <string>

#include "workload/scenario.h"

namespace mmcheck::lab {

/// What a huge entry maps, and so the size of a large folio.
inline constexpr std::uint64_t kHugeBytes = 0x20'0000;

/// A large folio of a scenario has a few pages, one of a real kernel here 512: these few are its
/// first ones, and what a scenario does with all of them is done with the whole folio.
std::uint64_t bytes_of(const workload::FileDecl& file);
std::uint64_t bytes_of(const workload::MappingDecl& mapping);

/// Whether what it maps is a large folio of a file.
bool is_large(const workload::Scenario& scenario, const workload::MappingDecl& mapping);

std::uint64_t address_of(const workload::Scenario& scenario, unsigned process, unsigned mapping,
                         unsigned page);

/// Whether user code makes it, through the TLB.
bool is_access(workload::Operation operation);

/// The statement that brings the page's entry to the state in which it is when threads start; with
/// it in the TLB of the CPU that makes it. Empty where there is no entry then.
std::string touch(const workload::Scenario& scenario, unsigned process, unsigned mapping,
                  unsigned page, const std::string& indent);

/// Throws InputError, with the place, where a process of a real kernel cannot do it.
std::string expression(const workload::Scenario& scenario, const workload::Expr& expr);

}  // namespace mmcheck::lab
