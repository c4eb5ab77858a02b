// SPDX-License-Identifier: Apache-2.0
// The model, held against the kernel of the host.
#include <fmt/format.h>
#include <tbb/task_arena.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/json_line.h"
#include "cli/progress.h"
#include "cli/search_options.h"
#include "conform/campaign.h"
#include "conform/model.h"
#include "conform/native.h"
#include "conform/text.h"

namespace mmcheck::cli {
namespace {

struct ConformHostOptions {
  std::string design = "linux-6.12";
  std::uint64_t programs = 1'000;
  std::uint64_t seed = 1;
  unsigned jobs = 0;
  bool json = false;
};

/// Files are where the host has its temporary ones, on a disk if it has any there.
std::string temporary_folder() {
  try {
    std::string folder = std::filesystem::temp_directory_path().string();
    if (!conform::is_in_memory(folder)) return folder;
    std::string other = "/var/tmp";
    if (std::filesystem::is_directory(other) && !conform::is_in_memory(other)) return other;
    throw InputError(fmt::format(
        "{} is on tmpfs, and the files of the model are as on a disk: set TMPDIR", folder));
  } catch (const std::filesystem::filesystem_error& error) {
    throw InputError(fmt::format("no folder for temporary files (TMPDIR): {}", error.what()));
  }
}

Json json_of(const conform::Difference& difference) {
  Json calls = Json::array();
  for (const conform::Call& call : difference.program.calls) {
    calls.push_back({{"process", call.process}, {"call", conform::text_of(call)}});
  }
  Json json = {
      {"program", difference.number}, {"files", difference.program.file_bytes}, {"calls", calls}};
  const bool of_call = difference.call < difference.program.calls.size();
  if (of_call) json["at"] = difference.call;
  const auto result = [&](const conform::Outcome& outcome) {
    if (!of_call || !outcome.error.empty()) return outcome.error;
    return conform::text_of(difference.program.calls[difference.call],
                            outcome.results[difference.call]);
  };
  json["host"] = result(difference.host);
  json["model"] = result(difference.model);
  return json;
}

/// What is printed as it is found, and in the end.
class ConformHostReport {
 public:
  ConformHostReport(const ConformHostOptions& options, std::ostream& out)
      : options_(options), out_(out) {}

  void add(const conform::Difference& difference) {
    std::string text =
        conform::text_of(difference.program, difference.host, difference.model, difference.call);
    // The same again says nothing new.
    if (!shown_.insert(text).second) return;
    if (options_.json) {
      out_ << json_line(json_of(difference)) << std::flush;
    } else {
      out_ << fmt::format("program {} of seed {} differs, and so does this part of it:\n{}\n",
                          difference.number, options_.seed, text)
           << std::flush;
    }
  }

  void end(const conform::Summary& summary) const {
    if (options_.json) {
      out_ << json_line(summary_json(summary));
      return;
    }
    print_operations(summary);
    for (const auto& [reason, number] : summary.reasons) {
      out_ << fmt::format("refused {} times: {}\n", number, reason);
    }
    for (const auto& [name, number] : summary.known) {
      out_ << fmt::format("compared up to a known difference only, {}: {}\n", name, number);
    }
    out_ << fmt::format("agree {}, differ {}, refused {}", summary.agree, summary.differ,
                        summary.refused);
    if (summary.unsteady > 0) out_ << fmt::format(", unsteady {}", summary.unsteady);
    out_ << '\n';
  }

 private:
  void print_operations(const conform::Summary& summary) const {
    out_ << fmt::format("{:<14} {:>11} {:>11}\n", "call", "succeeded", "failed");
    for (const conform::Shape& shape : conform::shapes()) {
      const conform::Figures& figures = summary.operations[static_cast<std::size_t>(shape.op)];
      out_ << fmt::format("{:<14} {:>11} {:>11}{}\n", shape.name, figures.succeeded, figures.failed,
                          figures.succeeded == 0 ? "  never succeeded" : "");
    }
  }

  static Json summary_json(const conform::Summary& summary) {
    Json json = {{"agree", summary.agree},
                 {"differ", summary.differ},
                 {"refused", summary.refused},
                 {"unsteady", summary.unsteady}};
    for (const conform::Shape& shape : conform::shapes()) {
      const conform::Figures& figures = summary.operations[static_cast<std::size_t>(shape.op)];
      json["calls"][std::string(shape.name)] = {{"succeeded", figures.succeeded},
                                                {"failed", figures.failed}};
    }
    json["known"] = Json::object();
    for (const auto& [name, number] : summary.known) json["known"][name] = number;
    json["refusals"] = Json::object();
    for (const auto& [reason, number] : summary.reasons) json["refusals"][reason] = number;
    return json;
  }

  const ConformHostOptions& options_;
  std::ostream& out_;
  std::set<std::string> shown_;
};

ExitCode conform_host(const ConformHostOptions& options, const Session& session) {
  const design::Design& design = find_design_or_throw(options.design, session);
  const std::string folder = temporary_folder();
  ConformHostReport report(options, session.console.out);
  std::optional<Progress> progress(std::in_place, session.console, options.programs, "programs");
  std::uint64_t nr_done = 0;
  conform::Options wanted;
  wanted.programs = options.programs;
  wanted.seed = options.seed;
  wanted.jobs = options.jobs != 0 ? std::min(options.jobs, 1024u)
                                  : static_cast<unsigned>(tbb::this_task_arena::max_concurrency());
  wanted.host = [&] { return std::make_unique<conform::Host>(folder); };
  wanted.model = [&] { return std::make_unique<conform::Model>(design); };
  wanted.on_difference = [&](const conform::Difference& difference) {
    progress->around([&] { report.add(difference); });
  };
  wanted.on_progress = [&](std::uint64_t done) {
    for (; nr_done < done; ++nr_done) progress->cell_done(0, 0);
  };
  const conform::Summary summary = conform::run(wanted);
  progress.reset();
  report.end(summary);
  return summary.differ > 0 ? ExitCode::NotMet : ExitCode::Met;
}

}  // namespace

void add_conform_host_command(CLI::App& conform, Session& session) {
  auto options = std::make_shared<ConformHostOptions>();
  CLI::App* command = conform.add_subcommand(
      "host", "Hold the model against the kernel of this machine: random programs on both");
  command->add_option("--programs", options->programs, "How many; default: 1000")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command->add_option("--seed", options->seed, "From which they are drawn; default: 1")
      ->type_name("N");
  command->add_option("--design", options->design, "Of the model; default: linux-6.12")
      ->type_name("NAME");
  command->add_flag("--json", options->json,
                    "One line of JSON per disagreement, and one for the summary");
  command->add_option("-j,--jobs", options->jobs, "Programs at a time; default: all cores")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command->callback([options, &session] {
    session.command = [options, &session] { return conform_host(*options, session); };
  });
}

}  // namespace mmcheck::cli
