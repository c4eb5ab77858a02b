// SPDX-License-Identifier: Apache-2.0
// A guest's instruction that the machine cannot make: a wild pointer that no check has seen, or a
// stack that is full.
#pragma once

namespace mmcheck::guest {

/// While there is one, SIGSEGV and SIGBUS of a guest's code end its execution with a violation.
/// Others are as before.
class CrashGuard {
 public:
  CrashGuard();
  ~CrashGuard();
  CrashGuard(const CrashGuard&) = delete;
  CrashGuard& operator=(const CrashGuard&) = delete;
};

}  // namespace mmcheck::guest
