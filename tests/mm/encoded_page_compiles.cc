// SPDX-License-Identifier: Apache-2.0
// Compiles for a FLAG that fits beside a page pointer, and for no other: see CMakeLists.txt.
#include "mm/encoded_page.h"

namespace mmcheck::mm {

extern std::uintptr_t run_time;

page_flags_t flag() { return FLAG; }

}  // namespace mmcheck::mm
