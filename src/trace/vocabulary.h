// SPDX-License-Identifier: Apache-2.0
// The words in which an execution is told: texts of steps, names and values of shared objects.
// Everything here is a trivial value, so that a step costs nothing while nobody records.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/types.h"

namespace mmcheck::trace {

/// What kind of thing a number names, for the table of names.
enum class NameSpace : std::uint8_t { Page, Address, Process, File, Thread, Object, Code };

/// Names that a program gives to numbers ("the address 0x10000 is x"). Filled while recording.
class Names {
 public:
  void set(NameSpace space, std::uint64_t id, std::string name) {
    names_[{space, id}] = std::move(name);
  }

  /// The name, or an empty view where none was given.
  std::string_view find(NameSpace space, std::uint64_t id) const {
    auto it = names_.find({space, id});
    return it == names_.end() ? std::string_view{} : std::string_view{it->second};
  }

 private:
  std::map<std::pair<NameSpace, std::uint64_t>, std::string> names_;
};

/// Appends `value` to `out` in the words of whoever owns the value.
using Formatter = void (*)(const Names& names, std::uint64_t value, std::string& out);

/// One argument of a text.
struct Arg {
  std::uint64_t value = 0;
  Formatter format = nullptr;
};

/// Whether a step is shown by default: `Minor` ones (a reference taken, a walk with no finding) are
/// shown only on request, or when they changed the state that a rule talks about.
enum class Detail : std::uint8_t { Major, Minor };

/// What a step does, as a text with one `{}` per argument: "ptep_get_and_clear({})".
struct StepText {
  std::string_view format;
  Arg args[3] = {};
  Detail detail = Detail::Major;
};

/// What an object is called and how its values read.
struct ObjectText {
  std::string_view format;  ///< as in StepText: "pte({})"
  Arg args[2] = {};
  Formatter value = nullptr;      ///< nullptr: changes of this object are never shown
  Detail detail = Detail::Major;  ///< Minor: changes are shown only on request
};

/// Replaces each `{}` in `format` by the next argument.
std::string render(const Names& names, std::string_view format, const Arg* args, unsigned nr_args);
std::string render(const Names& names, const StepText& text);
std::string render(const Names& names, const ObjectText& text);

void format_decimal(const Names& names, std::uint64_t value, std::string& out);
void format_hex(const Names& names, std::uint64_t value, std::string& out);
void format_flag(const Names& names, std::uint64_t value, std::string& out);  ///< "yes" or "no"

}  // namespace mmcheck::trace
