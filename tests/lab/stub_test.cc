// SPDX-License-Identifier: Apache-2.0
#include "lab/stub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_stub.h"
#include "lab/lab_error.h"

namespace mmcheck::lab {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;

constexpr milliseconds kNotLong{50};
constexpr milliseconds kLongEnough{10'000};

TEST(Stub, ReadsRegistersOfTheCpuThatIsMeant) {
  FakeStub fake;
  fake.rip = {1, 0xffffffff81234567, 3, 4};
  fake.rsp = {1, 0xffffc90000000ff8, 3, 4};
  Socket socket(fake.fd());
  Stub stub(socket);
  EXPECT_EQ(stub.registers(1).rip, 0xffffffff81234567);
  EXPECT_EQ(stub.registers(1).rsp, 0xffffc90000000ff8);
  EXPECT_EQ(stub.registers(3).rip, 4u);
}

TEST(Stub, ReadsAndWritesMemory) {
  FakeStub fake;
  fake.memory = {{0x1000, 0x1122334455667788}, {0x1008, 2}};
  Socket socket(fake.fd());
  Stub stub(socket);
  EXPECT_EQ(stub.read_word(0, 0x1000), 0x1122334455667788);
  EXPECT_EQ(stub.read(0, 0x1000, 16)->at(8), 2);
  EXPECT_EQ(stub.read_word(0, 0x2000), std::nullopt);
  stub.write_word(2, 0x1008, 0xfedcba9876543210);
  EXPECT_EQ(stub.read_word(0, 0x1008), 0xfedcba9876543210);
  EXPECT_THAT(fake.packets, Contains("M1008,8:1032547698badcfe"));
}

TEST(Stub, ResumesTheCpusThatAreNamedAndNoOthers) {
  FakeStub fake(std::deque<FakeEvent>{{.cpu = 2, .address = 0x500}});
  Socket socket(fake.fd());
  Stub stub(socket);
  const unsigned cpus[] = {1, 2, 3};
  const auto stopped = stub.resume(cpus, kLongEnough);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->why, Stopped::Why::Breakpoint);
  EXPECT_EQ(stopped->cpu, 2u);
  EXPECT_THAT(fake.packets, Contains("vCont;c:p1.2;c:p1.3;c:p1.4"));
}

TEST(Stub, InterruptsAMachineThatDoesNotStop) {
  FakeStub fake(std::deque<FakeEvent>{{.silent = true}});
  Socket socket(fake.fd());
  Stub stub(socket);
  const unsigned cpus[] = {0};
  EXPECT_FALSE(stub.resume(cpus, kNotLong));
  EXPECT_EQ(stub.interrupt().why, Stopped::Why::Interrupted);
}

TEST(Stub, RefusesAStubThatCannotResumeSingleCpus) {
  FakeStub fake;
  fake.vcont = "";
  Socket socket(fake.fd());
  EXPECT_THROW(Stub stub(socket), LabError);
}

TEST(Socket, SaysThatNobodyListens) {
  try {
    const Socket socket("no/such/socket", kNotLong);
    FAIL();
  } catch (const LabError& error) {
    EXPECT_THAT(error.what(), HasSubstr("nobody listens at no/such/socket"));
  }
}

}  // namespace
}  // namespace mmcheck::lab
