// SPDX-License-Identifier: Apache-2.0
// What a guest may call.
#pragma once

#include <cstdint>
#include <string_view>

namespace mmcheck::guest {

enum class Support : std::uint8_t {
  Own,      ///< mmcheck has it, under a name with the prefix
  Kernel,   ///< the same, and it needs the model's kernel
  Library,  ///< the C library's will do: it keeps nothing, and touches no memory of others
  None,
};

inline constexpr std::string_view kPrefix = "mmcheck_guest_";

/// Whether the function may have memory of its own at a step: steps cannot be taken back then.
bool owns_memory(std::string_view symbol);

/// Of a symbol that a guest's object wants from elsewhere.
Support support_of(std::string_view symbol);

}  // namespace mmcheck::guest
