// SPDX-License-Identifier: Apache-2.0
#include "explore/checkpoint.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <limits>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/error.h"

namespace mmcheck::explore {

namespace {

constexpr std::uint64_t kMagic = 0x32'6b'68'63'6d'6d;  // also says which version of this form

class Writer {
 public:
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }
  void text(std::string_view text) {
    number(text.size());
    out_.append(text);
  }
  std::string finish() {
    const std::uint64_t hash = XXH3_64bits(out_.data(), out_.size());
    out_.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    return std::move(out_);
  }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {
    std::uint64_t hash = 0;
    if (bytes.size() < sizeof hash) refuse();
    end_ -= sizeof hash;
    std::memcpy(&hash, end_, sizeof hash);
    if (XXH3_64bits(bytes.data(), bytes.size() - sizeof hash) != hash) refuse();
  }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) refuse();
      const auto byte = static_cast<unsigned char>(*at_++);
      value |= std::uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return value;
    }
    refuse();
  }
  template <typename T>
  T number_as() {
    const std::uint64_t value = number();
    if (value > std::numeric_limits<T>::max()) refuse();
    return static_cast<T>(value);
  }
  bool flag() { return number() != 0; }
  std::string text() {
    const std::uint64_t size = number();
    if (size > static_cast<std::uint64_t>(end_ - at_)) refuse();
    std::string result(at_, size);
    at_ += size;
    return result;
  }
  [[noreturn]] static void refuse() {
    throw InputError("the checkpoint is damaged, or of another version of mmcheck");
  }

 private:
  const char* at_;
  const char* end_;
};

// --- steps and branches --------------------------------------------------------------------------

void write_step(Writer& out, const ForeseenStep& step) {
  out.number(step.thread);
  out.number(step.label);
  out.number(step.any_label | step.chooses << 1 | step.known << 2 | step.ends_all << 3 |
             step.elsewhere << 4);
  out.number(step.footprint.size);
  for (const Use& use : step.footprint.all()) {
    out.number(to_index(use.object));
    out.number(static_cast<std::uint64_t>(use.mode));
  }
}

/// The footprint's uses go to `uses`, which must stay where it is.
ForeseenStep read_step(Reader& in, std::vector<Use>& uses) {
  ForeseenStep step;
  step.thread = in.number_as<std::uint8_t>();
  step.label = in.number();
  const std::uint64_t flags = in.number();
  step.any_label = (flags & 1) != 0;
  step.chooses = (flags & 2) != 0;
  step.known = (flags & 4) != 0;
  step.ends_all = (flags & 8) != 0;
  step.elsewhere = (flags & 16) != 0;
  uses.clear();
  for (std::uint64_t i = in.number(); i > 0; --i) {
    const ObjectId object{in.number_as<std::uint16_t>()};
    uses.push_back({.object = object, .mode = static_cast<Mode>(in.number() & 3)});
    add_bits(step.footprint, uses.back());
  }
  step.footprint.uses = uses.data();
  step.footprint.size = static_cast<std::uint32_t>(uses.size());
  return step;
}

void write_branches(Writer& out, const Branch* branch) {
  for (; branch != nullptr; branch = branch->sibling) {
    out.number(1);
    write_step(out, branch->step);
    out.number(branch->unsure);
    write_branches(out, branch->child);
  }
  out.number(0);
}

Branch* read_branches(Reader& in, BranchPool& pool) {
  Branch* result = nullptr;
  std::vector<Use> uses;
  for (Branch** end = &result; in.flag(); end = &(*end)->sibling) {
    *end = pool.make(read_step(in, uses));
    (*end)->unsure = in.flag();
    (*end)->child = read_branches(in, pool);
  }
  return result;
}

// --- nodes ---------------------------------------------------------------------------------------

