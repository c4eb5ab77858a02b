// SPDX-License-Identifier: Apache-2.0
#include "cli/design_file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "cli/suggest.h"
#include "design/policy_table.h"
#include "workload/read_file.h"

namespace mmcheck::cli {
namespace {

using design::Policy;

constexpr std::string_view kExtension = ".toml";
/// Of a file. A dotted key nests as deep as it is long.
constexpr std::size_t kDesignBytesMax = std::size_t{1} << 14;

std::vector<std::string> library_names() {
  std::vector<std::string> names;
  for (const auto& list : {design::designs(), design::variants(), design::mutations()}) {
    for (const design::Design& design : list) names.emplace_back(design.name);
  }
  return names;
}

/// "no-force-flush" of "linux-6.12/no-force-flush".
std::string_view step_of(const design::Design& change) {
  return change.name.substr(change.name.find('/') + 1);
}

std::string suggest_step(std::string_view step) {
  std::vector<std::string> names;
  for (const design::Design& mutation : design::mutations()) {
    std::string_view own = step_of(mutation);
    if (own.starts_with("no-")) own.remove_prefix(3);
    names.emplace_back(own);
  }
  return did_you_mean(step, names);
}

bool is_word(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == '+';
  };
  return !text.empty() && text[0] != '-' && std::all_of(text.begin(), text.end(), is_allowed);
}

/// Reads the tables of a file into a design.
class Reader {
 public:
  Reader(const toml::table& file, const std::string& path) : file_(file), path_(path) {}

  std::unique_ptr<ComposedDesign> read() {
    check_keys();
    const toml::node* base = file_.get("base");
    if (base == nullptr) throw InputError({path_, 1, 1}, "expected base = \"DESIGN\"");
    const std::string base_name = text_of(*base, "base");
    const design::Design* original = design::find_design(base_name);
    if (original == nullptr) {
      throw InputError(place_of(base->source()),
                       fmt::format("unknown design '{}'{}", base_name,
                                   did_you_mean(base_name, library_names())));
    }
    auto composed = std::make_unique<ComposedDesign>(*original->policies);
    composed->name = name();
    composed->word = path_;
    composed->summary = "composed in " + path_;
    composed->source = base_name;
    apply_changes(*composed, *original);
    if (const toml::node* policies = file_.get("policies")) set_policies(*policies, "", *composed);
    return composed;
  }

 private:
  SourcePlace place_of(const toml::source_region& source) const {
    return {path_, std::max(1u, unsigned{source.begin.line}),
            std::max(1u, unsigned{source.begin.column})};
  }

  std::string text_of(const toml::node& node, std::string_view what) const {
    if (const auto text = node.value<std::string>()) return *text;
    throw InputError(place_of(node.source()), fmt::format("{}: expected a string", what));
  }

  void check_keys() const {
    const std::vector<std::string> keys = {"name", "base", "without", "policies"};
    for (const auto& [key, node] : file_) {
      const std::string text(key.str());
      if (std::find(keys.begin(), keys.end(), text) != keys.end()) continue;
      throw InputError(place_of(key.source()),
                       fmt::format("unknown key '{}'{}", text, did_you_mean(text, keys)));
    }
  }

  std::string name() const {
    const toml::node* node = file_.get("name");
    std::string name =
        node == nullptr ? std::filesystem::path(path_).stem().string() : text_of(*node, "name");
    const SourcePlace place = node == nullptr ? SourcePlace{path_, 1, 1} : place_of(node->source());
    if (!is_word(name)) {
      throw InputError(place,
                       fmt::format("name: '{}' is no word of letters, digits and . _ + -", name));
    }
    if (design::find_design(name) != nullptr) {
      throw InputError(place, fmt::format("name: there is a design '{}' already", name));
    }
    return name;
  }

  void apply_changes(ComposedDesign& composed, const design::Design& base) const {
    const toml::node* node = file_.get("without");
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    if (list == nullptr) {
      apply_change(*node, composed, base);
      return;
    }
    for (const toml::node& step : *list) apply_change(step, composed, base);
  }

  void apply_change(const toml::node& node, ComposedDesign& composed,
                    const design::Design& base) const {
    const std::string step = text_of(node, "without");
    const design::Design* change = design::find_change(step, base.name);
    if (change == nullptr) {
      throw InputError(place_of(node.source()),
                       fmt::format("without: no step is called '{}'{}", step, suggest_step(step)));
    }
    if (!composed.composition.apply(*change->policies, *design::original_of(*change)->policies)) {
      throw InputError(
          place_of(node.source()),
          fmt::format("without: {} changes nothing that {} has", change->name, base.name));
    }
    composed.source += fmt::format(", without {}", step_of(*change));
  }

  /// Dotted keys are tables in tables.
  void set_policies(const toml::node& node, const std::string& prefix,
                    ComposedDesign& composed) const {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      throw InputError(place_of(node.source()), "policies: expected a table");
    }
    for (const auto& [key, value] : *table) {
      const std::string name = prefix + std::string(key.str());
      const Policy* policy = design::find_policy(name);
      if (policy == nullptr && value.is_table() && is_part(name)) {
        set_policies(value, name + ".", composed);
      } else if (policy == nullptr) {
        throw InputError(place_of(key.source()), unknown_policy(name));
      } else {
        set_policy(*policy, value, composed);
      }
    }
  }

