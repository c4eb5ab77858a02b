// SPDX-License-Identifier: Apache-2.0
// Names of a guest's places and variables, from its debug information.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "guest/module.h"

namespace mmcheck::guest {

class Symbols {
 public:
  explicit Symbols(const Module& module) : module_(module) {}

  struct Line {
    std::string file;  ///< its name without folders; empty: not known
    unsigned number = 0;
    std::string text;  ///< the line itself, without blanks around it
  };
  /// Of the call that returns to this address.
  const Line& line(std::uintptr_t return_address);
  /// "poc.c:12", or "?".
  std::string place(std::uintptr_t return_address);
  /// "x", "x+8"; empty if no variable is there.
  std::string variable(std::uintptr_t address);

 private:
  struct Variable {
    std::string name;
    std::uint64_t bytes = 0;
  };
  void read_variables();

  const Module& module_;
  std::map<std::uintptr_t, Line> lines_;
  std::map<std::string, std::vector<std::string>> sources_;
  std::map<std::uint64_t, Variable> variables_;  ///< by offset in the module
  bool variables_read_ = false;
};

}  // namespace mmcheck::guest