void write_node(Writer& out, const TreeNode& node) {
  out.number(node.node.enabled);
  out.number(node.node.expanded);
  out.number(node.nr_begun);
  out.number(node.node.sleepers.size());
  for (const ForeseenStep& sleeper : node.node.sleepers) write_step(out, sleeper);
  write_branches(out, node.node.pending);
}

/// Parents first, each once, by number; then which of them are open.
void write_nodes(Writer& out, const std::vector<std::shared_ptr<TreeNode>>& open) {
  std::unordered_map<const TreeNode*, std::uint64_t> numbers;
  std::vector<const TreeNode*> path;
  for (const std::shared_ptr<TreeNode>& node : open) {
    path.clear();
    for (const TreeNode* at = node.get(); at != nullptr && !numbers.contains(at);
         at = at->parent()) {
      path.push_back(at);
    }
    while (!path.empty()) {
      const TreeNode& next = *path.back();
      path.pop_back();
      const bool is_root = next.begun == nullptr;
      out.number(is_root ? 1 : 2 + numbers.at(next.parent()));
      if (!is_root) {
        out.number(next.begun->edge.thread);
        out.number(next.begun->edge.label);
      }
      write_node(out, next);
      numbers.emplace(&next, numbers.size());
    }
  }
  out.number(0);
}

void read_nodes(Reader& in, SearchTree& tree) {
  std::vector<std::shared_ptr<TreeNode>> nodes;
  while (std::uint64_t parent = in.number()) {
    std::shared_ptr<Begun> begun;
    if (parent >= 2) {
      if (parent - 2 >= nodes.size()) Reader::refuse();
      Edge edge;
      edge.thread = in.number_as<std::uint8_t>();
      edge.label = in.number();
      const std::shared_ptr<TreeNode>& node = nodes[parent - 2];
      begun = std::make_shared<Begun>(Begun{node, edge});
    }
    Node content;
    content.enabled = in.number_as<std::uint32_t>();
    content.expanded = in.number_as<std::uint32_t>();
    const auto nr_begun = in.number_as<std::uint32_t>();
    std::vector<Use> uses;
    for (std::uint64_t i = in.number(); i > 0; --i) content.add_sleeper(read_step(in, uses));
    content.pending = read_branches(in, tree.pool());
    nodes.push_back(tree.publish(std::move(begun), std::move(content), nr_begun));
  }
}

// --- the rest ------------------------------------------------------------------------------------

void write_result(Writer& out, const Result& result) {
  out.number(result.executions);
  out.number(result.blocked);
  out.number(result.steps);
  out.number(result.counterexample ? 1 : 0);
  if (!result.counterexample) return;
  out.text(result.counterexample->rule);
  out.number(result.counterexample->context_switches);
  out.number(result.counterexample->steps);
  out.text(trace::encode(result.counterexample->schedule));
}

Result read_result(Reader& in) {
  Result result;
  result.executions = in.number();
  result.blocked = in.number();
  result.steps = in.number();
  if (!in.flag()) return result;
  Counterexample& example = result.counterexample.emplace();
  example.rule = in.text();
  example.context_switches = in.number_as<unsigned>();
  example.steps = in.number_as<unsigned>();
  example.schedule = trace::decode(in.text());
  return result;
}

}  // namespace

std::string encode(const Checkpoint& checkpoint) {
  Writer out;
  out.number(kMagic);
  write_result(out, checkpoint.result);
  out.number(checkpoint.findings.size());
  for (const std::string& text : checkpoint.findings) out.text(text);
  write_nodes(out, checkpoint.nodes);
  return out.finish();
}

Checkpoint decode(const std::string& bytes, SearchTree& tree) {
  Reader in(bytes);
  if (in.number() != kMagic) Reader::refuse();
  Checkpoint result;
  result.result = read_result(in);
  for (std::uint64_t i = in.number(); i > 0; --i) result.findings.push_back(in.text());
  read_nodes(in, tree);
  return result;
}

}  // namespace mmcheck::explore