  static bool is_part(const std::string& name) {
    const auto all = design::policy_table();
    return std::any_of(all.begin(), all.end(),
                       [&](const Policy& policy) { return policy.name.starts_with(name + "."); });
  }

  static std::string unknown_policy(const std::string& name) {
    std::vector<std::string> names;
    for (const Policy& policy : design::policy_table()) names.emplace_back(policy.name);
    return fmt::format("unknown policy '{}'{}", name, did_you_mean(name, names));
  }

  void set_policy(const Policy& policy, const toml::node& node, ComposedDesign& composed) const {
    const auto word = node.value<std::string>();
    const auto found =
        word ? std::find(policy.values.begin(), policy.values.end(), *word) : policy.values.end();
    if (found == policy.values.end()) {
      throw InputError(
          place_of(node.source()),
          fmt::format("{}{}: expected one of {}", policy.name,
                      word ? fmt::format(" = '{}'", *word) : "", fmt::join(policy.values, ", ")));
    }
    policy.set(composed.composition, static_cast<unsigned>(found - policy.values.begin()));
    composed.source += fmt::format(", {} = {}", policy.name, *word);
  }

  const toml::table& file_;
  const std::string& path_;
};

/// What is known of it only when it stays where it is.
void finish(ComposedDesign& composed) {
  composed.design = {composed.name, composed.summary, composed.source,
                     &composed.composition.policies(), composed.word};
}

}  // namespace

std::unique_ptr<ComposedDesign> parse_design(std::string_view text, const std::string& path) {
  if (text.size() > kDesignBytesMax) throw InputError({path, 1, 1}, "the file is too large");
  try {
    const toml::table file = toml::parse(text, path);
    std::unique_ptr<ComposedDesign> composed = Reader(file, path).read();
    finish(*composed);
    return composed;
  } catch (const toml::parse_error& error) {
    const toml::source_position at = error.source().begin;
    throw InputError({path, std::max(1u, unsigned{at.line}), std::max(1u, unsigned{at.column})},
                     std::string(error.description()));
  }
}

const design::Design& Designs::find(const std::string& word, const Console& console) {
  if (const design::Design* design = design::find_design(word)) return *design;
  if (const auto known = composed_.find(word); known != composed_.end()) {
    return known->second->design;
  }
  if (word.ends_with(kExtension)) return read(word);
  const std::size_t slash = word.rfind('/');
  const std::string base = word.substr(0, slash);
  const bool has_base = slash != std::string::npos &&
                        (base.ends_with(kExtension) || design::find_design(base) != nullptr);
  if (has_base && design::find_change(word.substr(slash + 1), base) != nullptr) {
    return find_without(base, word.substr(slash + 1), console);
  }
  throw InputError(unknown_design(word, console));
}

const design::Design& Designs::read(const std::string& path) {
  // It must be a part of what `replay:` prints.
  if (path.find_first_of("@: \t\r\n") != std::string::npos) {
    throw InputError({path, 0, 0}, "the path of a design must be without blanks, ':' and '@'");
  }
  return keep(parse_design(workload::read_file(path, "design"), path));
}

const design::Design& Designs::keep(std::unique_ptr<ComposedDesign> composed) {
  return composed_.try_emplace(composed->word, std::move(composed)).first->second->design;
}

const design::Design& Designs::find_without(const std::string& word, const std::string& step,
                                            const Console& console) {
  const design::Design& base = find(word, console);
  const design::Design* change = design::find_change(step, base.name);
  if (change == nullptr) {
    throw InputError(
        fmt::format("--without: no step of {} is called '{}'{}", word, step, suggest_step(step)));
  }
  const design::Design* original = design::original_of(*change);
  if (original == &base) return *change;
  auto composed = std::make_unique<ComposedDesign>(*base.policies);
  composed->name = fmt::format("{}/{}", base.name, step_of(*change));
  composed->word = fmt::format("{}/{}", word, step_of(*change));
  composed->summary = fmt::format("{} with the change of {}", base.name, change->name);
  composed->source =
      fmt::format("{}, without {}", base.word.empty() ? base.name : base.source, step_of(*change));
  if (!composed->composition.apply(*change->policies, *original->policies)) {
    throw InputError(fmt::format("--without: {} changes nothing that {} has", change->name, word));
  }
  finish(*composed);
  return keep(std::move(composed));
}

std::string unknown_design(const std::string& name, const Console& console) {
  return fmt::format("unknown design '{}'{}; `{} designs` names them", name,
                     did_you_mean(name, library_names()), console.program);
}

std::string identity_of(const design::Design& design) {
  if (design.word.empty()) return std::string(design.name);
  return fmt::format("{} ({})", design.name, design.source);
}

}  // namespace mmcheck::cli
