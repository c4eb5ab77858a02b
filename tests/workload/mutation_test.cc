// SPDX-License-Identifier: Apache-2.0
// Files of the catalog with random damage: each must parse or be refused with InputError and a
// place. tests/fuzz/scenario_fuzz.cc looks further, this one looks the same way in every run.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "workload/catalog_files.h"
#include "workload/scenario.h"

namespace mmcheck::workload {
namespace {

constexpr unsigned kNrCases = 20000;

/// Signs that open or close something, so that the damage is more than unknown bytes.
constexpr std::string_view kBytes = "{}()[];:,*&|=\"~!-+/\\ \nPAxr0149\x00\xff";

std::string read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

  std::string next() {
    std::string text = seeds_[below(seeds_.size())];
    const std::size_t nr_edits = 1 + below(4);
    for (std::size_t i = 0; i < nr_edits; ++i) {
      edit(text);
    }
    return text;
  }

 private:
  // Not std::uniform_int_distribution, which differs between libraries.
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : generator_() % bound; }

  void edit(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = std::min(text.size() - at, below(40));
    switch (below(6)) {
      case 0:
        text.insert(at, 1, kBytes[below(kBytes.size())]);
        return;
      case 1:
        text.erase(at, length);
        return;
      case 2:
        text.insert(below(text.size() + 1), text.substr(at, length));
        return;
      case 3:
        text.resize(at);
        return;
      case 4:
        if (at < text.size()) {
          text[at] = static_cast<char>(generator_() & 0xff);
        }
        return;
      default:
        for (std::size_t i = below(200); i > 0; --i) {
          text.insert(at, text.substr(at, 1 + length % 4));
        }
    }
  }

  std::vector<std::string> seeds_;
  std::mt19937 generator_{20221028};
};

TEST(Mutation, DamagedFilesParseOrAreRefusedWithAPlace) {
  std::vector<std::string> seeds;
  for (const std::filesystem::path& path : catalog_files()) {
    seeds.push_back(read(path));
  }
  ASSERT_FALSE(seeds.empty());
  Mutator mutator(std::move(seeds));
  unsigned nr_parsed = 0;
  for (unsigned i = 0; i < kNrCases; ++i) {
    const std::string text = mutator.next();
    try {
      parse_scenario(text, "f.litmus");
      ++nr_parsed;
    } catch (const InputError& error) {
      ASSERT_GE(error.place().line, 1U) << text;
      ASSERT_GE(error.place().column, 1U) << text;
      ASSERT_TRUE(std::string_view(error.what()).starts_with("expected ")) << error.what();
    }
  }
  // Damage within comments and names goes unnoticed; damage elsewhere must not.
  EXPECT_GT(nr_parsed, kNrCases / 20);
  EXPECT_LT(nr_parsed, kNrCases * 3 / 4);
}

}  // namespace
}  // namespace mmcheck::workload
