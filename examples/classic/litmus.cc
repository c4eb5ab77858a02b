// SPDX-License-Identifier: Apache-2.0
// Litmus tests of ordinary memory, by their usual names.
#include <cctype>
#include <map>

#include "base/error.h"
#include "classic.h"

namespace classic {

using namespace mmcheck::explore;

namespace {

constexpr Litmus kTests[] = {
    {"2+2W", "x=1 y=2 | y=1 x=2"},
    {"2CoWR", "y | x | x=1 | y=1"},
    {"CoRR", "x=1 x=2 | x x"},
    {"CoRR0", "x=1 | x | x"},
    {"CoRR1", "x=1 | x=2 | x x | x"},
    {"CoRR2", "x=1 | x=2 | x x | x x"},
    {"CoRW", "x x=1 | x=2"},
    {"CoWR", "x=1 x | x=2"},
    {"IRIW", "x=1 | x y | y x | y=1"},
    {"IRIWish", "x=1 | x y=1 | x y | y x"},
    {"JLT", "x=1 y x | x=2 x | y=3"},
    {"LB", "x y=1 | y x=1"},
    {"LB+fr-fr-data+data", "x y=1 | y y x=1 | y=2"},
    {"LB+incMPs", "x z+1 | z+1 y=1 | y w+1 | w+1 x=1"},
    {"LB3", "a b=1 | b c=1 | c a=1"},
    {"MCP-rrw", "x=1 | x=2 | x"},
    {"MP", "x=1 y=1 | y x"},
    {"MP+incMP", "y z+1 | z+1 x | x=1 y=1"},
    {"MP2", "a=1 c=1 b=1 d=1 | b a | d c"},
    {"MPU", "x=1 y=0 y=1 | y+1 | y>1? x=2"},
    {"MPU2", "x=1 y=0 y=1 | y:2>3 | y:1>2 | y>2? x=2"},
    {"RMWFix", "y>0? x+1 x+1 | x+1 | y=42"},
    {"RWC", "x=1 | x y | y=1 x"},
    {"S", "x=1 y=1 | y x=2"},
    {"SB", "x=1 y | y=1 x"},
    {"W+RRR+W", "x=1 | x x x | x=2"},
    {"W+RWC", "x=1 z=1 | z y | y=1 x"},
    {"WWmerge1", "x y | x=1 x=2 | y=1 x"},
    {"WWmerge2", "x y | x=2 | y=1 x"},
    {"Z6", "a=1 b=1 | b c=1 | c=2 a"},
    {"Z6.U", "x=1 y=1 | y+1 y | y=3 x"},
    {"atomicpo", "y=1 x=1 | x<1 y<1"},
    {"ccr", "x:0>42 | x:0>17 x"},
    {"cii", "x:1>2 | x+1 | x+1"},
    {"cumul-release", "x=1 y=1 | y z=1 | z x"},
    {"default", "x x | x=1 | x=2"},
    {"detour", "x=1 | z x=2 x y=1 | y z=1"},
    {"fr+w+w+w+reads", "x=1 | x=2 | x=3 | x x x x"},
    {"inc+inc+RR+W+RR", "x+1 | x+1 | x x | x=42 | x x"},
    {"inc2w", "x+1 | x=4 | x+2"},
    {"isa2", "a=1 b=1 | b c=1 | c a"},
    {"ori", "x+1 y=1 | x:0>1 | y>0? x=4"},
    {"peterZ", "x=1 y | y=1 z=1 | z x"},
    {"rel-B-cumul-acq", "x=1 y=1 | y z=1 | z x | y"},
    {"relseq", "x=1 y=1 y=2 | y<3 | y x"},
    {"rinc+wr", "x+1 | x=2 x"},
    {"riwi", "y x+1 | x+1 y=1"},
    {"small0", "x | x x=1 | x=2"},
    {"small1", "y z x | x=1 | y=1 z=1"},
    {"viktor-relseq", "x+1 x+1 | x+1 x+1 | x+1 | x+1"},
    {"wcii", "x=5 | x:1>2 | x+1 | x+1"},
    {"wrc11_fp", "x=1 | x=2 x x"},
    {"big0", "x y z w x y z | x y z | x=1 y=1 x=2 y=2 x=3 y=3 | z=1 w=1 z=2 w=2 z=3 w=3"},
    {"big1", "x y z w x y z w | x y z w x y | x=1 y=1 x=2 y=2 x=3 y=3 | z=1 w=1 z=2 w=2 z=3 w=3"},
    {"big2", "x y z x y | x y z x | x=1 y=1 z=1 x=2 y=2 z=2 | x=3 y=3 z=3 x=4 y=4 z=4"},
};

enum class Verb { Load, Store, Add, Exchange, Compare, Only };

struct Op {
  Verb verb;
  Word word;
  unsigned first = 0;   ///< operand
  unsigned second = 0;  ///< what a compare-and-exchange puts
};

/// Runs what the texts say. Nothing here changes while threads run.
void run(const std::vector<Op>& ops) {
  for (const Op& op : ops) {
    switch (op.verb) {
      case Verb::Load:
        op.word.load();
        break;
      case Verb::Store:
        op.word.store(op.first);
        break;
      case Verb::Add:
        op.word.fetch_add(op.first);
        break;
      case Verb::Exchange:
        op.word.exchange(op.first);
        break;
      case Verb::Compare:
        op.word.compare_exchange(op.first, op.second);
        break;
      case Verb::Only:
        if (op.word.load() <= op.first) return;
        break;
    }
  }
}

class Parser {
 public:
  Parser(Scenario& scenario, std::string_view text) : scenario_(scenario), rest_(text) {}

