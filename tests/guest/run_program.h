// SPDX-License-Identifier: Apache-2.0
// A C program of tests/guest/programs, compiled and explored.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "design/design.h"
#include "explore/explorer.h"
#include "guest/compile.h"
#include "guest/program.h"

namespace mmcheck::guest {

/// Keeps all that belongs to a program that runs.
class Loaded {
 public:
  Loaded(const std::string& source, RuntimeOptions options,
         const std::vector<std::string>& arguments = {"program"},
         const std::vector<std::string>& flags = {})
      : compiled_(compile({.sources = {source}, .flags = flags}, folder_)),
        module_(compiled_.path),
        arguments_(arguments) {
    begin_anew(options);
  }

  /// The same program, of which nothing has been learned.
  void begin_anew(RuntimeOptions options) {
    program_.reset();
    options.rewinds = !compiled_.owns_memory;
    if (!compiled_.needs_kernel) options.design = nullptr;
    if (compiled_.needs_kernel && options.design == nullptr) {
      options.design = design::find_design("linux-6.12");
    }
    program_ = std::make_unique<GuestProgram>(module_, arguments_, options);
  }

  GuestProgram& operator*() { return *program_; }
  GuestProgram* operator->() { return program_.get(); }

 private:
  host::TemporaryFolder folder_;
  Compiled compiled_;
  Module module_;
  std::vector<std::string> arguments_;
  std::unique_ptr<GuestProgram> program_;
};

}  // namespace mmcheck::guest
