// SPDX-License-Identifier: Apache-2.0
// The arguments of calls, each checked against the function's parameter at its position.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "workload/parse_expr.h"
#include "workload/parse_limits.h"

namespace mmcheck::workload {
namespace {

/// One call on its way from arguments to operands.
class CallParser {
 public:
  CallParser(const ThreadScope& scope, const SyntaxNode& node, const CallSpec& spec)
      : scope_(scope), context_(scope.context), node_(node), spec_(spec) {}

  TypedExpr parse() {
    check_caller();
    const std::size_t nr_expected = nr_parameters(spec_);
    const std::size_t nr_given = node_.children.size() - 1;
    if (nr_given != nr_expected) {
      context_.fail(node_, fmt::format("expected {}, as in {}, got {}",
                                       counted(static_cast<std::int64_t>(nr_expected), "argument"),
                                       spec_.usage, nr_given));
    }
    call_.kind = ExprKind::Call;
    call_.operation = spec_.operation;
    call_.order = spec_.order;
    call_.name = node_.children[0].text;
    call_.place = context_.place(node_);
    for (std::size_t i = 0; i < nr_given; ++i) {
      parse_argument(spec_.parameters[i], node_.children[i + 1]);
    }
    return finish();
  }

 private:
  void check_caller() const {
    const bool is_kernel = !scope_.thread.process.has_value();
    if (spec_.caller == Caller::LitmusThread && !context_.is_litmus()) {
      context_.fail(node_, fmt::format("expected a litmus test around {}(): scenarios have none",
                                       spec_.name));
    }
    if (context_.is_litmus() && spec_.caller != Caller::LitmusThread &&
        spec_.caller != Caller::Any) {
      context_.fail(node_, fmt::format("expected a function on ordinary memory: {}() is for "
                                       "scenarios",
                                       spec_.name));
    }
    if (spec_.caller == Caller::ProcessThread && is_kernel) {
      context_.fail(node_, fmt::format("expected a thread of a process, such as P0(A), around the "
                                       "system call {}()",
                                       spec_.name));
    }
    if (spec_.caller == Caller::KernelThread && !is_kernel) {
      context_.fail(node_, fmt::format("expected a kernel thread, such as P0(kernel), around {}()",
                                       spec_.name));
    }
  }

  void parse_argument(Parameter parameter, const SyntaxNode& node) {
    switch (parameter) {
      case Parameter::Access:
        return parse_access(node);
      case Parameter::Address:
        call_.operands.push_back(parse_expression(scope_, node).expr);
        return check_word_address(scope_, node, call_.operands.back());
      case Parameter::Lock:
        return parse_lock(node, VariableKind::Spinlock, "spinlock_t");
      case Parameter::Srcu:
        return parse_lock(node, VariableKind::Srcu, "struct srcu_struct");
      case Parameter::Value:
        call_.operands.push_back(parse_value(scope_, node));
        return;
      case Parameter::Range:
        return parse_range(node);
      case Parameter::Length:
        return parse_length(node);
      case Parameter::Protection:
        return parse_protection(node);
      case Parameter::MapFlags:
        return parse_map_flags(node);
      case Parameter::MapFile:
        return parse_map_file(node);
      case Parameter::MapOffset:
        return parse_map_offset(node);
      case Parameter::SameLength:
        return check_same_length(node);
      case Parameter::MremapFlags:
        return parse_mremap_flags(node);
      case Parameter::OtherRange:
        return parse_other_range(node);
      case Parameter::MadviseAdvice:
        return parse_advice(node);
      case Parameter::MsyncFlags:
        return check_flag(node, ConstantFamily::MsyncFlags, "MS_SYNC");
      case Parameter::FadviseAdvice:
        return check_flag(node, ConstantFamily::FadviseAdvice, "POSIX_FADV_DONTNEED");
      case Parameter::File:
        return parse_file(node);
      case Parameter::FileOffset:
        return parse_file_offset(node);
      case Parameter::FileLength:
        return parse_file_length(node);
      case Parameter::Status:
        push_number(node, constant(node));
        return;
      case Parameter::Folios:
        return parse_folios(node);
      case Parameter::PageOf:
        return parse_page_of(node);
      case Parameter::GupFlags:
        return parse_gup_flags(node);
      case Parameter::Process:
        return parse_process(node);
      case Parameter::Child:
        return parse_child(node);
      case Parameter::None:
        break;
    }
    throw InternalError("more arguments than parameters");
  }

