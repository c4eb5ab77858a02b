// SPDX-License-Identifier: Apache-2.0
// Under sanitizers random programs are fewer: they take five times as long, and what they are for
// is memory, of which the first few hundred tell.
#pragma once

namespace mmcheck {

constexpr unsigned fewer_if_sanitized(unsigned number) {
#ifdef __SANITIZE_ADDRESS__
  return number / 5;
#else
  return number;
#endif
}

}  // namespace mmcheck
