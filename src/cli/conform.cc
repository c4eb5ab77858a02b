// SPDX-License-Identifier: Apache-2.0
// Published litmus tests, held against the machine.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/json_file.h"
#include "cli/json_line.h"
#include "cli/search_options.h"
#include "workload/vmsa.h"

namespace mmcheck::cli {
namespace {

namespace vmsa = workload::vmsa;

struct NamedTest {
  std::string name;
  std::string published;  ///< "allowed", "forbidden", or empty
  bool conflict = false;  ///< the published logs disagree
  vmsa::Test test;
};

struct Comparison {
  std::string own;  ///< as `published`; empty if the test was not run
  std::string result;
  std::string reason;  ///< why it was skipped
  std::uint64_t executions = 0;
};

/// Reads a file of tests; errors name the place.
class TestFile {
 public:
  explicit TestFile(const std::string& path) : file_(path) {}

  std::vector<NamedTest> read() const {
    std::vector<NamedTest> out;
    for (const auto& [name, test] : file_.members().items()) out.push_back(read_test(name, test));
    return out;
  }

 private:
  NamedTest read_test(const std::string& name, const Json& json) const {
    try {
      if (!json.is_object()) throw InputError("expected an object");
      NamedTest test;
      test.name = name;
      test.published = read_published(json);
      test.conflict = read_conflict(json);
      vmsa::Source source;
      source.init = read_text(json, "init");
      source.final = read_text(json, "final");
      const auto threads = json.find("threads");
      if (threads == json.end() || !threads->is_array()) {
        throw InputError("expected \"threads\": an array of texts");
      }
      for (const Json& thread : *threads) {
        if (!thread.is_string()) throw InputError("expected \"threads\": an array of texts");
        source.threads.push_back(thread.get<std::string>());
      }
      test.test = vmsa::parse(source);
      return test;
    } catch (const InputError& error) {
      throw InputError(file_.place_of(name), fmt::format("test '{}': {}", name, error.what()));
    }
  }

  static std::string read_text(const Json& json, const char* key) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_string()) {
      throw InputError(fmt::format("expected \"{}\": a text", key));
    }
    return found->get<std::string>();
  }

  static std::string read_published(const Json& json) {
    const auto found = json.find("published");
    if (found == json.end() || found->is_null()) return "";
    std::string value = found->is_string() ? found->get<std::string>() : "?";
    if (!value.empty() && value != "allowed" && value != "forbidden") {
      throw InputError("expected \"published\": \"allowed\", \"forbidden\" or \"\"");
    }
    return value;
  }

  static bool read_conflict(const Json& json) {
    const auto found = json.find("conflict");
    if (found == json.end() || found->is_null()) return false;
    if (found->is_boolean()) return found->get<bool>();
    const std::string value = found->is_string() ? found->get<std::string>() : "?";
    if (value != "True" && value != "False") {
      throw InputError("expected \"conflict\": true or false");
    }
    return value == "True";
  }

  JsonFile file_;
};

Comparison compare(const NamedTest& test, explore::MemoryModel memory) {
  Comparison out;
  out.result = "skipped";
  if (!test.test.cannot.empty()) {
    out.reason = test.test.cannot;
    return out;
  }
  const vmsa::Verdict verdict = vmsa::run(test.test, explore::Strategy::Dpor, memory);
  out.own = verdict.allowed ? "allowed" : "forbidden";
  out.executions = verdict.executions;
  if (test.published.empty()) {
    out.reason = "no published verdict";
  } else if (test.conflict) {
    out.reason = "the published logs disagree";
  } else if (test.published == out.own) {
    out.result = "agree";
  } else {
    out.result = verdict.allowed ? "weaker" : "stronger";
  }
  return out;
}

struct Summary {
  unsigned agree = 0;
  unsigned weaker = 0;
  unsigned stronger = 0;
  unsigned skipped = 0;

  void count(const std::string& result) {
    ++(result == "agree"      ? agree
       : result == "weaker"   ? weaker
       : result == "stronger" ? stronger
                              : skipped);
  }
  std::string text() const {
    return fmt::format("agree {}, weaker {}, stronger {}, skipped {}\n", agree, weaker, stronger,
                       skipped);
  }
  Json json() const {
    return {{"agree", agree}, {"weaker", weaker}, {"stronger", stronger}, {"skipped", skipped}};
  }
};

std::string text_line(const NamedTest& test, const Comparison& comparison, std::size_t width) {
  const auto or_dash = [](const std::string& verdict) { return verdict.empty() ? "-" : verdict; };
  return fmt::format("{:<{}}  {:<9}  {:<9}  {}{}{}\n", test.name, width, or_dash(test.published),
                     or_dash(comparison.own), comparison.result,
                     comparison.reason.empty() ? "" : ": ", comparison.reason);
}

Json json_of(const NamedTest& test, const Comparison& comparison) {
  const auto or_null = [](const std::string& verdict) {
    return verdict.empty() ? Json(nullptr) : Json(verdict);
  };
  Json json = {{"test", test.name},
               {"published", or_null(test.published)},
               {"own", or_null(comparison.own)},
               {"result", comparison.result}};
  if (!comparison.reason.empty()) json["reason"] = comparison.reason;
  if (!comparison.own.empty()) json["executions"] = comparison.executions;
  return json;
}

ExitCode conform(const std::string& path, explore::MemoryModel memory, bool json,
                 const Session& session) {
  const std::vector<NamedTest> tests = TestFile(path).read();
  std::ostream& out = session.console.out;
  std::size_t width = 4;
  for (const NamedTest& test : tests) width = std::max(width, test.name.size());
  if (!json) {
    out << fmt::format("{:<{}}  {:<9}  {:<9}  {}\n", "test", width, "published", "own", "result");
  }
  Summary summary;
  for (const NamedTest& test : tests) {
    const Comparison comparison = compare(test, memory);
    summary.count(comparison.result);
    out << (json ? json_line(json_of(test, comparison)) : text_line(test, comparison, width))
        << std::flush;
  }
  out << (json ? json_line(summary.json()) : summary.text());
  return summary.weaker > 0 ? ExitCode::NotMet : ExitCode::Met;
}

void add_conform_arm_vmsa_command(CLI::App& conform_command, Session& session) {
  struct Options {
    std::string file;
    explore::MemoryModel memory = explore::MemoryModel::Sc;
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = conform_command.add_subcommand(
      "arm-vmsa", "Hold the machine against published litmus tests of virtual memory");
  command->add_option("file", options->file, "The tests, as JSON")->type_name("FILE")->required();
  add_memory_option(*command, options->memory);
  command->add_flag("--json", options->json, "One line of JSON per test, and one for the summary");
  command->callback([options, &session] {
    session.command = [options, &session] {
      return conform(options->file, options->memory, options->json, session);
    };
  });
}

}  // namespace

void add_conform_command(CLI::App& app, Session& session) {
  CLI::App* command = app.add_subcommand("conform", "Hold the model against something real");
  command->require_subcommand(1);
  add_conform_arm_vmsa_command(*command, session);
  add_conform_host_command(*command, session);
}

}  // namespace mmcheck::cli