  void push_number(const SyntaxNode& node, std::int64_t value) {
    Expr expr;
    expr.kind = ExprKind::Number;
    expr.value = value;
    expr.name = squeeze(node.text);
    expr.place = context_.place(node);
    call_.operands.push_back(std::move(expr));
  }

  std::int64_t constant(const SyntaxNode& node) const {
    const TypedExpr typed = parse_expression(scope_, node);
    if (typed.expr.kind != ExprKind::Number || typed.family != ConstantFamily::None) {
      context_.fail(node, "expected a constant number");
    }
    return typed.expr.value;
  }

  /// A constant number of bytes, whole pages, at most kPagesMax of them.
  std::int64_t whole_pages(const SyntaxNode& node, std::int64_t bytes_min) const {
    const std::int64_t bytes = constant(node);
    if (bytes < bytes_min || bytes % kPageBytes != 0) {
      context_.fail(node, fmt::format("expected a {}multiple of {}, got {}",
                                      bytes_min > 0 ? "positive " : "", kPageBytes, bytes));
    }
    if (bytes > kPagesMax * kPageBytes) {
      context_.fail(node, fmt::format("expected at most {}, got {}", counted(kPagesMax, "page"),
                                      bytes / kPageBytes));
    }
    return bytes;
  }

  void parse_access(const SyntaxNode& node) {
    TypedExpr typed = parse_expression(scope_, node);
    if (typed.expr.kind != ExprKind::Call || typed.expr.name != "*") {
      context_.fail(node, fmt::format("expected an access such as *x, as in {}", spec_.usage));
    }
    call_.operands.push_back(Expr(std::move(typed.expr.operands.front())));
  }

  void parse_lock(const SyntaxNode& node, VariableKind kind, std::string_view type) {
    Expr expr = parse_expression(scope_, node).expr;
    if (expr.kind != ExprKind::Variable || context_.scenario.variables[expr.index].kind != kind) {
      context_.fail(node, fmt::format("expected a variable that is declared as {}", type));
    }
    call_.operands.push_back(std::move(expr));
  }

  void parse_range(const SyntaxNode& node) {
    Expr expr = parse_expression(scope_, node).expr;
    if (expr.kind != ExprKind::Page) {
      context_.fail(
          node, fmt::format("expected a mapping of process {}, as in {}",
                            context_.scenario.processes[*scope_.thread.process].name, spec_.usage));
    }
    call_.operands.push_back(std::move(expr));
  }

  void parse_length(const SyntaxNode& node) {
    const std::int64_t bytes = whole_pages(node, 1);
    const Expr& start = call_.operands.front();
    const MappingDecl& mapping = context_.scenario.processes[start.process].mappings[start.index];
    if (start.page + bytes / kPageBytes > mapping.nr_pages) {
      context_.fail(node, fmt::format("expected a range within '{}', which has {}", mapping.name,
                                      counted(mapping.nr_pages, "page")));
    }
    push_number(node, bytes);
  }

  std::int64_t parse_flag_value(const SyntaxNode& node, ConstantFamily family,
                                std::string_view example) const {
    const TypedExpr typed = parse_expression(scope_, node);
    if (typed.expr.kind != ExprKind::Number || typed.family != family) {
      context_.fail(node, fmt::format("expected {}, as in {}", example, spec_.usage));
    }
    return typed.expr.value;
  }

  void check_flag(const SyntaxNode& node, ConstantFamily family, std::string_view name) const {
    parse_flag_value(node, family, name);
  }

  void parse_flags(const SyntaxNode& node, ConstantFamily family, std::string_view example) {
    push_number(node, parse_flag_value(node, family, example));
  }

  void parse_protection(const SyntaxNode& node) {
    parse_flags(node, ConstantFamily::Protection, "PROT_READ|PROT_WRITE");
    if (call_.operands.back().value == kProtWrite) {
      context_.fail(node, "expected PROT_READ beside PROT_WRITE: what can be written can be read");
    }
  }

  void check_same_length(const SyntaxNode& node) const {
    if (whole_pages(node, 1) == call_.operands[1].value) return;
    context_.fail(node, fmt::format("expected the length before, as in {}: to grow or shrink is "
                                    "not supported",
                                    spec_.usage));
  }

  void parse_mremap_flags(const SyntaxNode& node) {
    constexpr std::string_view kBoth = "MREMAP_MAYMOVE|MREMAP_FIXED";
    constexpr std::int64_t kNeeded = kMremapMayMove | kMremapFixed;
    parse_flags(node, ConstantFamily::MremapFlags, kBoth);
    if ((call_.operands.back().value & kNeeded) != kNeeded) {
      context_.fail(node, fmt::format("expected {}: a scenario names all its addresses", kBoth));
    }
  }

