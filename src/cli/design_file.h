// SPDX-License-Identifier: Apache-2.0
// Designs that a user composes, in TOML:
//
//     base = "linux-6.12"
//     without = ["pvmw-sync"]
//     [policies]
//     zap_clean.flush = "at-finish"
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/session.h"
#include "design/composition.h"

namespace mmcheck::cli {

/// A design with what it is made of.
struct ComposedDesign {
  explicit ComposedDesign(const mm::Policies& base) : composition(base) {}

  design::Composition composition;
  std::string name;
  std::string word;  ///< by which the command line finds it
  std::string summary;
  std::string source;  ///< what was changed of what: two that differ have different ones
  design::Design design;
};

/// Throws InputError with the file and the line.
std::unique_ptr<ComposedDesign> parse_design(std::string_view text, const std::string& path);

/// All designs that a run can name: those of the library, files that end in ".toml", and either
/// without a step: "linux-6.1/no-pvmw-sync", "my.toml/no-pvmw-sync". Keeps what it has composed.
class Designs {
 public:
  /// Throws InputError.
  const design::Design& find(const std::string& word, const Console& console);
  /// "force-flush" of "linux-6.12" is the mutation "linux-6.12/no-force-flush".
  const design::Design& find_without(const std::string& word, const std::string& step,
                                     const Console& console);

 private:
  const design::Design& read(const std::string& path);
  const design::Design& keep(std::unique_ptr<ComposedDesign> composed);

  std::map<std::string, std::unique_ptr<ComposedDesign>> composed_;  ///< by word
};

/// The message for it.
std::string unknown_design(const std::string& name, const Console& console);

/// All that results depend on: the name, and what a composed design is composed of.
std::string identity_of(const design::Design& design);

}  // namespace mmcheck::cli
