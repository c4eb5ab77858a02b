// SPDX-License-Identifier: Apache-2.0
// Images of real kernels: fetched from the distribution, listed, booted.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <ostream>
#include <string>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/kernel_images.h"
#include "lab/machine.h"
#include "lab/rounds.h"
#include "lab/symbols.h"

namespace mmcheck::cli {
namespace {

std::string describe(const lab::Image& image) {
  return fmt::format("{:8} {}  {}{}\n", image.name, image.release,
                     image.origin.empty() ? "" : "from " + image.origin,
                     lab::knows_symbols(image) ? "" : "  (not booted yet)");
}

ExitCode fetch(const std::string& version, const Session& session) {
  const lab::Image image = image_store().fetch(version);
  session.console.out << describe(image) << "kept in " << image.folder.string() << '\n';
  const std::string missing = lab::missing_programs();
  if (!missing.empty()) session.console.err << "mmcheck: " << missing << '\n';
  return ExitCode::Met;
}

ExitCode list(const Session& session) {
  const auto images = image_store().list();
  for (const lab::Image& image : images) session.console.out << describe(image);
  if (images.empty()) {
    session.console.out << fmt::format("none; `{} kernel fetch 6.1` gets one\n",
                                       session.console.program);
  }
  return ExitCode::Met;
}

/// Boots it as `replay` would, with a scenario in which nothing happens.
ExitCode boot(const KernelOptions& options, const Session& session) {
  const Console& console = session.console;
  const lab::Image image = find_image_or_throw(options, console);
  const RunFolder folder;
  const lab::Symbols symbols = lab::load_symbols(image, folder.path());
  const workload::Scenario nothing;
  const lab::Laboratory laboratory(nothing, image, symbols, folder.path());
  console.out << fmt::format("{}: booted in {:.1f} s; {} functions\nthe kernel's log: {}\n",
                             image.release, laboratory.boot_seconds(), symbols.size(),
                             laboratory.log().string());
  return ExitCode::Met;
}

}  // namespace

void add_kernel_command(CLI::App& app, Session& session) {
  CLI::App* kernel = app.add_subcommand("kernel", "Real kernels, for `replay --on-kernel`");
  kernel->require_subcommand(1);
  auto options = std::make_shared<KernelOptions>();

  CLI::App* fetch_command = kernel->add_subcommand(
      "fetch", "Get a kernel of the distribution from its package manager, and verify it");
  fetch_command->add_option("version", options->version, "Of Linux, as 6.1 or 6.12")
      ->type_name("VERSION")
      ->required();
  fetch_command->callback([options, &session] {
    session.command = [options, &session] { return fetch(options->version, session); };
  });

  kernel->add_subcommand("list", "The kernels that have been fetched")->callback([&session] {
    session.command = [&session] { return list(session); };
  });

  CLI::App* boot_command = kernel->add_subcommand(
      "boot", "Boot a kernel in a virtual machine, and keep where its functions are");
  boot_command->add_option("version", options->version, "Of an image that has been fetched")
      ->type_name("VERSION");
  add_image_options(*boot_command, *options);
  boot_command->callback([options, &session] {
    if (options->version.empty() == options->image.empty()) {
      throw CLI::ValidationError("kernel boot", "takes a VERSION or an --image");
    }
    session.command = [options, &session] { return boot(*options, session); };
  });
}

}  // namespace mmcheck::cli