  void parse() {
    std::vector<Op> ops;
    for (;;) {
      while (take(' ')) continue;
      if (rest_.empty() || rest_.front() == '|') {
        scenario_.thread("T" + std::to_string(nr_threads_++), [ops] { run(ops); });
        ops.clear();
        if (!take('|')) return;
      } else {
        ops.push_back(op());
      }
    }
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  unsigned number() {
    unsigned value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && std::isdigit(rest_[digits]) != 0; ++digits) {
      value = value * 10 + static_cast<unsigned>(rest_[digits] - '0');
    }
    if (digits == 0) throw mmcheck::InputError("a number expected: " + std::string(rest_));
    rest_.remove_prefix(digits);
    return value;
  }

  Word word() {
    char name = rest_.front();
    if (std::isalpha(name) == 0) throw mmcheck::InputError("a word: " + std::string(rest_));
    rest_.remove_prefix(1);
    auto known = words_.find(name);
    if (known != words_.end()) return known->second;
    return words_.emplace(name, scenario_.word(std::string(1, name))).first->second;
  }

  Op op() {
    Op result{.verb = Verb::Load, .word = word()};
    if (take('=')) {
      result.verb = Verb::Store;
      result.first = number();
    } else if (take('+')) {
      result.verb = Verb::Add;
      result.first = number();
    } else if (take('<')) {
      result.verb = Verb::Exchange;
      result.first = number();
    } else if (take(':')) {
      result.verb = Verb::Compare;
      result.first = number();
      if (!take('>')) throw mmcheck::InputError("`>` expected: " + std::string(rest_));
      result.second = number();
    } else if (take('>')) {
      result.verb = Verb::Only;
      result.first = number();
      if (!take('?')) throw mmcheck::InputError("`?` expected: " + std::string(rest_));
    }
    return result;
  }

  Scenario& scenario_;
  std::string_view rest_;
  std::map<char, Word> words_;
  unsigned nr_threads_ = 0;
};

}  // namespace

std::span<const Litmus> litmus() { return kTests; }

void build_litmus(Scenario& scenario, std::string_view text) { Parser(scenario, text).parse(); }

}  // namespace classic
