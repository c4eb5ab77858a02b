// SPDX-License-Identifier: Apache-2.0
// RCU: a grace period waits for the sections that began before it, and for no others.
#include <gtest/gtest.h>

#include <algorithm>

#include "litmus/final_states.h"

namespace mmcheck::workload {
namespace {

/// Final states of a reader of x and y with this body, against a writer of both, in this order and
/// with this between the stores.
std::string against_writer(const std::string& reader, const std::string& between) {
  return final_states_of("",
                         "P0(int *x, int *y, struct srcu_struct *s, struct srcu_struct *t)\n{ " +
                             reader + " }\nP1(int *x, int *y, struct srcu_struct *s)\n{ *x = 1; " +
                             between + " *y = 1; }",
                         "0:a; 0:b;");
}

constexpr const char* kAll = "0:a=0; 0:b=0;|0:a=0; 0:b=1;|0:a=1; 0:b=0;|0:a=1; 0:b=1;";
constexpr const char* kForbidden = "0:a=0; 0:b=0;|0:a=1; 0:b=0;|0:a=1; 0:b=1;";

TEST(Rcu, AGracePeriodDoesNotFallIntoASection) {
  const std::string section = "rcu_read_lock(); int a = *x; int b = *y; rcu_read_unlock();";
  EXPECT_EQ(against_writer(section, "synchronize_rcu();"), kForbidden);
  EXPECT_EQ(against_writer(section, "synchronize_rcu_expedited();"), kForbidden);
  EXPECT_EQ(against_writer(section, ""), kAll);
}

TEST(Rcu, ItFallsBetweenSections) {
  EXPECT_EQ(against_writer("rcu_read_lock(); int a = *x; rcu_read_unlock(); "
                           "rcu_read_lock(); int b = *y; rcu_read_unlock();",
                           "synchronize_rcu();"),
            kAll);
}

TEST(Rcu, SectionsNest) {
  EXPECT_EQ(against_writer("rcu_read_lock(); rcu_read_lock(); int a = *x; rcu_read_unlock(); "
                           "int b = *y; rcu_read_unlock();",
                           "synchronize_rcu();"),
            kForbidden);
}

TEST(Rcu, ALaterSectionDoesNotDelayIt) {
  // The second section begins after the grace period, and is there still when it has ended.
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y) { rcu_read_lock(); rcu_read_unlock(); "
                            "rcu_read_lock(); int a = *x; int b = *y; rcu_read_unlock(); }\n"
                            "P1(int *x, int *y) { *x = 1; synchronize_rcu(); *y = 1; int c = 1; }",
                            "0:a; 0:b;"),
            kForbidden);
  EXPECT_EQ(final_states_of("",
                            "P0(int *x, int *y) { rcu_read_lock(); int a = *x; rcu_read_unlock(); "
                            "rcu_read_lock(); int b = *y; int c = *y; rcu_read_unlock(); }\n"
                            "P1(int *x, int *y) { *x = 1; synchronize_rcu(); *y = 1; }",
                            "0:a; 0:b; 0:c;"),
            "0:a=0; 0:b=0; 0:c=0;|0:a=0; 0:b=0; 0:c=1;|0:a=0; 0:b=1; 0:c=1;|"
            "0:a=1; 0:b=0; 0:c=0;|0:a=1; 0:b=0; 0:c=1;|0:a=1; 0:b=1; 0:c=1;");
}

TEST(Rcu, ItWaitsForEveryThread) {
  const std::string section =
      "(int *x, int *y) { rcu_read_lock(); int a = *x; int b = *y; "
      "rcu_read_unlock(); }\n";
  const auto with = [&](const std::string& wait) {
    return final_states_of(
        "", "P0" + section + "P1" + section + "P2(int *x, int *y) { *x = 1; " + wait + " *y = 1; }",
        "0:a; 0:b; 1:a; 1:b;");
  };
  const std::string waits = with("synchronize_rcu();");
  EXPECT_EQ(std::count(waits.begin(), waits.end(), ';'), 4 * 9);
  EXPECT_EQ(waits.find("0:a=0; 0:b=1;"), std::string::npos);
  EXPECT_EQ(waits.find("1:a=0; 1:b=1;"), std::string::npos);
  EXPECT_NE(with("").find("1:a=0; 1:b=1;"), std::string::npos);
}

TEST(Rcu, WaitingWithinASectionIsADeadlock) {
  EXPECT_EQ(against_writer("rcu_read_lock(); int a = *x; synchronize_rcu(); int b = *y; "
                           "rcu_read_unlock();",
                           ""),
            "|deadlock");
}

TEST(Srcu, WaitsForSectionsOfTheSameStructOnly) {
  const std::string section =
      "int i = srcu_read_lock(s); int a = *x; int b = *y; srcu_read_unlock(s, i);";
  EXPECT_EQ(against_writer(section, "synchronize_srcu(s);"), kForbidden);
  EXPECT_EQ(against_writer("int i = srcu_read_lock(t); int a = *x; int b = *y; "
                           "srcu_read_unlock(t, i);",
                           "synchronize_srcu(s);"),
            kAll);
  EXPECT_EQ(against_writer("rcu_read_lock(); int a = *x; int b = *y; rcu_read_unlock();",
                           "synchronize_srcu(s);"),
            kAll);
}

}  // namespace
}  // namespace mmcheck::workload
