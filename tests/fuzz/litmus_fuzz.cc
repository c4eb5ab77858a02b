// SPDX-License-Identifier: Apache-2.0
// Any bytes must parse as a litmus test, in C or in assembly, or be refused with InputError;
// anything else is a bug.
#include <cstddef>
#include <cstdint>
#include <string>

#include "workload/litmus.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    mmcheck::workload::parse_litmus(text, "fuzz.litmus");
  } catch (const mmcheck::InputError& error) {
    if (error.place().line == 0) {
      throw;  // an error without a place helps nobody
    }
  }
  return 0;
}
