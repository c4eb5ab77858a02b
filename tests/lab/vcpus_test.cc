// SPDX-License-Identifier: Apache-2.0
#include "lab/vcpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_stub.h"

namespace mmcheck::lab {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;

const char* const kSymbols =
    "ffffffff81001000 T do_work\n"
    "ffffffff81002000 t caller\n"
    "ffffffff81003000 T native_queued_spin_lock_slowpath\n"
    "ffffffff81004000 T default_idle\n"
    "ffffffff81005000 T end_of_text\n";

/// A machine of four CPUs to which that happens, and what looks at it.
class Machine {
 public:
  explicit Machine(std::deque<FakeEvent> events, const char* text = kSymbols)
      : fake(std::move(events)), symbols(text) {}

  FakeStub fake;
  Socket socket{fake.fd()};
  Stub stub{socket};
  Symbols symbols;
  Vcpus vcpus{stub, symbols, 4};
};

TEST(Vcpus, RunUntilOneIsAtItsPlace) {
  Machine machine({{.cpu = 1, .address = 0x700}});
  const Place places[] = {{0, 0x700}, {1, 0x700}};
  EXPECT_EQ(machine.vcpus.run_until(places, kLong), 1u);
  EXPECT_THAT(machine.fake.packets, Contains("Z0,700,1").Times(1));
  EXPECT_EQ(machine.fake.packets.back(), "z0,700,1");
}

TEST(Vcpus, StepOverPlacesOfOthers) {
  Machine machine({{.cpu = 3, .address = 0x700}, {.cpu = 0, .address = 0x700}});
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, 0x700}, kLong));
  EXPECT_THAT(machine.fake.packets, Contains("vCont;s:p1.4"));
  EXPECT_EQ(machine.fake.rip[3], 0x701u);
}

TEST(Vcpus, StepAgainWhereAStepIsReportedAndNotMade) {
  Machine machine({{.cpu = 3, .address = 0x700}, {.cpu = 0, .address = 0x700}});
  machine.fake.steps_lost = 2;
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, 0x700}, kLong));
  EXPECT_THAT(machine.fake.packets, Contains("vCont;s:p1.4").Times(3));
  EXPECT_EQ(machine.fake.rip[3], 0x701u);
}

TEST(Vcpus, DoNotCountThePlaceWhereACpuStandsAlready) {
  Machine machine({{.cpu = 0, .address = 0x700}, {.cpu = 0, .address = 0x700}});
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, 0x700}, kLong));
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, 0x700}, kLong));
  EXPECT_THAT(machine.fake.packets, Contains("vCont;s:p1.1").Times(1));
}

TEST(Vcpus, AreLeftOutWhileTheyAreHeld) {
  Machine machine({{.cpu = 0, .address = 0x700}, {.cpu = 2, .address = 0x800}, {.silent = true}});
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, 0x700}, kLong));
  machine.vcpus.hold(0);
  EXPECT_TRUE(machine.vcpus.run_until(Place{2, 0x800}, kLong));
  EXPECT_THAT(machine.fake.packets, Contains("vCont;c:p1.2;c:p1.3;c:p1.4"));
  machine.vcpus.release(0);
  EXPECT_FALSE(machine.vcpus.run_until(Place{2, 0x900}, kSoon));
  EXPECT_THAT(machine.fake.packets, Contains("vCont;c:p1.1;c:p1.2;c:p1.3;c:p1.4").Times(2));
}

const char* const kSymbolsWithLoop =
    "ffffffff81001000 T do_work\n"
    "ffffffff81002000 W panic_smp_self_stop\n"
    "ffffffff81003000 T asm_sysvec_apic_timer_interrupt\n";

constexpr std::uint64_t kWork = 0xffffffff81001000;
constexpr std::uint64_t kOfLoop = 0xffffffff81002000;
constexpr std::uint64_t kOfInterrupt = 0xffffffff81003000;

TEST(Vcpus, GoRoundInALoopWhileTheirThreadIsHeld) {
  Machine machine({{.cpu = 0, .address = kWork}, {.cpu = 2, .address = 0x800}}, kSymbolsWithLoop);
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, kWork}, kLong));
  machine.vcpus.hold(0);
  EXPECT_EQ(machine.fake.rip[0], kOfLoop + 6);  // some steps behind its beginning
  EXPECT_TRUE(machine.vcpus.run_until(Place{2, 0x800}, kLong));
  // It runs as the others do: it takes interrupts.
  EXPECT_THAT(machine.fake.packets, Contains("vCont;c:p1.1;c:p1.2;c:p1.3;c:p1.4").Times(2));
  machine.vcpus.release(0);
  EXPECT_EQ(machine.fake.rip[0], kWork);
}

TEST(Vcpus, StandAtTheirPlaceStillWhenTheyLeaveTheLoop) {
  Machine machine(
      {{.cpu = 0, .address = kWork}, {.cpu = 2, .address = 0x800}, {.cpu = 0, .address = kWork}},
      kSymbolsWithLoop);
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, kWork}, kLong));
  machine.vcpus.hold(0);
  EXPECT_TRUE(machine.vcpus.run_until(Place{2, 0x800}, kLong));
  machine.vcpus.release(0);
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, kWork}, kLong));
  EXPECT_THAT(machine.fake.packets, Contains("vCont;s:p1.1").Times(6 + 1));
}

TEST(Vcpus, ComeBackFromAnInterruptBeforeTheyLeaveTheLoop) {
  Machine machine({{.cpu = 0, .address = kWork},
                   {.cpu = 0, .address = kOfInterrupt},
                   {.cpu = 0, .address = kOfLoop + 6}},
                  kSymbolsWithLoop);
  EXPECT_TRUE(machine.vcpus.run_until(Place{0, kWork}, kLong));
  machine.vcpus.hold(0);
  machine.fake.rip[0] = kOfInterrupt + 8;
  machine.vcpus.release(0);
  EXPECT_EQ(machine.fake.rip[0], kWork);
  EXPECT_THAT(machine.fake.packets, Contains("vCont;c:p1.1;c:p1.2;c:p1.3;c:p1.4").Times(3));
}

TEST(Vcpus, ThatSpinOrIdleWait) {
  Machine machine({});
  machine.fake.rip = {0xffffffff81001010, 0xffffffff81003010, 0xffffffff81004010, 0x70000000};
  machine.fake.rsp = std::vector<std::uint64_t>(4, 0xffffc90000003fe0);
  // A pointer to a function is no return address, nor is a number.
  machine.fake.memory = {{0xffffc90000003fe0, 0xffffffff81001000},
                         {0xffffc90000003fe8, 0xffffffff81002010},
                         {0xffffc90000003ff0, 42},
                         {0xffffc90000003ff8, 0xffffffff81002020}};
  const Activity working = machine.vcpus.activity(0);
  EXPECT_FALSE(working.waits);
  EXPECT_THAT(working.functions, ElementsAre("do_work", "caller"));
  const Activity spinning = machine.vcpus.activity(1);
  EXPECT_TRUE(spinning.waits);
  EXPECT_FALSE(spinning.idle);
  EXPECT_THAT(spinning.functions, ElementsAre("native_queued_spin_lock_slowpath", "caller"));
  EXPECT_TRUE(machine.vcpus.activity(2).idle);
  EXPECT_TRUE(machine.vcpus.activity(3).functions.empty());
}

}  // namespace
}  // namespace mmcheck::lab
