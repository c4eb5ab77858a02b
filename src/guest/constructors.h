// SPDX-License-Identifier: Apache-2.0
// What runs before main(). The loader would run it outside of any execution, so it is taken away
// from the loader where it may call the model's kernel.
#pragma once

#include <cstdint>
#include <filesystem>

namespace mmcheck::guest {

/// What the entry of the dynamic section is called then that was DT_INIT_ARRAY. The loader ignores
/// names that it does not know.
inline constexpr std::int64_t kTakenConstructors = 0x6000'6d6d;

/// Changes the shared object: whoever loads it does not run them.
void take_constructors(const std::filesystem::path& shared_object);

}  // namespace mmcheck::guest
