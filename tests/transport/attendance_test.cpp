#include "mesh/transport/attendance.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "tests/transport/host.hpp"

namespace ttmesh::mesh {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::chrono::milliseconds kNow{0};

/// Rank 1 of three hosts.
class AttendanceOfThree : public testing::Test {
 protected:
  void meet(int rank, const std::string& address = {}) {
    attendance.connected(rank, address);
    attendance.beating(rank);
  }

  Attendance attendance{options_of(1, 3).identity, kPatience};
};

TEST_F(AttendanceOfThree, IsCompleteWithAllHeartbeats) {
  meet(0);
  meet(2);
  attendance.await_all(kNow);
}

TEST_F(AttendanceOfThree, MissesAHostWithoutHeartbeats) {
  meet(0);
  attendance.connected(2, {});
  EXPECT_THAT([&] { attendance.await_all(kNow); },
              ThrowsMessage<Error>(HasSubstr("1 of 3 hosts are missing after 0.0 s: rank 2")));
}

TEST_F(AttendanceOfThree, SaysWhyAHostIsGone) {
  meet(0);
  meet(2);
  attendance.gone(0, "was killed");
  EXPECT_THAT([&] { attendance.await_all(kPatience); },
              ThrowsMessage<Error>(HasSubstr("host 0 is gone: it was killed")));
  EXPECT_FALSE(attendance.is_connected(0));
}

TEST_F(AttendanceOfThree, WasCompleteIfAHostSaysGoodbyeAfterAllHadMet) {
  meet(0);
  meet(2);
  attendance.gone(0, "");
  attendance.await_all(kNow);
}

TEST_F(AttendanceOfThree, MissesAHostThatSaysGoodbyeBeforeAllHaveMet) {
  meet(0);
  attendance.gone(0, "");
  meet(2);
  EXPECT_THAT([&] { attendance.await_all(kPatience); },
              ThrowsMessage<Error>(HasSubstr("host 0 is gone: it said goodbye")));
}

TEST_F(AttendanceOfThree, TakesNobodyWhoWasGone) {
  meet(2);
  attendance.gone(2, "was killed");
  EXPECT_TRUE(attendance.objection_to({.identity = options_of(2, 3).identity}));
}

TEST_F(AttendanceOfThree, TakesNobodyOnceItIsClosed) {
  const Hello guest{.identity = options_of(2, 3).identity};
  EXPECT_EQ(attendance.objection_to(guest), std::nullopt);
  attendance.close();
  EXPECT_THAT(attendance.objection_to(guest).value_or(""), HasSubstr("too late"));
}

TEST_F(AttendanceOfThree, KnowsWhereOthersListen) {
  meet(2, "tcp:10.0.0.3:4000");
  EXPECT_THAT(attendance.addresses().addresses, ElementsAre("", "", "tcp:10.0.0.3:4000"));
}

TEST_F(AttendanceOfThree, WaitsForTheAddressesOfAllHosts) {
  const std::vector<std::string> all{"a", "b", "c"};
  attendance.learn({.addresses = all});
  EXPECT_EQ(attendance.await_addresses(std::chrono::steady_clock::now()), all);
}

TEST_F(AttendanceOfThree, RefusesAddressesOfAnotherNumberOfHosts) {
  attendance.learn({.addresses = {"a"}});
  EXPECT_THROW((void)attendance.await_addresses(std::chrono::steady_clock::now()), Error);
}

TEST_F(AttendanceOfThree, WaitsForNoAddressesOnceRank0IsGone) {
  meet(0);
  attendance.gone(0, "");
  EXPECT_THAT(
      [&] { (void)attendance.await_addresses(std::chrono::steady_clock::now() + kPatience); },
      ThrowsMessage<Error>(HasSubstr("rank 0 is gone")));
}

TEST(Attendance, GivesEachPlaceOnceWhileItIsWaitedFor) {
  Attendance attendance(options_of(0, 4).identity, kPatience);
  const Hello guest{.identity = options_of(0, 4).identity, .channel = Purpose::Place};
  attendance.offer_places(2);
  EXPECT_EQ(attendance.give_place(), 2);
  EXPECT_EQ(attendance.objection_to(guest), std::nullopt);
  EXPECT_EQ(attendance.give_place(), 3);
  EXPECT_THAT(attendance.objection_to(guest).value_or(""), HasSubstr("place"));
}

}  // namespace
}  // namespace ttmesh::mesh
