// SPDX-License-Identifier: Apache-2.0
// Threads: whose they are, and their statements.
#include <fmt/format.h>

#include <utility>

#include "workload/parse_expr.h"
#include "workload/parse_limits.h"
#include "workload/parse_sections.h"

namespace mmcheck::workload {
namespace {

constexpr std::string_view kKernel = "kernel";

/// A parameter of C's kind, `int *x`: declares the variable if the initial section does not.
void parse_c_parameter(ParseContext& context, const SyntaxNode& node, std::size_t nr_stars) {
  const SyntaxNode& name = node.children.back();
  if (context.is_litmus() ? nr_stars == 0 : nr_stars != 1) {
    context.fail(node, fmt::format("expected a parameter such as 'int *{}': it is the address of a "
                                   "shared variable",
                                   name.text));
  }
  if (const auto known = context.find_variable(name.text)) {
    // The initial section of a litmus test may leave out the type.
    VariableDecl& variable = context.scenario.variables[*known];
    if (context.is_litmus() && variable.kind == VariableKind::Word && variable.initial == 0) {
      variable.kind = variable_kind(node);
    }
    return;
  }
  VariableDecl variable;
  variable.name = context.declared_name(name, "variable");
  variable.kind = variable_kind(node);
  variable.place = context.place(name);
  context.add_variable(name, std::move(variable));
}

/// A process, `kernel`, or a parameter of C's kind.
void parse_parameter(ParseContext& context, const SyntaxNode& node, bool is_first,
                     ThreadDecl& thread) {
  std::size_t nr_stars = 0;
  std::size_t nr_types = 0;
  for (const SyntaxNode& child : node.children) {
    nr_stars += child.kind == NodeKind::Star ? 1 : 0;
    nr_types += child.kind == NodeKind::TypeName ? 1 : 0;
  }
  if (nr_types > 0) {
    return parse_c_parameter(context, node, nr_stars);
  }
  const SyntaxNode& name = node.children.back();
  if (!is_first || nr_stars > 0) {
    context.fail(node, "expected the process first, and parameters such as 'int *x' after it");
  }
  if (name.text == kKernel) {
    return;
  }
  thread.process = context.find_process(name.text);
  if (!thread.process) {
    std::vector<std::string_view> candidates = {kKernel};
    for (const ProcessDecl& process : context.scenario.processes) {
      candidates.push_back(process.name);
    }
    context.fail(name, fmt::format("expected a process of the initial section, or 'kernel', got "
                                   "'{}'{}",
                                   name.text, did_you_mean(name.text, candidates)));
  }
}

class BodyParser {
 public:
  explicit BodyParser(ThreadScope scope) : scope_(scope), context_(scope.context) {}

  std::vector<Statement> parse_block(const SyntaxNode& node) {
    std::vector<Statement> statements;
    for (const SyntaxNode& child : node.children) {
      parse_statement(child, statements);
    }
    return statements;
  }

 private:
  void parse_statement(const SyntaxNode& node, std::vector<Statement>& out) {
    if (node.kind == NodeKind::Block) {
      for (const SyntaxNode& child : node.children) {
        parse_statement(child, out);
      }
      return;
    }
    if (++nr_statements_ > kStatementsMax) {
      context_.fail(node,
                    fmt::format("expected at most {} statements in a thread", kStatementsMax));
    }
    switch (node.kind) {
      case NodeKind::Declaration:
        return parse_declaration(node, out);
      case NodeKind::Assign:
        return parse_assign(node, out);
      case NodeKind::Store:
        return parse_store(node, out);
      case NodeKind::CallStatement:
        return parse_call_statement(node, out);
      case NodeKind::If:
        return parse_if(node, out);
      default:
        throw InternalError("a statement of a kind that the grammar does not make");
    }
  }

  Statement start(StatementKind kind, const SyntaxNode& node) const {
    Statement statement;
    statement.kind = kind;
    statement.place = context_.place(node);
    statement.text = squeeze(node.text);
    while (!statement.text.empty() &&
           (statement.text.back() == ';' || statement.text.back() == ' ')) {
      statement.text.pop_back();
    }
    return statement;
  }

