// SPDX-License-Identifier: Apache-2.0
// Any bytes must compose a design or be refused with InputError; anything else is a bug.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "cli/design_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    mmcheck::cli::parse_design(text, "fuzz.toml");
  } catch (const mmcheck::InputError& error) {
    if (error.place().line == 0 || std::string(error.what()).empty()) {
      throw;  // an error without a place helps nobody
    }
  }
  return 0;
}
