#include "sim/time.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "sim/timeline.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Time, RoundsNanosecondsUp) {
  EXPECT_EQ(Time::picoseconds(1).ns(), 1);
  EXPECT_EQ(Time::picoseconds(1'000).ns(), 1);
  EXPECT_EQ(Time::picoseconds(1'001).ns(), 2);
  EXPECT_EQ(Time().ns(), 0);
}

TEST(TimeFor, RoundsUpToAPicosecond) {
  EXPECT_EQ(time_for(1, 3), Time::picoseconds(333'333'333'334));
  EXPECT_EQ(time_for(12'500, 12'500'000'000), Time::microseconds(1));
  EXPECT_EQ(time_for(0, 1), Time());
}

TEST(TimeFor, IsExactWhere64BitsWouldOverflow) {
  const std::int64_t gib16 = std::int64_t{1} << 34;
  EXPECT_EQ(time_for(gib16, 12'500'000'000), Time::picoseconds(1'374'389'534'720));
  EXPECT_EQ(time_for(gib16, 1'000'000), Time::picoseconds(17'179'869'184'000'000));
}

TEST(TimeFor, RefusesWhatATimeCannotHold) {
  EXPECT_THROW((void)time_for(std::int64_t{1} << 34, 100), std::invalid_argument);
}

TEST(TimeFor, RefusesARateThatIsNotPositive) {
  EXPECT_THROW((void)time_for(1, 0), std::invalid_argument);
  EXPECT_THROW((void)time_for(1, -5), std::invalid_argument);
}

TEST(Scale, RoundsUp) {
  EXPECT_EQ(scale(Time::picoseconds(10), {1, 3}), Time::picoseconds(4));
  EXPECT_EQ(scale(Time::picoseconds(9), {1, 3}), Time::picoseconds(3));
  EXPECT_EQ(scale(Time::picoseconds(kMax), {1, 1}), Time::picoseconds(kMax));
}

TEST(Scale, RefusesOverflowAndBadDenominators) {
  EXPECT_THROW((void)scale(Time::picoseconds(kMax), {2, 1}), std::invalid_argument);
  EXPECT_THROW((void)scale(Time::picoseconds(1), {1, 0}), std::invalid_argument);
}

TEST(MicrosecondsText, KeepsEveryDigitThatMatters) {
  EXPECT_EQ(microseconds_text(Time()), "0");
  EXPECT_EQ(microseconds_text(Time::microseconds(12)), "12");
  EXPECT_EQ(microseconds_text(Time::nanoseconds(12'340)), "12.34");
  EXPECT_EQ(microseconds_text(Time::picoseconds(1)), "0.000001");
  EXPECT_EQ(microseconds_text(Time::picoseconds(-1'500'000)), "-1.5");
}

TEST(MicrosecondsText, WritesTheExtremes) {
  EXPECT_EQ(microseconds_text(Time::picoseconds(kMax)), "9223372036854.775807");
  EXPECT_EQ(microseconds_text(Time::picoseconds(std::numeric_limits<std::int64_t>::min())),
            "-9223372036854.775808");
}

TEST(Timeline, ServesClaimsInOrderAndKeepsGaps) {
  Timeline timeline(Time::nanoseconds(5));
  EXPECT_EQ(timeline.claim(Time(), Time::nanoseconds(10)), Time::nanoseconds(5));
  EXPECT_EQ(timeline.claim(Time::nanoseconds(40), Time::nanoseconds(1)), Time::nanoseconds(40));
  EXPECT_EQ(timeline.claim(Time::nanoseconds(20), Time::nanoseconds(1)), Time::nanoseconds(41));
  EXPECT_EQ(timeline.free(), Time::nanoseconds(42));
}

TEST(Timeline, HoldsNoShorterThanItIsBusy) {
  Timeline timeline(Time::nanoseconds(5));
  timeline.hold_until(Time::nanoseconds(3));
  EXPECT_EQ(timeline.free(), Time::nanoseconds(5));
  timeline.hold_until(Time::nanoseconds(7));
  EXPECT_EQ(timeline.free(), Time::nanoseconds(7));
}

TEST(Wide, ReducesToLowestTerms) {
  EXPECT_EQ(reduced("test", 6, 4), (Ratio{3, 2}));
  EXPECT_EQ(reduced("test", -6, 4), (Ratio{-3, 2}));
  EXPECT_EQ(reduced("test", 0, 4), (Ratio{0, 1}));
}

TEST(Wide, DividesRoundingUp) {
  EXPECT_TRUE(ceil_div(7, 2) == 4);
  EXPECT_TRUE(ceil_div(-7, 2) == -3);
  EXPECT_TRUE(ceil_div(8, 2) == 4);
}

}  // namespace
}  // namespace ttmesh::sim