  void parse_other_range(const SyntaxNode& node) {
    parse_range(node);
    const Expr& from = call_.operands.front();
    const Expr& to = call_.operands.back();
    const auto nr_pages = static_cast<unsigned>(call_.operands[1].value / kPageBytes);
    const MappingDecl& mapping = context_.scenario.processes[to.process].mappings[to.index];
    if (to.page + nr_pages > mapping.nr_pages) {
      context_.fail(node, fmt::format("expected a range within '{}', which has {}", mapping.name,
                                      counted(mapping.nr_pages, "page")));
    }
    if (to.index == from.index && to.page < from.page + nr_pages &&
        from.page < to.page + nr_pages) {
      context_.fail(node, "expected a range that does not overlap the first");
    }
  }

  void parse_advice(const SyntaxNode& node) {
    constexpr std::string_view kAdvice = "MADV_DONTNEED or MADV_FREE";
    const std::int64_t advice = parse_flag_value(node, ConstantFamily::MadviseAdvice, kAdvice);
    if (advice == kMadvDontneed) return;
    if (advice != kMadvFree) context_.fail(node, fmt::format("expected {}", kAdvice));
    const Expr& start = call_.operands.front();
    const MappingDecl& mapping = context_.scenario.processes[start.process].mappings[start.index];
    if (mapping.kind != MappingKind::Anonymous) {
      context_.fail(node, fmt::format("expected MADV_DONTNEED: MADV_FREE is for anonymous memory, "
                                      "which '{}' is not",
                                      mapping.name));
    }
    call_.operation = Operation::MadviseFree;
  }

  void parse_map_flags(const SyntaxNode& node) {
    parse_flags(node, ConstantFamily::MapFlags, "flags such as MAP_SHARED|MAP_FIXED");
    const std::int64_t flags = call_.operands.back().value;
    if ((flags & kMapFixed) == 0) {
      context_.fail(node, "expected MAP_FIXED among the flags: a scenario names all its addresses");
    }
    if (((flags & kMapShared) != 0) == ((flags & kMapPrivate) != 0)) {
      context_.fail(node, "expected either MAP_SHARED or MAP_PRIVATE among the flags");
    }
    if ((flags & kMapAnonymous) != 0 && (flags & kMapShared) != 0) {
      context_.fail(node, "expected MAP_PRIVATE: shared anonymous memory is not supported");
    }
  }

  bool is_anonymous() const { return (call_.operands[3].value & kMapAnonymous) != 0; }

  void parse_map_file(const SyntaxNode& node) {
    if (!is_anonymous()) {
      return parse_file(node);
    }
    const Expr expr = parse_expression(scope_, node).expr;
    if (expr.kind != ExprKind::Number || expr.value != -1) {
      context_.fail(node, "expected -1 as the file of an anonymous mapping");
    }
    push_number(node, -1);
  }

  void parse_map_offset(const SyntaxNode& node) {
    const std::int64_t offset = whole_pages(node, 0);
    if (is_anonymous()) {
      if (offset != 0) {
        context_.fail(node, "expected 0 as the offset of an anonymous mapping");
      }
    } else {
      check_in_file(node, call_.operands[4].index, offset + call_.operands[1].value);
    }
    push_number(node, offset);
  }

  void parse_file(const SyntaxNode& node) {
    Expr expr = parse_expression(scope_, node).expr;
    if (expr.kind != ExprKind::File) {
      context_.fail(node, fmt::format("expected a file, as in {}", spec_.usage));
    }
    call_.operands.push_back(std::move(expr));
  }

  void check_in_file(const SyntaxNode& node, unsigned file_index, std::int64_t end_bytes) const {
    const FileDecl& file = context_.scenario.files[file_index];
    if (end_bytes > file.nr_pages * kPageBytes) {
      context_.fail(node, fmt::format("expected a range within the file '{}', which has {}",
                                      file.name, counted(file.nr_pages, "page")));
    }
  }

  void parse_file_offset(const SyntaxNode& node) {
    const std::int64_t offset = whole_pages(node, 0);
    check_in_file(node, call_.operands[0].index, offset + kPageBytes);
    push_number(node, offset);
  }

