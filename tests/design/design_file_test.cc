// SPDX-License-Identifier: Apache-2.0
#include "cli/design_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "base/error.h"

namespace mmcheck::cli {
namespace {

std::string error_of(std::string_view text) {
  try {
    parse_design(text, "my.toml");
  } catch (const InputError& error) {
    EXPECT_EQ(error.place().file, "my.toml");
    return std::to_string(error.place().line) + ": " + error.what();
  }
  return "none";
}

TEST(DesignFile, ComposesADesign) {
  const auto composed = parse_design(
      "name = 'late-flush'\n"
      "base = 'linux-6.12'\n"
      "without = ['pvmw-sync', 'gup-irqs-off']\n"
      "[policies]\n"
      "zap_clean.flush = 'before-unlock'\n"
      "[policies.reclaim]\n"
      "flush_before_unlock = 'kept'\n",
      "my.toml");
  const design::Design& design = composed->design;
  EXPECT_EQ(design.name, "late-flush");
  EXPECT_EQ(design.word, "my.toml");
  EXPECT_EQ(design.source,
            "linux-6.12, without no-pvmw-sync, without no-gup-irqs-off, "
            "reclaim.flush_before_unlock = kept, zap_clean.flush = before-unlock");
  const mm::Policies& policies = *design.policies;
  EXPECT_EQ(policies.mkclean_walk, mm::PvmwSync::No);
  EXPECT_EQ(policies.gup_irqs, mm::GupIrqs::On);
  EXPECT_EQ(policies.reclaim.flush_before_unlock, mm::Step::Kept);
  using design::EntryKind;
  const auto flush_of = [&](EntryKind kind) {
    return policies.zap->treat(design::entry_of(kind)).flush;
  };
  EXPECT_EQ(flush_of(EntryKind::Clean), mm::FlushTime::BeforeUnlock);
  EXPECT_EQ(flush_of(EntryKind::Anon), mm::FlushTime::AtFinish);
  EXPECT_NE(identity_of(design),
            identity_of(parse_design("base = 'linux-6.12'", "x.toml")->design));
}

TEST(DesignFile, TakesItsNameFromTheFile) {
  EXPECT_EQ(parse_design("base = 'linux-6.1'", "dir/mine.toml")->design.name, "mine");
}

TEST(DesignFile, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of(""), "1: expected base = \"DESIGN\"");
  EXPECT_EQ(error_of("\nbase = 'linux-6.13'"),
            "2: unknown design 'linux-6.13' (did you mean 'linux-6.1'?)");
  EXPECT_EQ(error_of("base = 7"), "1: base: expected a string");
  EXPECT_EQ(error_of("base = 'linux-6.1'\npolices = {}"),
            "2: unknown key 'polices' (did you mean 'policies'?)");
  EXPECT_EQ(error_of("base = 'linux-6.1'\nname = 'linux-6.2'"),
            "2: name: there is a design 'linux-6.2' already");
  EXPECT_EQ(error_of("base = 'linux-6.1'\nname = 'a b'"),
            "2: name: 'a b' is no word of letters, digits and . _ + -");
  EXPECT_EQ(error_of("base = 'linux-6.1'\nwithout = [\n'pvmw-syn']"),
            "3: without: no step is called 'pvmw-syn' (did you mean 'pvmw-sync'?)");
  EXPECT_EQ(error_of("base = 'linux-6.1'\nwithout = 'kvm'"),
            "2: without: linux-6.12/kvm changes nothing that linux-6.1 has");
  EXPECT_EQ(error_of("base = 'linux-6.1'\n[policies]\n\nflushe = 'done'"),
            "4: unknown policy 'flushe' (did you mean 'flushes'?)");
  EXPECT_EQ(error_of("base = 'linux-6.1'\n[policies.reclaim]\nref_freez = 'kept'"),
            "3: unknown policy 'reclaim.ref_freez' (did you mean 'reclaim.ref_freeze'?)");
  EXPECT_EQ(error_of("base = 'linux-6.1'\npolicies.flushes = 'don'"),
            "2: flushes = 'don': expected one of done, omitted");
  EXPECT_EQ(error_of("base = 'linux-6.1'\npolicies.flushes = true"),
            "2: flushes: expected one of done, omitted");
  EXPECT_EQ(error_of("base = 'linux-6.1'\npolicies = 1"), "2: policies: expected a table");
  EXPECT_EQ(error_of("base = 'linux-6.1'\nbase = 'linux-6.2'").substr(0, 3), "2: ");
  EXPECT_EQ(error_of("base = 'linux-6.1\n").substr(0, 3), "1: ");
  EXPECT_EQ(error_of(std::string(1u << 15, '\n')), "1: the file is too large");
}

TEST(Designs, FindsNamesFilesAndEitherWithoutAStep) {
  std::ostringstream out;
  const Console console{out, out};
  Designs designs;
  const std::string file = "examples/designs/clean-after-unlock.toml";
  EXPECT_EQ(designs.find("linux-6.1", console).name, "linux-6.1");
  EXPECT_EQ(designs.find("linux-6.12/no-flush", console).word, "");
  const design::Design& of_file = designs.find(file, console);
  EXPECT_EQ(of_file.name, "clean-after-unlock");
  EXPECT_EQ(&designs.find(file, console), &of_file);
  const design::Design& without = designs.find("linux-6.1/no-pvmw-sync", console);
  EXPECT_EQ(without.policies->mkclean_walk, mm::PvmwSync::No);
  EXPECT_EQ(&designs.find(std::string(without.word), console), &without);
  EXPECT_EQ(&designs.find("linux-6.1/pvmw-sync", console), &without);
  EXPECT_EQ(&designs.find("linux-6.1/pvmw-sync", console), &without);
  EXPECT_EQ(designs.find(file + "/no-pvmw-sync", console).word, file + "/no-pvmw-sync");
  EXPECT_EQ(&designs.find_without("linux-6.12", "flush", console),
            design::find_design("linux-6.12/no-flush"));
  EXPECT_EQ(designs.find_without("linux-6.1", "pvmw-sync", console).name, "linux-6.1/no-pvmw-sync");
  for (const char* word : {"linux-6.1/frobnicate", "nothing", "nothing.toml", "a b.toml", "",
                           "linux-6.1/", "/no-flush"}) {
    EXPECT_THROW(designs.find(word, console), InputError) << word;
  }
}

/// They are in the documentation.
TEST(Designs, AllExamplesCanBeRead) {
  std::ostringstream out;
  const Console console{out, out};
  Designs designs;
  unsigned nr_files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("examples/designs")) {
    designs.find(entry.path().string(), console);
    ++nr_files;
  }
  EXPECT_GT(nr_files, 0u);
}

}  // namespace
}  // namespace mmcheck::cli
