// SPDX-License-Identifier: Apache-2.0
// From C and C++ sources to a shared object in which each access of memory that others may see is a
// call: the machine's compiler does it (-fsanitize=thread), and calls of the sanitizer's functions
// and of the C library become calls of mmcheck's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "host/temporary_folder.h"

namespace mmcheck::guest {

struct CompileOptions {
  std::vector<std::string> sources;  ///< .c, .cc, .cpp, .cxx
  std::vector<std::string> flags;    ///< for the compiler, behind mmcheck's own
};

struct Compiled {
  std::filesystem::path path;  ///< of the shared object
  bool needs_kernel = false;   ///< it makes system calls that the model has
  bool owns_memory = false;    ///< it calls what cannot be taken back: see functions.h
};

/// Compiles and links into the folder. Throws InputError:
/// what the compiler says, or which function a source calls that is not supported, and where.
Compiled compile(const CompileOptions& options, const host::TemporaryFolder& folder);

}  // namespace mmcheck::guest
