// SPDX-License-Identifier: Apache-2.0
#include "cli/replay_on_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/catalog.h"
#include "cli/cell.h"
#include "cli/search_options.h"
#include "cli/suggest.h"
#include "explore/explorer.h"
#include "lab/forced_schedule.h"
#include "lab/guest_source.h"
#include "lab/rounds.h"
#include "lab/steps.h"
#include "lab/symbols.h"
#include "trace/schedule.h"
#include "workload/program.h"

namespace mmcheck::cli {
namespace {

using lab::RoundResult;
using lab::SegmentResult;
using lab::Stop;
using Outcome = SegmentResult::Outcome;

/// The rule whose breaking a program can see, in a word that is not on the disk.
constexpr std::string_view kLostWrite = "R-WRITE";

/// How often a round is made again in which a TLB had lost an entry. That is rare: it is as if an
/// interrupt had come at an unlucky time.
constexpr unsigned kAgain = 5;

/// The order to force, and what it comes from.
struct Plan {
  std::string design;  ///< that breaks the rule in this order; empty: the user's order
  lab::ForcedSchedule schedule;
  std::optional<bool> lost;  ///< what the model says of this kernel; nothing: no prediction
};

const design::Design* design_of_kernel(const lab::Image& image) {
  return design::find_design("linux-" + image.version);
}

CellResult search(const NamedScenario& named, const design::Design& design, Search how) {
  return run_cell({.scenario = &named, .design = &design}, explore::Options{}, how);
}

bool loses_a_write(const CellResult& result) {
  return result.verdict.outcome == report::Outcome::Violated && result.verdict.rule == kLostWrite;
}

/// The kernel's own design breaks the rule, or the first other one that does.
trace::Record find_counterexample(const NamedScenario& named, const design::Design* own,
                                  std::string& design_name) {
  std::vector<const design::Design*> candidates;
  if (own != nullptr) candidates.push_back(own);
  for (const design::Design& design : design::designs()) {
    if (&design != own) candidates.push_back(&design);
  }
  for (const design::Design* design : candidates) {
    CellResult result = search(named, *design, Search::Shortest);
    if (!loses_a_write(result)) continue;
    design_name = design->name;
    return *std::move(result.record);
  }
  throw InputError(fmt::format(
      "{}: no design loses a write in it, so there is no order to force; --order takes one",
      named.scenario.name));
}

trace::Record record_of(const OnKernelTarget& target, const NamedScenario& named,
                        const design::Design* own, const Session& session,
                        std::string& design_name) {
  if (target.schedule.empty()) return find_counterexample(named, own, design_name);
  const design::Design& design = find_design_or_throw(target.design, session);
  design_name = design.name;
  workload::ScenarioProgram program(named.scenario, design);
  return explore::replay(program, trace::decode(target.schedule));
}

Plan make_plan(const OnKernelTarget& target, const OnKernelOptions& options,
               const NamedScenario& named, const lab::Image& image, const lab::Symbols& symbols,
               const Session& session) {
  Plan plan;
  const design::Design* own = design_of_kernel(image);
  if (!options.order.empty()) {
    plan.schedule = lab::parse_forced_schedule(options.order, named.scenario);
  } else {
    const trace::Record record = record_of(target, named, own, session, plan.design);
    plan.schedule = lab::derive(record, named.scenario, lab::StepTable(symbols));
    // A design that may lose a write need not lose it in the order of another one.
    if (own != nullptr && own->name == plan.design && record.violation) plan.lost = true;
  }
  if (own != nullptr && !plan.lost) {
    const CellResult result = search(named, *own, Search::Verdict);
    if (result.verdict.outcome == report::Outcome::Held) plan.lost = false;
  }
  return plan;
}

/// Before a machine boots for nothing.
void check_functions(const Plan& plan, const lab::Image& image, const lab::Symbols& symbols) {
  for (const lab::Segment& segment : plan.schedule.segments) {
    const std::string& function = segment.stop.function;
    if (function.empty() || symbols.find(function)) continue;
    throw InputError(
        fmt::format("Linux {} has no function {} of its own: inlined, or static and "
                    "renamed{}",
                    image.release, function, did_you_mean(function, symbols.names())));
  }
}

std::string_view word(bool lost) { return lost ? "LOST" : "KEPT"; }

std::string name_of_thread(const workload::Scenario& scenario, unsigned thread) {
  const workload::ThreadDecl& decl = scenario.threads[thread];
  return decl.title.empty() ? decl.name : fmt::format("{} ({})", decl.name, decl.title);
}

std::string describe(const Stop& stop) {
  const std::string time = stop.time == 1 ? "" : fmt::format(", call {}", stop.time);
  switch (stop.kind) {
    case Stop::Kind::End:
      return "runs to its end";
    case Stop::Kind::Statement:
      return fmt::format("makes {} of its statements", stop.statements);
    case Stop::Kind::Entry:
      return fmt::format("is held where it calls {}{}", stop.function, time);
    case Stop::Kind::Return:
      return fmt::format("is held where {} has returned{}", stop.function, time);
  }
  return {};
}

void print_plan(const Plan& plan, const NamedScenario& named, const lab::Image& image,
                const Console& console) {
  const std::string heading = fmt::format(
      "{}{} on Linux {}", named.scenario.name,
      plan.design.empty() ? "" : ", as " + plan.design + " breaks the rule,", image.release);
  console.out << report::paint(console.colour, report::Emphasis::Bold, heading) << "\n\n";
  for (std::size_t i = 0; i < plan.schedule.segments.size(); ++i) {
    const lab::Segment& segment = plan.schedule.segments[i];
    console.out << fmt::format("  {}. {} {}\n", i + 1,
                               name_of_thread(named.scenario, segment.thread),
                               describe(segment.stop));
    if (!segment.remark.empty()) console.out << fmt::format("     ({})\n", segment.remark);
  }
  console.out << fmt::format("  {}. all run to their ends\norder: '{}'\n\n",
                             plan.schedule.segments.size() + 1, lab::to_string(plan.schedule))
              << std::flush;
}

/// Innermost first, in lines.
std::string calls(const std::vector<std::string>& functions) {
  constexpr std::size_t kColumns = 70;
  std::string text;
  std::size_t column = 0;
  for (const std::string& function : functions) {
    if (!text.empty()) text += " <";
    const bool fits = column == 0 || column + function.size() < kColumns;
    text += (text.empty() ? "" : fits ? " " : "\n           ") + function;
    column = (fits ? column : 0) + function.size() + 3;
  }
  return text;
}

/// What did not go as the order says; empty if all did.
std::string describe(const SegmentResult& result, const lab::Segment& segment,
                     const workload::Scenario& scenario) {
  const std::string thread = scenario.threads[segment.thread].name;
  switch (result.outcome) {
    case Outcome::Reached:
      return {};
    case Outcome::Blocked:
      return result.asleep ? fmt::format("{} sleeps before it {}", thread, describe(segment.stop))
                           : fmt::format("{} is blocked in {}", thread, calls(result.functions));
    case Outcome::Faulted:
      return fmt::format("the TLB of {} had lost the entry that it was to use", thread);
    case Outcome::NotReached:
      return fmt::format("{} has not come to {}", thread, segment.stop.function);
    case Outcome::TimedOut:
      return fmt::format("{} has not come in time to where it {}: it is in {}", thread,
                         describe(segment.stop), calls(result.functions));
  }
  return {};
}

/// `said` is what the last round that differed had to say: it is not said again.
void print_round(unsigned number, const RoundResult& round, const Plan& plan,
                 const workload::Scenario& scenario, std::string& said, const Console& console) {
  std::string line =
      fmt::format("{:4}  {}  {:.1f} s", number, word(round.is_lost()), round.seconds);
  for (const lab::PageResult& page : round.pages) {
    line += fmt::format("  {} page {}: {} was stored, {} is on the disk",
                        scenario.files[page.file].name, page.page, page.stored, page.on_disk);
  }
  std::string remarks;
  for (std::size_t i = 0; i < round.segments.size(); ++i) {
    const std::string what = describe(round.segments[i], plan.schedule.segments[i], scenario);
    if (!what.empty()) remarks += fmt::format("      {}. {}\n", i + 1, what);
  }
  for (std::size_t i = 0; i < round.faults.size(); ++i) {
    if (round.faults[i] == 0) continue;
    remarks += fmt::format("      {} was refused its access\n", scenario.threads[i].name);
  }
  for (const std::string& warning : round.warnings) remarks += "      kernel: " + warning + '\n';
  if (!remarks.empty() && remarks == said) line += "  (the rest as before)";
  console.out << line << '\n' << (remarks == said ? std::string() : remarks) << std::flush;
  said = remarks;
}

bool has_faulted(const RoundResult& round) {
  return std::any_of(
      round.segments.begin(), round.segments.end(),
      [](const SegmentResult& segment) { return segment.outcome == Outcome::Faulted; });
}

struct Totals {
  unsigned again = 0;  ///< rounds that do not count: see Outcome::Faulted
  unsigned lost = 0;
  unsigned warned = 0;
  unsigned blocked = 0;   ///< rounds in which some thread was blocked
  unsigned unforced = 0;  ///< rounds that did not go in the order
  double seconds_max = 0;
};

void add(const RoundResult& round, Totals& totals) {
  totals.lost += round.is_lost() ? 1 : 0;
  totals.unforced += round.is_forced() ? 0 : 1;
  totals.warned += round.warnings.empty() ? 0 : 1;
  const bool blocked =
      std::any_of(round.segments.begin(), round.segments.end(),
                  [](const SegmentResult& segment) { return segment.outcome == Outcome::Blocked; });
  totals.blocked += blocked ? 1 : 0;
  totals.seconds_max = std::max(totals.seconds_max, round.seconds);
}

ExitCode print_totals(const Totals& totals, const Plan& plan, unsigned times,
                      const lab::Laboratory& laboratory, const Console& console) {
  std::string text =
      fmt::format("\nLOST {} of {}, KEPT {} of {}", totals.lost, times, times - totals.lost, times);
  if (totals.blocked > 0) text += fmt::format("; a thread was blocked in {}", totals.blocked);
  if (totals.again > 0) {
    text += fmt::format("; {} made again, as a TLB had lost the entry to be used", totals.again);
  }
  if (totals.unforced > 0) {
    text += fmt::format("; {} did not go in the order", totals.unforced);
  }
  if (totals.warned > 0) text += fmt::format("; the kernel warned in {}", totals.warned);
  text += fmt::format(
      "\nbooted in {:.1f} s{}; a replay took at most {:.1f} s\n", laboratory.boot_seconds(),
      laboratory.boots() == 1 ? std::string()
                              : fmt::format(", after {} boots that failed", laboratory.boots() - 1),
      totals.seconds_max);
  bool agreed = totals.unforced == 0;
  if (plan.lost) {
    agreed = agreed && totals.lost == (*plan.lost ? times : 0);
    text += fmt::format("the model says {}: {}\n", word(*plan.lost),
                        agreed ? "they agree" : "they DISAGREE");
  } else {
    text += "the model says nothing about this order on this kernel\n";
  }
  console.out << text << "the kernel's log: " << laboratory.log().string() << '\n';
  return agreed ? ExitCode::Met : ExitCode::NotMet;
}

}  // namespace

void add_on_kernel_options(CLI::App& command, OnKernelOptions& options) {
  CLI::Option* on_kernel =
      command
          .add_option("--on-kernel", options.kernel.version,
                      "Force the order on this real kernel, in a virtual machine")
          ->type_name("VERSION");
  add_image_options(command, options.kernel);
  CLI::Option* image = command.get_option("--image");
  // They are about what the model does.
  for (const char* name : {"--json", "--all-steps", "--rule", "--memory"}) {
    command.get_option(name)->excludes(on_kernel)->excludes(image);
  }
  command.add_option("--times", options.times, "On a kernel: how often; default 1")
      ->type_name("N")
      ->check(CLI::Range(1u, 100000u));
  command
      .add_option("--order", options.order,
                  "On a kernel: this order instead, as 'P0@flush_tlb_mm_range P2 P1'")
      ->type_name("ORDER");
}

void check_on_kernel_options(const CLI::App& command, const OnKernelOptions& options) {
  if (options.is_wanted()) return;
  if (command.count("--times") + command.count("--order") == 0) return;
  throw InputError("--times and --order are for --on-kernel or --image");
}

ExitCode replay_on_kernel(const OnKernelTarget& target, const OnKernelOptions& options,
                          const Session& session) {
  const Console& console = session.console;
  const NamedScenario named = Catalog(session).load(target.scenario);
  const lab::Image image = find_image_or_throw(options.kernel, console);
  const RunFolder folder;
  const lab::Symbols symbols = lab::load_symbols(image, folder.path());
  const Plan plan = make_plan(target, options, named, image, symbols, session);
  check_functions(plan, image, symbols);
  lab::guest_source(named.scenario);  // throws where it cannot be one
  print_plan(plan, named, image, console);
  lab::Laboratory laboratory(named.scenario, image, symbols, folder.path());
  Totals totals;
  std::string said;
  for (unsigned i = 1; i <= options.times; ++i) {
    RoundResult round = laboratory.run(plan.schedule);
    for (unsigned again = 0; has_faulted(round) && again < kAgain; ++again) {
      ++totals.again;
      round = laboratory.run(plan.schedule);
    }
    print_round(i, round, plan, named.scenario, said, console);
    add(round, totals);
  }
  return print_totals(totals, plan, options.times, laboratory, console);
}

}  // namespace mmcheck::cli
