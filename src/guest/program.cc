// SPDX-License-Identifier: Apache-2.0
#include "guest/program.h"

#include <charconv>

namespace mmcheck::guest {

GuestProgram::GuestProgram(Module& module, std::vector<std::string> arguments,
                           const RuntimeOptions& options)
    : arguments_(std::move(arguments)), symbols_(module), runtime_(module, symbols_, options), rewindable_(options.design == nullptr), endless_(options.endless) {}

void GuestProgram::setup(explore::Execution& execution) { runtime_.setup(execution, arguments_); }

void GuestProgram::finished(explore::Execution& execution) {
  static_cast<void>(execution);
  if (!runtime_.finished()) ++nr_cut_short_;
}

void GuestProgram::add_findings(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  nr_cut_short_ += number;
}

GuestResult explore_guest(GuestProgram& program, const explore::Options& options) {
  GuestResult result;
  while (true) {
    try {
      program.forget_findings();
      result.result = explore::explore(program, options);
      if (!program.grew()) {
        result.cut_short = program.nr_cut_short();
        return result;
      }
    } catch (const BeginAnew&) {
    } catch (const syscall::OutOfRoom& wanted) {
      program.make_room(wanted);
    }
    ++result.begun_anew;
  }
}

}  // namespace mmcheck::guest
