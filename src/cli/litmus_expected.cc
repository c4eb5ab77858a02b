// SPDX-License-Identifier: Apache-2.0
#include "cli/litmus_expected.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>

#include "base/error.h"

namespace mmcheck::cli {
namespace {

constexpr std::string_view kSuffix = ".litmus";

std::string name_in(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.ends_with(kSuffix) ? name.substr(0, name.size() - kSuffix.size()) : name;
}

/// A state without regard to the order of its parts and to blanks.
std::string normal(const std::string& state) {
  std::set<std::string> parts;
  for (std::size_t at = 0; at < state.size();) {
    const std::size_t end = std::min(state.find(';', at), state.size());
    std::string part;
    std::remove_copy(state.begin() + static_cast<std::ptrdiff_t>(at),
                     state.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(part),
                     ' ');
    if (!part.empty()) parts.insert(std::move(part));
    at = end + 1;
  }
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : " ") + part + ";";
  return out;
}

std::vector<std::string> in_first_only(const std::set<std::string>& first,
                                       const std::set<std::string>& second) {
  std::vector<std::string> out;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(out));
  return out;
}

std::set<std::string> read_states(const Json& model) {
  const auto found = model.is_object() ? model.find("states") : model.end();
  if (found == model.end() || !found->is_array()) {
    throw InputError("expected \"states\": an array of texts");
  }
  std::set<std::string> states;
  for (const Json& state : *found) {
    if (!state.is_string()) throw InputError("expected \"states\": an array of texts");
    states.insert(normal(state.get<std::string>()));
  }
  return states;
}

/// Whether the published verdict is that the condition never holds.
bool is_never(const Json& test) {
  const auto found = test.find("published");
  if (found == test.end() || found->is_null()) return false;
  const std::string verdict = found->is_string() ? found->get<std::string>() : "";
  constexpr std::string_view kAllows[] = {"Sometimes", "Always", "Allow", ""};
  const bool never = verdict == "Never" || verdict == "Forbid";
  if (!never && std::find(std::begin(kAllows), std::end(kAllows), verdict) == std::end(kAllows)) {
    throw InputError(
        "expected \"published\": \"Never\", \"Sometimes\", \"Always\", \"Forbid\" or \"Allow\"");
  }
  return never;
}

StatesComparison compare_with(const Json& test, explore::MemoryModel model,
                              const workload::LitmusResult& own) {
  if (!test.is_object()) throw InputError("expected an object");
  StatesComparison out;
  const bool never = is_never(test);
  const auto published = test.find(name_of(model));
  if (published != test.end()) {
    std::set<std::string> states;
    for (const workload::FinalState& state : own.states) states.insert(normal(state.text));
    const std::set<std::string> wanted = read_states(*published);
    out.missing = in_first_only(wanted, states);
    out.unexpected = in_first_only(states, wanted);
  } else if (!never) {
    out.agreement = Agreement::Skipped;
    out.reason =
        fmt::format("no states for {}, and not published as never observed", name_of(model));
    return out;
  }
  if (never && own.observation != workload::Observation::Never) {
    out.reason = "published as never observed";
  }
  const bool same = out.missing.empty() && out.unexpected.empty() && out.reason.empty();
  out.agreement = same ? Agreement::Agree : Agreement::Differ;
  return out;
}

}  // namespace

const char* name_of(Agreement agreement) {
  switch (agreement) {
    case Agreement::Agree:
      return "agree";
    case Agreement::Differ:
      return "differ";
    case Agreement::Skipped:
      return "skipped";
  }
  return "?";
}

const char* name_of(explore::MemoryModel model) {
  return model == explore::MemoryModel::Tso ? "tso" : "sc";
}

std::string ExpectedStates::find(const std::string& test_path) const {
  const std::filesystem::path path(test_path);
  std::vector<std::string> named;
  std::vector<std::string> in_folder;
  for (const auto& [key, test] : file_.members().items()) {
    const std::filesystem::path key_path(key);
    if (name_in(key_path) != name_in(path)) continue;
    named.push_back(key);
    const std::filesystem::path folder = key_path.parent_path().filename();
    if (std::find(path.begin(), path.end(), folder) != path.end()) in_folder.push_back(key);
  }
  if (named.size() <= 1) return named.empty() ? "" : named.front();
  if (in_folder.size() == 1) return in_folder.front();
  throw InputError(file_.place_of(named.front()),
                   fmt::format("'{}' and '{}' may both be {}: expected the folder of one of them "
                               "in the test's path",
                               named[0], named[1], test_path));
}

StatesComparison ExpectedStates::compare(const std::string& test_path, explore::MemoryModel model,
                                         const workload::LitmusResult& own) const {
  const std::string key = find(test_path);
  if (key.empty()) {
    StatesComparison out;
    out.agreement = Agreement::Skipped;
    out.reason = "the file has nothing on it";
    return out;
  }
  try {
    return compare_with(file_.members().at(key), model, own);
  } catch (const InputError& error) {
    throw InputError(file_.place_of(key), fmt::format("test '{}': {}", key, error.what()));
  }
}

}  // namespace mmcheck::cli
