// SPDX-License-Identifier: Apache-2.0
#include "report/cost_on_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

namespace mmcheck::report {
namespace {

constexpr int kNumberWidth = 10;

/// "2", or "2..5" where runs differ.
std::string range(const std::vector<std::uint64_t>& numbers) {
  const auto [least, most] = std::minmax_element(numbers.begin(), numbers.end());
  return *least == *most ? fmt::to_string(*least) : fmt::format("{}..{}", *least, *most);
}

template <typename Get>
std::string range(const std::vector<KernelRun>& runs, Get get) {
  std::vector<std::uint64_t> numbers;
  std::transform(runs.begin(), runs.end(), std::back_inserter(numbers), get);
  return range(numbers);
}

std::set<unsigned> cpus_of(const std::vector<KernelRun>& runs) {
  std::set<unsigned> cpus;
  for (const KernelRun& run : runs) cpus.insert(run.cpus);
  return cpus;
}

std::uint64_t ipis_of(const CostLine& design, unsigned cpus) { return design.ipis * (cpus - 1); }

std::string callers_text(const std::vector<KernelRun>& runs) {
  std::set<std::string> names;
  for (const KernelRun& run : runs) {
    for (const auto& [name, times] : run.callers) names.insert(name);
  }
  std::string text;
  for (const std::string& name : names) {
    const auto times = [&](const KernelRun& run) {
      const auto found = run.callers.find(name);
      return found == run.callers.end() ? std::uint64_t{0} : found->second;
    };
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, range(runs, times));
  }
  return text;
}

std::string kernel_line(const std::string& release, std::size_t width, const KernelCost& cost) {
  std::string text =
      fmt::format("{:<{}}{:>{}}", release, width,
                  range(cost.runs, [](const KernelRun& run) { return run.flushes; }), kNumberWidth);
  for (unsigned cpus : cpus_of(cost.runs)) {
    std::vector<std::uint64_t> ipis;
    for (const KernelRun& run : cost.runs) {
      if (run.cpus == cpus) ipis.push_back(run.ipis);
    }
    text += fmt::format("{:>{}}", range(ipis), kNumberWidth);
  }
  return text + "  " + callers_text(cost.runs) + '\n';
}

std::string design_line(const CostLine& design, std::size_t width, const KernelCost& cost) {
  std::string text =
      fmt::format("{:<{}}{:>{}}", design.design, width, design.flushes, kNumberWidth);
  for (unsigned cpus : cpus_of(cost.runs)) {
    text += fmt::format("{:>{}}", ipis_of(design, cpus), kNumberWidth);
  }
  const auto agreed = static_cast<std::size_t>(
      std::count_if(cost.runs.begin(), cost.runs.end(),
                    [&](const KernelRun& run) { return agrees(design, run); }));
  return text + (agreed == cost.runs.size() ? "  agrees\n"
                 : agreed == 0
                     ? "  differs\n"
                     : fmt::format("  agrees in {} of {} runs\n", agreed, cost.runs.size()));
}

std::string heading(std::size_t width, const KernelCost& cost) {
  std::string first = fmt::format("{:<{}}{:>{}}", "", width, "flushes", kNumberWidth);
  std::string second(width + kNumberWidth, ' ');
  for (unsigned cpus : cpus_of(cost.runs)) {
    first += fmt::format("{:>{}}", "IPIs", kNumberWidth);
    second += fmt::format("{:>{}}", fmt::format("{} CPUs", cpus), kNumberWidth);
  }
  return first + "  flushed by\n" + second + '\n';
}

}  // namespace

bool agrees(const CostLine& design, const KernelRun& run) {
  return design.flushes == run.flushes && ipis_of(design, run.cpus) == run.ipis;
}

bool agrees(const CostLine& design, const KernelCost& cost) {
  return std::all_of(cost.runs.begin(), cost.runs.end(),
                     [&](const KernelRun& run) { return agrees(design, run); });
}

std::string to_json(const std::string& release, const KernelCost& cost) {
  using Json = nlohmann::ordered_json;
  Json runs = Json::array();
  for (const KernelRun& run : cost.runs) {
    runs.push_back({{"cpus", run.cpus},
                    {"flushes", run.flushes},
                    {"ipis", run.ipis},
                    {"callers", Json(run.callers)}});
  }
  Json designs = Json::array();
  for (const CostLine& design : cost.designs) {
    Json ipis = Json::object();
    for (unsigned cpus : cpus_of(cost.runs)) ipis[std::to_string(cpus)] = ipis_of(design, cpus);
    designs.push_back({{"design", design.design},
                       {"flushes", design.flushes},
                       {"ipis", ipis},
                       {"agrees", agrees(design, cost)}});
  }
  const Json json = {{"schema", "mmcheck.cost-on-kernel/1"},
                     {"kernel", release},
                     {"work", cost.work},
                     {"pages", cost.pages},
                     {"runs", runs},
                     {"designs", designs}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string cost_on_kernel_table(const std::string& release, std::span<const KernelCost> costs) {
  std::size_t width = release.size();
  for (const KernelCost& cost : costs) {
    for (const CostLine& design : cost.designs) width = std::max(width, design.design.size());
  }
  std::string out;
  for (const KernelCost& cost : costs) {
    out += fmt::format("{}{}\n{}{}", out.empty() ? "" : "\n", cost.work,
                       out.empty() ? heading(width, cost) : "", kernel_line(release, width, cost));
    for (const CostLine& design : cost.designs) out += design_line(design, width, cost);
  }
  return out;
}

}  // namespace mmcheck::report
