// SPDX-License-Identifier: Apache-2.0
#include "report/cost.h"

#include <fmt/format.h>

#include <algorithm>

namespace mmcheck::report {

namespace {

std::string line_text(const CostLine& line, std::size_t design_width) {
  const double a_flush =
      line.flushes == 0 ? 0 : static_cast<double>(line.pages) / static_cast<double>(line.flushes);
  std::string text =
      fmt::format("{:<{}} {:>8} {:>8.4g}", line.design, design_width, line.flushes, a_flush);
  for (unsigned cpus : kCostCpus) text += fmt::format(" {:>8}", line.ipis * (cpus - 1));
  return text + fmt::format(" {:>9} {:>8}\n", line.ptl_steps, line.ptl_longest);
}

}  // namespace

std::string cost_table(std::span<const CostLine> lines) {
  std::size_t width = 0;
  for (const CostLine& line : lines) width = std::max(width, line.design.size());
  std::string out =
      "what it costs: the same code, run once. IPIs with so many CPUs that run the process; steps\n"
      "under a page-table lock, and the longest time that one is held, in steps\n";
  const std::string heading =
      fmt::format("{:<{}} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8}\n", "", width, "flushes",
                  "pages", "IPIs", "IPIs", "IPIs", "PTL", "PTL,") +
      fmt::format("{:<{}} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9} {:>8}\n", "", width, "", "a flush",
                  fmt::format("{} CPUs", kCostCpus[0]), fmt::format("{} CPUs", kCostCpus[1]),
                  fmt::format("{} CPUs", kCostCpus[2]), "steps", "longest");
  const std::string* work = nullptr;
  for (const CostLine& line : lines) {
    if (work == nullptr || *work != line.work) {
      out += '\n' + line.work + '\n' + (work == nullptr ? heading : "");
      work = &line.work;
    }
    out += line_text(line, width);
  }
  return out;
}

}  // namespace mmcheck::report
