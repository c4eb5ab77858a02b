// SPDX-License-Identifier: Apache-2.0
// The initial section: files, processes with their mappings, variables, the size of mmu_gather.
#include <fmt/format.h>

#include <utility>

#include "workload/parse_calls.h"
#include "workload/parse_limits.h"
#include "workload/parse_sections.h"

namespace mmcheck::workload {
namespace {

/// Children of a MappingDecl or FileDecl, taken one after the other.
class Children {
 public:
  explicit Children(const SyntaxNode& node) : nodes_(node.children) {}

  const SyntaxNode* take(NodeKind kind) {
    if (at_ < nodes_.size() && nodes_[at_].kind == kind) {
      return &nodes_[at_++];
    }
    return nullptr;
  }

 private:
  const std::vector<SyntaxNode>& nodes_;
  std::size_t at_ = 0;
};

/// A size in pages, or in bytes if no unit follows.
unsigned parse_size(const ParseContext& context, const SyntaxNode& node, std::int64_t pages_min) {
  std::int64_t pages = context.number(node.children[0]);
  const bool in_bytes = node.children.size() == 1;
  if (in_bytes) {
    if (pages % kPageBytes != 0) {
      context.fail(node,
                   fmt::format("expected a multiple of {} bytes, or a number of pages such as "
                               "'1 page'",
                               kPageBytes));
    }
    pages /= kPageBytes;
  }
  if (pages < pages_min || pages > kPagesMax) {
    context.fail(node, fmt::format("expected {} to {} pages, got {}", pages_min, kPagesMax, pages));
  }
  return static_cast<unsigned>(pages);
}

void check_folio_size(const ParseContext& context, const SyntaxNode& node, unsigned nr_pages) {
  if (nr_pages < 2 || nr_pages > kFolioPagesMax) {
    context.fail(node, fmt::format("expected 2 to {} pages for a large folio, got {}",
                                   kFolioPagesMax, nr_pages));
  }
}

void parse_file(ParseContext& context, const SyntaxNode& node) {
  Children children(node);
  const SyntaxNode& name = *children.take(NodeKind::Identifier);
  FileDecl file;
  file.name = context.declared_name(name, "file");
  file.place = context.place(name);
  context.check_unused(name, file.name);
  if (const SyntaxNode* size = children.take(NodeKind::Size)) {
    file.nr_pages = parse_size(context, *size, 1);
  }
  if (const SyntaxNode* large = children.take(NodeKind::LargeFolio)) {
    check_folio_size(context, *large, file.nr_pages);
    file.large_folio = true;
  }
  if (context.scenario.files.size() == kFilesMax) {
    context.fail(name, fmt::format("expected at most {} files", kFilesMax));
  }
  context.scenario.files.push_back(std::move(file));
}

MappingKind parse_mapping_kind(const ParseContext& context, Children& children, bool has_file) {
  std::int64_t flags = 0;
  const SyntaxNode* first = nullptr;
  while (const SyntaxNode* node = children.take(NodeKind::FlagName)) {
    const NamedConstant* constant = find_constant(node->text);
    const bool is_known = constant != nullptr && constant->family == ConstantFamily::MapFlags &&
                          (constant->value & kMapFixed) == 0;
    if (!is_known) {
      context.fail(*node, fmt::format("expected MAP_SHARED, MAP_PRIVATE or MAP_ANONYMOUS, got '{}'",
                                      node->text));
    }
    flags |= constant->value;
    first = first == nullptr ? node : first;
  }
  if (((flags & kMapShared) != 0) == ((flags & kMapPrivate) != 0)) {
    context.fail(*first, "expected either MAP_SHARED or MAP_PRIVATE");
  }
  const bool is_anonymous = (flags & kMapAnonymous) != 0;
  if (is_anonymous && (flags & kMapShared) != 0) {
    context.fail(*first, "expected MAP_PRIVATE: shared anonymous memory is not supported");
  }
  if (is_anonymous == has_file) {
    context.fail(*first, has_file
                             ? "expected a mapping of a file: MAP_ANONYMOUS has none"
                             : "expected MAP_PRIVATE|MAP_ANONYMOUS, or a file before the size");
  }
  return is_anonymous                ? MappingKind::Anonymous
         : (flags & kMapShared) != 0 ? MappingKind::Shared
                                     : MappingKind::Private;
}

MappingDecl parse_mapping(const ParseContext& context, const SyntaxNode& node) {
  Children children(node);
  const SyntaxNode& name = *children.take(NodeKind::Identifier);
  MappingDecl mapping;
  mapping.name = context.declared_name(name, "mapping");
  mapping.place = context.place(name);
  const SyntaxNode* file_name = children.take(NodeKind::Identifier);
  if (file_name != nullptr) {
    const auto file = context.find_file(file_name->text);
    if (!file) {
      context.fail(*file_name, fmt::format("expected a file that is declared above, got '{}'",
                                           file_name->text));
    }
    mapping.file = *file;
  }
  const SyntaxNode& size = *children.take(NodeKind::Size);
  mapping.nr_pages = parse_size(context, size, 1);
  mapping.kind = parse_mapping_kind(context, children, file_name != nullptr);
  if (const SyntaxNode* offset = children.take(NodeKind::Size)) {
    if (file_name == nullptr) {
      context.fail(*offset, "expected no offset: an anonymous mapping has no file");
    }
    mapping.first_page = parse_size(context, *offset, 0);
  }
  if (file_name != nullptr) {
    const FileDecl& file = context.scenario.files[mapping.file];
    if (mapping.first_page + mapping.nr_pages > file.nr_pages) {
      context.fail(size, fmt::format("expected a range within the file '{}', which has {}",
                                     file.name, counted(file.nr_pages, "page")));
    }
  }
  if (const SyntaxNode* populate = children.take(NodeKind::Populate)) {
    mapping.populate = populate->text == "dirty" ? Populate::Dirty : Populate::Read;
  }
  if (const SyntaxNode* large = children.take(NodeKind::LargeFolio)) {
    if (mapping.kind != MappingKind::Anonymous) {
      context.fail(*large,
                   "expected 'large folio' with the file, as in 'file f, 2 pages, large "
                   "folio;'");
    }
    check_folio_size(context, *large, mapping.nr_pages);
    mapping.large_folio = true;
  }
  if (const SyntaxNode* huge = children.take(NodeKind::MappedHuge)) {
    const bool whole = mapping.kind == MappingKind::Shared &&
                       context.scenario.files[mapping.file].large_folio &&
                       mapping.nr_pages == context.scenario.files[mapping.file].nr_pages;
    if (!whole) {
      context.fail(*huge, "expected a MAP_SHARED mapping of a whole file that is a large folio");
    }
    mapping.huge = true;
  }
  return mapping;
}

/// What the parent has at fork(), its child will have.
void parse_parent(const ParseContext& context, const SyntaxNode& name, ProcessDecl& process) {
  process.parent = context.find_process(name.text);
  if (!process.parent) {
    context.fail(name,
                 fmt::format("expected a process that is declared above, got '{}'", name.text));
  }
  process.mappings = context.scenario.processes[*process.parent].mappings;
  for (MappingDecl& mapping : process.mappings) mapping.populate = Populate::None;
}

void parse_process(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& name = node.children[0];
  ProcessDecl process;
  process.name = context.declared_name(name, "process");
  process.place = context.place(name);
  context.check_unused(name, process.name);
  if (context.scenario.processes.size() == kProcessesMax) {
    context.fail(name, fmt::format("expected at most {} processes", kProcessesMax));
  }
  std::size_t next = 1;
  if (node.children.size() > 1 && node.children[1].kind == NodeKind::ChildOf) {
    parse_parent(context, node.children[1].children[0], process);
    ++next;
  }
  for (std::size_t i = next; i < node.children.size(); ++i) {
    const SyntaxNode& child = node.children[i];
    MappingDecl mapping = parse_mapping(context, child);
    const std::string& mapping_name = mapping.name;
    const bool is_taken = mapping_name == process.name || context.find_file(mapping_name) ||
                          context.find_variable(mapping_name) || context.find_process(mapping_name);
    for (const MappingDecl& other : process.mappings) {
      if (other.name == mapping_name) {
        context.fail(child, fmt::format("expected a new name: '{}' is already the name of the "
                                        "mapping in line {}",
                                        mapping_name, other.place.line));
      }
    }
    if (is_taken) {
      context.fail(child, fmt::format("expected a new name: '{}' is already the name of something "
                                      "else",
                                      mapping_name));
    }
    if (process.mappings.size() == kMappingsMax) {
      context.fail(child, fmt::format("expected at most {} mappings in a process", kMappingsMax));
    }
    process.mappings.push_back(std::move(mapping));
  }
  context.scenario.processes.push_back(std::move(process));
}

void parse_gather(ParseContext& context, const SyntaxNode& node) {
  const SyntaxNode& what = node.children[0];
  const SyntaxNode& value = node.children[1];
  const std::int64_t number = context.number(value);
  const bool is_batch = what.text == "batch";
  const std::int64_t min = is_batch ? 1 : 0;
  if (number < min || number > kGatherMax) {
    context.fail(value, fmt::format("expected {} to {}, got {}", min, kGatherMax, number));
  }
  auto& target = is_batch                 ? context.scenario.gather_batch_max
                 : what.text == "batches" ? context.scenario.gather_batches_max
                                          : context.scenario.gather_tables;
  if (target) {
    context.fail(what, fmt::format("expected 'gather {}' only once", what.text));
  }
  target = static_cast<unsigned>(number);
}

void parse_variable(ParseContext& context, const SyntaxNode& node) {
  VariableDecl variable;
  variable.kind = variable_kind(node);
  const SyntaxNode* name = nullptr;
  for (const SyntaxNode& child : node.children) {
    if (child.kind == NodeKind::Star && !context.is_litmus()) {
      fail_pointer(context, child);
    } else if (child.kind == NodeKind::Identifier) {
      name = &child;
      variable.name = context.declared_name(child, "variable");
      variable.place = context.place(child);
      if (!context.is_litmus()) {
        context.check_unused(child, variable.name);
      }
    } else if (child.kind == NodeKind::Number || child.kind == NodeKind::Address) {
      variable.initial = context.initial_value(child, "a number as the initial value");
      if (variable.kind != VariableKind::Word && variable.initial != 0) {
        context.fail(child, "expected a spinlock_t that starts unlocked, as 0");
      }
    }
  }
  context.add_variable(*name, std::move(variable));
}

}  // namespace

VariableKind variable_kind(const SyntaxNode& node) {
  for (const SyntaxNode& child : node.children) {
    if (child.kind == NodeKind::TypeName && child.text == "spinlock_t") {
      return VariableKind::Spinlock;
    }
    if (child.kind == NodeKind::TypeName && child.text == "srcu_struct") {
      return VariableKind::Srcu;
    }
  }
  return VariableKind::Word;
}

void fail_pointer(const ParseContext& context, const SyntaxNode& star) {
  context.fail(star, "expected a plain number: pointers that are variables are not supported");
}

void parse_initial_item(ParseContext& context, const SyntaxNode& node) {
  if (context.is_litmus() && node.kind != NodeKind::VariableDecl) {
    context.fail(node, "expected a shared variable: files and processes are for scenarios");
  }
  switch (node.kind) {
    case NodeKind::FileDecl:
      return parse_file(context, node);
    case NodeKind::ProcessDecl:
      return parse_process(context, node);
    case NodeKind::GatherDecl:
      return parse_gather(context, node);
    case NodeKind::VmaLocksDecl:
      context.scenario.vma_locks = true;
      return;
    default:
      return parse_variable(context, node);
  }
}

}  // namespace mmcheck::workload
