// SPDX-License-Identifier: Apache-2.0
// docs/rules: a page for each rule, of which `mmcheck rules --book` keeps the generated blocks
// true.
#include "cli/book.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <ostream>
#include <sstream>

#include "book/page.h"
#include "cli/cost.h"
#include "cli/search_options.h"

namespace mmcheck::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndex = "README.md";

std::string read_page(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw InputError(SourcePlace{path, 0, 0}, "cannot read the page");
  return text.str();
}

void write_page(const std::string& path, const std::string& text) {
  std::ofstream out(path);
  out << text;
  if (!out.flush()) throw InputError(SourcePlace{path, 0, 0}, "cannot write the page");
}

SourcePlace place_of(const book::Page& page, const book::Block& block) {
  return {page.path(), block.line, 0};
}

/// "cost 10000 linux-6.12 linux-6.1": munmap() of so many pages under these designs.
std::string cost_content(const book::Page& page, const book::Block& block, const Session& session) {
  std::vector<const design::Design*> designs;
  for (std::size_t i = 1; i < block.words.size(); ++i) {
    designs.push_back(&find_design_or_throw(block.words[i], session));
  }
  if (designs.empty()) throw InputError(place_of(page, block), "the block names no design");
  return book::cost_block(measure_costs(designs));
}

/// Fills the blocks of pages. An interleaving is drawn once, in all of them.
class Writer {
 public:
  Writer(const std::vector<book::Chapter>& chapters, const Session& session)
      : chapters_(chapters), session_(session) {}

  /// `chapter`: nullptr for the page of all rules.
  std::vector<std::string> contents(const book::Page& page, const book::Chapter* chapter) {
    std::vector<std::string> contents;
    for (const book::Block& block : page.blocks()) {
      contents.push_back(content(page, block, chapter));
    }
    return contents;
  }

 private:
  std::string content(const book::Page& page, const book::Block& block,
                      const book::Chapter* chapter) {
    if (block.kind() == "cost") return cost_content(page, block, session_);
    if (chapter == nullptr && block.name() == "rules") return book::rules_block(chapters_);
    if (chapter != nullptr) {
      if (block.name() == "rule") return book::rule_block(*chapter);
      if (block.name() == "programs") return book::programs_block(*chapter);
      if (block.kind() == "program") return program_content(page, block, *chapter);
    }
    throw InputError(place_of(page, block),
                     fmt::format("nothing is generated for '{}' on this page", block.name()));
  }

  std::string program_content(const book::Page& page, const book::Block& block,
                              const book::Chapter& chapter) {
    const auto found = std::find_if(
        chapter.programs.begin(), chapter.programs.end(), [&](const book::HuntedProgram& program) {
          return block.words.size() == 2 && program.name == block.words[1];
        });
    if (found == chapter.programs.end()) {
      throw InputError(place_of(page, block), fmt::format("there is no program for '{}' in "
                                                          "programs/{}",
                                                          block.name(), chapter.rule->name));
    }
    const auto [drawn, is_new] = drawn_.emplace(&*found, block.line);
    if (!is_new) {
      throw InputError(place_of(page, block), fmt::format("'{}' is drawn at line {} already",
                                                          block.name(), drawn->second));
    }
    return book::program_block(chapter, *found);
  }

  const std::vector<book::Chapter>& chapters_;
  const Session& session_;
  std::map<const book::HuntedProgram*, unsigned> drawn_;
};

/// A page as it is, and as it should be.
struct PageState {
  std::string path;
  std::string text;  ///< empty: there is none
  std::string wanted;
  std::string differs;  ///< where, in words; empty: nowhere
};

std::string first_difference(const book::Page& page, const std::vector<std::string>& contents) {
  for (std::size_t i = 0; i < contents.size(); ++i) {
    const book::Block& block = page.blocks()[i];
    if (block.content != contents[i]) {
      return fmt::format("{}:{}: the block '{}' is not up to date", page.path(), block.line,
                         block.name());
    }
  }
  return "";
}

PageState state_of(const std::string& path, const book::Chapter* chapter, Writer& writer) {
  PageState state{.path = path, .text = {}, .wanted = {}, .differs = {}};
  std::string text;
  if (fs::exists(path)) {
    state.text = text = read_page(path);
  } else {
    text = chapter != nullptr ? book::skeleton(*chapter)
                              : "# The rules\n\n" + book::empty_block("rules");
    state.differs = fmt::format("{}: there is no such page", path);
  }
  const book::Page page(text, path);
  const std::vector<std::string_view> required =
      chapter != nullptr ? std::vector<std::string_view>{"rule", "programs"}
                         : std::vector<std::string_view>{"rules"};
  for (const std::string_view kind : required) page.require(kind);
  const std::vector<std::string> contents = writer.contents(page, chapter);
  state.wanted = page.with(contents);
  if (state.differs.empty()) state.differs = first_difference(page, contents);
  return state;
}

/// A page that belongs to no rule: perhaps that of one that was renamed.
void refuse_strangers(const std::string& directory) {
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() != ".md" || entry.path().filename() == kIndex) continue;
    if (rules::find_rule(entry.path().stem().string()) != nullptr) continue;
    throw InputError(SourcePlace{entry.path().string(), 0, 0}, "the page is that of no rule");
  }
}

}  // namespace

ExitCode make_book(const std::string& directory, Stale stale, const Session& session) {
  if (!fs::is_directory(directory)) {
    throw InputError(SourcePlace{directory, 0, 0}, "there is no such folder");
  }
  refuse_strangers(directory);
  const std::vector<book::Chapter> chapters = load_chapters(directory, session);
  Writer writer(chapters, session);
  std::vector<PageState> pages;
  for (const book::Chapter& chapter : chapters) {
    const fs::path path = fs::path(directory) / fmt::format("{}.md", chapter.rule->name);
    pages.push_back(state_of(path.string(), &chapter, writer));
  }
  pages.push_back(state_of((fs::path(directory) / kIndex).string(), nullptr, writer));
  std::size_t nr_stale = 0;
  for (const PageState& page : pages) {
    if (page.differs.empty()) continue;
    ++nr_stale;
    if (stale == Stale::Write) {
      write_page(page.path, page.wanted);
      session.console.out << fmt::format("{}: written\n", page.path);
    } else {
      session.console.err << page.differs << '\n';
    }
  }
  if (nr_stale == 0 || stale == Stale::Write) {
    session.console.out << fmt::format("{} pages, {} of them changed\n", pages.size(), nr_stale);
    return ExitCode::Met;
  }
  session.console.err << fmt::format(
      "mmcheck: {} of {} pages are not up to date; `{} rules --book "
      "{}` writes them anew\n",
      nr_stale, pages.size(), session.console.program, directory);
  return ExitCode::NotMet;
}

}  // namespace mmcheck::cli
