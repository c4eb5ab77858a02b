// SPDX-License-Identifier: Apache-2.0
#include "run_cli.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace mmcheck::cli {

Outcome run_cli(const std::vector<std::string>& arguments, const std::string& program) {
  std::vector<const char*> argv = {"mmcheck"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  const Console console{.out = out, .err = err, .program = program};
  const ExitCode code = run(static_cast<int>(argv.size()), argv.data(), console);
  return {static_cast<int>(code), out.str(), err.str()};
}

TemporaryCatalog::TemporaryCatalog() {
  std::string name = (std::filesystem::temp_directory_path() / "mmcheck-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  directory_ = name;
}

TemporaryCatalog::~TemporaryCatalog() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string TemporaryCatalog::add(const std::string& name, const std::string& lines) {
  const std::string path = (directory_ / (name + ".litmus")).string();
  std::ofstream(path) << "name " << name << '\n' << lines;
  return path;
}

Catalog TemporaryCatalog::open() const {
  std::ostringstream ignored;
  const Console console{.out = ignored, .err = ignored};
  const Session session{console, directory(), {}};
  return Catalog(session);
}

Outcome TemporaryCatalog::run(std::vector<std::string> arguments,
                              const std::string& program) const {
  arguments.insert(arguments.begin(), {"--catalog", directory()});
  return run_cli(arguments, program);
}

}  // namespace mmcheck::cli
