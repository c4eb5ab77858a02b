// SPDX-License-Identifier: Apache-2.0
// What runs before main(). The loader would run it outside of any execution, so it is taken away
// from the loader where it may call the model's kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace mmcheck::guest {

/// ELF's DT_INIT_ARRAY of a shared object.
struct Constructors {
  std::uintptr_t offset = 0;
  std::size_t count = 0;
};

/// Changes the file: whoever loads it runs none of them.
Constructors take_constructors(const std::filesystem::path& shared_object);

}  // namespace mmcheck::guest
