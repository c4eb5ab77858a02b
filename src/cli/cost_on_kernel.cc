// SPDX-License-Identifier: Apache-2.0
#include "cli/cost_on_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <vector>

#include "base/error.h"
#include "cli/cost.h"
#include "cost/cost.h"
#include "lab/counts.h"
#include "report/cost_on_kernel.h"

namespace mmcheck::cli {
namespace {

using lab::CountedWork;
using report::KernelCost;

/// With two CPUs, and with the most.
std::vector<unsigned> cpus_of(const CostOnKernelOptions& options) {
  return options.cpus == 2 ? std::vector{2u} : std::vector{2u, options.cpus};
}

std::vector<CountedWork> works_of(const CostOnKernelOptions& options) {
  std::vector<CountedWork> works;
  for (const cost::Case& what : cost::cases()) {
    const auto kind =
        what.work == cost::Work::ForkExit ? CountedWork::Kind::ForkExit : CountedWork::Kind::Munmap;
    for (unsigned cpus : cpus_of(options)) works.push_back({kind, what.pages, cpus});
  }
  return works;
}

/// In the order of the cases: `works` has all numbers of CPUs of a case in a row.
std::vector<KernelCost> costs_of(const lab::KernelCounts& counts,
                                 const std::vector<CountedWork>& works,
                                 const std::vector<report::CostLine>& designs,
                                 std::size_t works_of_a_case) {
  std::vector<KernelCost> costs;
  for (std::size_t i = 0; i < works.size(); ++i) {
    const cost::Case& what = cost::cases()[i / works_of_a_case];
    if (i % works_of_a_case == 0) {
      KernelCost& cost = costs.emplace_back(KernelCost{
          .work = std::string(what.name), .pages = what.pages, .runs = {}, .designs = {}});
      std::copy_if(designs.begin(), designs.end(), std::back_inserter(cost.designs),
                   [&](const report::CostLine& line) { return line.work == what.name; });
    }
    for (const lab::FlushCount& count : counts.works[i]) {
      costs.back().runs.push_back({.cpus = works[i].cpus,
                                   .flushes = count.flushes,
                                   .ipis = count.ipis,
                                   .callers = count.callers});
    }
  }
  return costs;
}

/// Of each design, with how many cases it agrees.
std::string summary(const std::vector<KernelCost>& costs) {
  std::string text;
  for (std::size_t i = 0; i < costs.front().designs.size(); ++i) {
    const auto agreed = std::count_if(costs.begin(), costs.end(), [&](const KernelCost& cost) {
      return report::agrees(cost.designs[i], cost);
    });
    text += fmt::format("{} agrees in {} of {} cases\n", costs.front().designs[i].design, agreed,
                        costs.size());
  }
  return text.empty() ? "no design is named as this kernel: nothing to compare with\n" : text;
}

void print(const std::vector<KernelCost>& costs, const lab::Image& image,
           const CostOnKernelOptions& options, const lab::KernelCounts& counts,
           const std::filesystem::path& log, const Console& console) {
  const std::string boots =
      counts.boots == 1 ? "" : fmt::format(", after {} boots that failed", counts.boots - 1);
  console.out << fmt::format(
                     "flushes and IPIs of Linux {}, each case counted {} with each number "
                     "of CPUs\nthat run the process\n\n",
                     image.release,
                     options.times == 1 ? "once" : fmt::format("{} times", options.times))
              << report::cost_on_kernel_table(image.release, costs) << '\n'
              << summary(costs)
              << fmt::format("it took {:.1f} s with the boot{}\nthe kernel's log: {}\n",
                             counts.seconds, boots, log.string());
}

}  // namespace

void add_cost_on_kernel_options(CLI::App& command, CostOnKernelOptions& options) {
  command
      .add_option("--on-kernel", options.kernel.version,
                  "Count on this real kernel too, in a virtual machine, and compare")
      ->type_name("VERSION");
  add_image_options(command, options.kernel);
  command.add_option("--times", options.times, "On a kernel: how often each case; default 1")
      ->type_name("N")
      ->check(CLI::Range(1u, 1000u));
  command
      .add_option("--cpus", options.cpus,
                  "On a kernel: with 2 and with so many CPUs that run the process; default 4")
      ->type_name("N")
      ->check(CLI::Range(2u, 16u));
}

void check_cost_on_kernel_options(const CLI::App& command, const CostOnKernelOptions& options) {
  if (options.is_wanted()) return;
  if (command.count("--times") + command.count("--cpus") == 0) return;
  throw InputError("--times and --cpus are for --on-kernel or --image");
}

ExitCode cost_on_kernel(const CostOnKernelOptions& options,
                        std::span<const design::Design* const> designs, bool json,
                        const Session& session) {
  const Console& console = session.console;
  const lab::Image image = find_image_or_throw(options.kernel, console);
  const design::Design* own = design::find_design("linux-" + image.version);
  if (designs.empty() && own != nullptr) designs = {&own, 1};
  const std::vector<CountedWork> works = works_of(options);
  const RunFolder folder;
  const lab::KernelCounts counts = lab::count_flushes(image, works, options.times, folder.path());
  const std::vector<KernelCost> costs =
      costs_of(counts, works, measure_costs(designs), cpus_of(options).size());
  if (json) {
    for (const KernelCost& cost : costs) console.out << report::to_json(image.release, cost);
  } else {
    print(costs, image, options, counts, folder.path() / "kernel.log", console);
  }
  return ExitCode::Met;
}

}  // namespace mmcheck::cli