  void parse_file_length(const SyntaxNode& node) {
    std::int64_t length = whole_pages(node, 0);
    const unsigned file = call_.operands[0].index;
    const std::int64_t offset = call_.operands[1].value;
    check_in_file(node, file, offset + length);
    if (length == 0) {
      length = context_.scenario.files[file].nr_pages * kPageBytes - offset;
    }
    push_number(node, length);
  }

  void parse_page_of(const SyntaxNode& node) {
    Expr expr = parse_expression(scope_, node).expr;
    if (expr.kind != ExprKind::Page) {
      context_.fail(node, fmt::format("expected a page of a mapping, as in {}", spec_.usage));
    }
    call_.operands.push_back(std::move(expr));
  }

  void parse_folios(const SyntaxNode& node) {
    Expr expr = parse_expression(scope_, node).expr;
    if (expr.kind != ExprKind::File && expr.kind != ExprKind::Page) {
      context_.fail(node, "expected a file, or the page at an address of a process such as A:x");
    }
    call_.operands.push_back(std::move(expr));
  }

  void parse_gup_flags(const SyntaxNode& node) {
    const TypedExpr typed = parse_expression(scope_, node);
    const bool flags = typed.family == ConstantFamily::GupFlags ||
                       (typed.family == ConstantFamily::None && typed.expr.value == 0);
    if (typed.expr.kind != ExprKind::Number || !flags) {
      context_.fail(node, fmt::format("expected FOLL_WRITE or 0, as in {}", spec_.usage));
    }
    push_number(node, typed.expr.value);
  }

  void parse_process(const SyntaxNode& node) {
    const std::string name = squeeze(node.text);
    const auto process = context_.find_process(name);
    if (!process) {
      context_.fail(node, fmt::format("expected a process, as in {}, got '{}'", spec_.usage, name));
    }
    push_number(node, *process);
  }

  void parse_child(const SyntaxNode& node) {
    parse_process(node);
    const auto child = static_cast<std::size_t>(call_.operands.back().value);
    if (context_.scenario.processes[child].parent == scope_.thread.process) {
      return;
    }
    const std::string& own = context_.scenario.processes[*scope_.thread.process].name;
    const std::string& name = context_.scenario.processes[child].name;
    context_.fail(node, fmt::format("expected a child of process {}, as in 'process {}, child of "
                                    "{};'",
                                    own, name == own ? "B" : name, own));
  }

  /// Brings the address first and adds what the name of the function implies.
  TypedExpr finish() {
    if (spec_.shape == Shape::ValueFirst || spec_.shape == Shape::ValueFirstNegated) {
      std::swap(call_.operands[0], call_.operands[1]);
    }
    if (spec_.shape == Shape::ValueFirstNegated) {
      negate(call_.operands[1]);
    }
    if (spec_.shape == Shape::One || spec_.shape == Shape::MinusOne) {
      push_number(node_.children[0], spec_.shape == Shape::One ? 1 : -1);
    }
    const bool is_test = spec_.result == Result::IsZero || spec_.result == Result::IsNegative;
    if (!is_test) {
      return {std::move(call_), ConstantFamily::None, spec_.result};
    }
    TypedExpr test;
    test.expr.kind = ExprKind::Apply;
    test.expr.oper = spec_.result == Result::IsZero ? Operator::Equal : Operator::Less;
    test.expr.name = call_.name;
    test.expr.place = call_.place;
    test.expr.operands.push_back(std::move(call_));
    test.expr.operands.emplace_back();
    test.expr.operands.back().name = "0";
    test.expr.operands.back().place = test.expr.place;
    return test;
  }

  static void negate(Expr& expr) {
    if (expr.kind == ExprKind::Number && expr.value != INT64_MIN) {
      expr.value = -expr.value;
      return;
    }
    Expr negated;
    negated.kind = ExprKind::Apply;
    negated.oper = Operator::Negate;
    negated.name = "-";
    negated.place = expr.place;
    negated.operands.push_back(std::move(expr));
    expr = std::move(negated);
  }

  const ThreadScope& scope_;
  const ParseContext& context_;
  const SyntaxNode& node_;
  const CallSpec& spec_;
  Expr call_;
};

}  // namespace

TypedExpr parse_call(const ThreadScope& scope, const SyntaxNode& node) {
  const SyntaxNode& name = node.children[0];
  const auto spec = find_call(name.text);
  if (!spec) {
    scope.context.fail(name, fmt::format("expected a known function, got '{}'{}", name.text,
                                         did_you_mean(name.text, call_names())));
  }
  return CallParser(scope, node, *spec).parse();
}

}  // namespace mmcheck::workload