  unsigned add_register(const SyntaxNode& name) {
    const ParseContext& context = context_;
    std::string text = context.declared_name(name, "local variable");
    const bool is_mapping =
        scope_.thread.process && context.find_mapping(*scope_.thread.process, text);
    if (is_mapping || context.find_variable(text) || context.find_file(text)) {
      context.fail(
          name, fmt::format("expected a local variable: '{}' is a {}", text,
                            is_mapping                    ? "mapping, the word is *" + text
                            : context.find_variable(text) ? "shared variable, its value is *" + text
                                                          : std::string("file")));
    }
    if (scope_.thread.registers.size() == kRegistersMax) {
      context.fail(name,
                   fmt::format("expected at most {} local variables in a thread", kRegistersMax));
    }
    scope_.thread.registers.push_back(std::move(text));
    return static_cast<unsigned>(scope_.thread.registers.size() - 1);
  }

  void parse_declaration(const SyntaxNode& node, std::vector<Statement>& out) {
    for (const SyntaxNode& declarator : node.children) {
      if (declarator.kind != NodeKind::Declarator) {
        continue;  // the type: all local variables are numbers of 64 bits
      }
      std::size_t at = 0;
      for (; declarator.children[at].kind == NodeKind::Star; ++at) {
        if (!context_.is_litmus()) {
          fail_pointer(context_, declarator.children[at]);
        }
      }
      const SyntaxNode& name = declarator.children[at];
      if (find_register(scope_.thread, name.text)) {
        context_.fail(
            name, fmt::format("expected a new name: '{}' is already a local variable", name.text));
      }
      if (declarator.children.size() == at + 1) {
        add_register(name);
        continue;
      }
      Statement statement = start(StatementKind::Assign, declarator);
      statement.expr = parse_value(scope_, declarator.children[at + 1]);
      statement.target = add_register(name);
      out.push_back(std::move(statement));
    }
  }

  void parse_assign(const SyntaxNode& node, std::vector<Statement>& out) {
    const SyntaxNode& name = node.children[0];
    Statement statement = start(StatementKind::Assign, node);
    statement.expr = parse_value(scope_, node.children[1]);
    const auto known = find_register(scope_.thread, name.text);
    statement.target = known ? *known : add_register(name);
    out.push_back(std::move(statement));
  }

  void parse_store(const SyntaxNode& node, std::vector<Statement>& out) {
    Statement statement = start(StatementKind::Evaluate, node);
    statement.expr.kind = ExprKind::Call;
    statement.expr.operation = Operation::Store;
    statement.expr.name = "=";
    statement.expr.place = statement.place;
    statement.expr.operands.push_back(parse_store_target(scope_, node.children[0]));
    statement.expr.operands.push_back(parse_value(scope_, node.children[1]));
    out.push_back(std::move(statement));
  }

  void parse_call_statement(const SyntaxNode& node, std::vector<Statement>& out) {
    Statement statement = start(StatementKind::Evaluate, node);
    statement.expr = parse_call(scope_, node.children[0]).expr;
    out.push_back(std::move(statement));
  }

  void parse_if(const SyntaxNode& node, std::vector<Statement>& out) {
    Statement statement = start(StatementKind::If, node);
    statement.text = fmt::format("if ({})", squeeze(node.children[0].text));
    statement.expr = parse_value(scope_, node.children[0]);
    parse_statement(node.children[1], statement.then_body);
    if (node.children.size() > 2) {
      parse_statement(node.children[2], statement.else_body);
    }
    out.push_back(std::move(statement));
  }

  ThreadScope scope_;
  const ParseContext& context_;
  std::size_t nr_statements_ = 0;
};

}  // namespace

void parse_thread(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& name = node.children[0];
  const auto number = static_cast<unsigned>(context.scenario.threads.size());
  if (number == kThreadsMax) {
    context.fail(name, fmt::format("expected at most {} threads", kThreadsMax));
  }
  ThreadDecl thread;
  thread.name = fmt::format("P{}", number);
  thread.place = context.place(name);
  if (name.text != thread.name) {
    context.fail(name, fmt::format("expected '{}': threads are numbered in order, got '{}'",
                                   thread.name, name.text.substr(0, kNameLengthMax)));
  }
  for (std::size_t i = 1; i + 1 < node.children.size(); ++i) {
    const SyntaxNode& child = node.children[i];
    if (child.kind == NodeKind::Parameter) {
      parse_parameter(context, child, i == 1, thread);
    } else {
      thread.title = child.text;
      if (thread.title.size() > kNameLengthMax) {
        context.fail(child, fmt::format("expected a title of at most {} characters, got {}",
                                        kNameLengthMax, thread.title.size()));
      }
    }
  }
  BodyParser parser(ThreadScope{context, thread, number});
  thread.body = parser.parse_block(node.children.back());
  context.scenario.threads.push_back(std::move(thread));
}

}  // namespace mmcheck::workload
