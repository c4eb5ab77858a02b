// SPDX-License-Identifier: Apache-2.0
#include "guest/program.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/error.h"

namespace mmcheck::guest {

GuestProgram::GuestProgram(Module& module, std::vector<std::string> arguments,
                           const RuntimeOptions& options)
    : arguments_(std::move(arguments)),
      symbols_(module),
      runtime_(module, symbols_, options),
      has_kernel_(options.design != nullptr),
      rewindable_(options.rewinds && !has_kernel_),
      endless_(options.endless) {}

void GuestProgram::setup(explore::Execution& execution) { runtime_.setup(execution, arguments_); }

void GuestProgram::finished(explore::Execution& execution) {
  if (runtime_.finished()) {
    execution.outcome(runtime_.hash_of_variables());
  } else {
    ++nr_cut_short_;
  }
}

void GuestProgram::add_findings(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  nr_cut_short_ += number;
}

GuestResult explore_guest(GuestProgram& program, const explore::Options& options,
                          const explore::OutcomeFunction& on_outcome) {
  GuestResult result;
  while (true) {
    try {
      program.forget_findings();
      result.result = explore::explore(program, options, on_outcome);
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

std::string encode_replay(GuestProgram& program, const trace::Schedule& schedule) {
  return fmt::format("{}:{}:{}", program.runtime().nr_threads(),
                     program.runtime().shadow().encode(), trace::encode(schedule));
}

trace::Record replay_guest(GuestProgram& program, const std::string& text) {
  const std::size_t first = text.find(':');
  const std::size_t second = text.find(':', first == std::string::npos ? first : first + 1);
  const unsigned long threads = std::strtoul(text.c_str(), nullptr, 10);
  if (second == std::string::npos || threads < 1 || threads > Runtime::kThreadsMax) {
    throw InputError("'" + text + "': expected THREADS:SHARED:SCHEDULE, as it was printed");
  }
  program.runtime().set_threads(static_cast<unsigned>(threads));
  program.runtime().shadow().decode(text.substr(first + 1, second - first - 1));
  const trace::Schedule schedule = trace::decode(text.substr(second + 1));
  while (true) {
    try {
      return explore::replay(program, schedule);
    } catch (const syscall::OutOfRoom& wanted) {
      program.make_room(wanted);
    } catch (const BeginAnew&) {
      throw InputError("the schedule is not of this program, or it has changed since");
    }
  }
}

}  // namespace mmcheck::guest
