// SPDX-License-Identifier: Apache-2.0
#include "lab/kernel_log.h"

#include <algorithm>
#include <iterator>

#include "lab/files.h"

namespace mmcheck::lab {

bool is_warning(std::string_view line) {
  constexpr std::string_view kBeginnings[] = {
      "WARNING:",   "BUG:",       "kernel BUG at", "Oops",     "general protection fault",
      "rcu: INFO:", "INFO: task", "Kernel panic",  "Bad page", "watchdog: BUG"};
  return std::any_of(
      std::begin(kBeginnings), std::end(kBeginnings),
      [&](std::string_view beginning) { return line.find(beginning) != std::string_view::npos; });
}

std::vector<std::string> KernelLog::new_warnings() {
  const std::string text = read_file(path_);
  // A line that is not complete is looked at next time.
  const std::size_t end = text.rfind('\n') + 1;
  std::vector<std::string> warnings;
  if (end > seen_) {
    for (std::string& line : lines_of(text.substr(seen_, end - seen_))) {
      if (line.ends_with('\r')) line.pop_back();
      if (is_warning(line)) warnings.push_back(std::move(line));
    }
    seen_ = end;
  }
  return warnings;
}

}  // namespace mmcheck::lab
