// SPDX-License-Identifier: Apache-2.0
#include "cli/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "cli/suggest.h"

namespace mmcheck::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".litmus";

std::string stem_of(const std::string& path) { return fs::path(path).stem().string(); }

/// The catalog that belongs to this executable: beside its build folder, installed, or where the
/// sources were when it was built.
std::string default_directory() {
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> places;
  if (!error) {
    places.push_back(executable.parent_path().parent_path() / "catalog");
    places.push_back(executable.parent_path().parent_path() / "share/mmcheck/catalog");
  }
#ifdef MMCHECK_CATALOG_DIR
  places.emplace_back(MMCHECK_CATALOG_DIR);
#endif
  for (const fs::path& place : places) {
    if (!fs::is_directory(place, error)) continue;
    // Relative where that is shorter: file names appear in messages.
    const fs::path relative = fs::relative(place, error);
    const bool short_enough =
        !error && !relative.empty() && relative.string().size() < place.string().size();
    return short_enough ? relative.string() : place.string();
  }
  throw InputError("the catalog of scenarios was not found; name its folder with --catalog DIR");
}

bool looks_like_path(const std::string& word) {
  return word.find('/') != std::string::npos || word.ends_with(kExtension);
}

}  // namespace

Catalog::Catalog(const Session& session)
    : directory_(session.catalog.empty() ? default_directory() : session.catalog),
      program_(session.console.program) {
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(directory_, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (it->path().extension() == kExtension) paths_.push_back(it->path().string());
  }
  if (error) {
    throw InputError(SourcePlace{directory_, 0, 0},
                     fmt::format("cannot read the catalog: {}", error.message()));
  }
  std::sort(paths_.begin(), paths_.end(), [](const std::string& a, const std::string& b) {
    return std::pair(stem_of(a), a) < std::pair(stem_of(b), b);
  });
}

std::vector<NamedScenario> Catalog::load_all() const {
  if (paths_.empty()) {
    throw InputError(SourcePlace{directory_, 0, 0},
                     fmt::format("the catalog has no scenario (no file *{})", kExtension));
  }
  std::vector<NamedScenario> scenarios;
  for (const std::string& path : paths_) {
    scenarios.push_back({stem_of(path), workload::load_scenario(path)});
    const std::string& name = scenarios.back().scenario.name;
    if (name != scenarios.back().word) {
      throw InputError(SourcePlace{path, 0, 0},
                       fmt::format("the scenario is named '{}'; in the catalog the file must have "
                                   "the same name",
                                   name));
    }
  }
  return scenarios;
}

NamedScenario Catalog::load(const std::string& name_or_path) const {
  std::vector<std::string> names;
  for (const std::string& path : paths_) {
    names.push_back(stem_of(path));
    if (names.back() == name_or_path) return {names.back(), workload::load_scenario(path)};
  }
  if (looks_like_path(name_or_path)) return {name_or_path, workload::load_scenario(name_or_path)};
  throw InputError(fmt::format("unknown scenario '{}'{}; `{} list` names them", name_or_path,
                               did_you_mean(name_or_path, names), program_));
}

}  // namespace mmcheck::cli
