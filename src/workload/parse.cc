// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "workload/litmus.h"
#include "workload/parse_context.h"
#include "workload/parse_limits.h"
#include "workload/parse_sections.h"
#include "workload/parse_x86.h"
#include "workload/scenario.h"

namespace mmcheck::workload {
namespace {

void add_comment(Scenario& scenario, const SyntaxNode& node) {
  const std::string text = comment_text(node.text);
  if (!scenario.comment.empty() && !text.empty()) {
    scenario.comment += '\n';
  }
  scenario.comment += text;
}

void parse_section(ParseContext& context, const SyntaxNode& node) {
  switch (node.kind) {
    case NodeKind::ScenarioName:
      if (node.text.size() > kScenarioNameLengthMax) {
        context.fail(node, fmt::format("expected a name of at most {} characters, got {}",
                                       kScenarioNameLengthMax, node.text.size()));
      }
      context.scenario.name = node.text;
      return;
    case NodeKind::Comment:
      return add_comment(context.scenario, node);
    case NodeKind::FileDecl:
    case NodeKind::ProcessDecl:
    case NodeKind::GatherDecl:
    case NodeKind::VmaLocksDecl:
    case NodeKind::VariableDecl:
      return parse_initial_item(context, node);
    case NodeKind::Thread:
      return parse_thread(context, node);
    case NodeKind::Condition:
    case NodeKind::Filter:
    case NodeKind::Locations:
    case NodeKind::Expect:
      return parse_final_item(context, node);
    default:
      throw InternalError("a section of a kind that the grammar does not make");
  }
}

}  // namespace

Scenario parse_scenario(const std::string& text, const std::string& path) {
  Scenario scenario;
  scenario.path = path;
  const SyntaxNode root = parse_syntax(text, path);
  ParseContext context(scenario);
  for (const SyntaxNode& node : root.children) {
    parse_section(context, node);
  }
  return scenario;
}

Scenario parse_litmus(const std::string& text, const std::string& path) {
  Scenario scenario;
  scenario.path = path;
  const SyntaxNode root = parse_litmus_syntax(text, path);
  const SyntaxNode& first = root.children.front();
  const Dialect dialect = first.kind != NodeKind::Dialect ? Dialect::Litmus
                          : first.text == "X86"           ? Dialect::X86
                                                          : Dialect::X86_64;
  ParseContext context(scenario, dialect);
  X86Parser assembly(context);
  for (const SyntaxNode& node : root.children) {
    if (!assembly.parse(node)) {
      parse_section(context, node);
    }
  }
  return scenario;
}

}  // namespace mmcheck::workload
