#include "sim/disturbance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace ttmesh::sim {
namespace {

constexpr std::uint64_t kSeed = 42;

ChannelKey key() { return channel_key(kSeed, 0, 1, 0); }

TEST(Jitter, LiesBetweenNothingAndTheGreatest) {
  const Time greatest = Time::nanoseconds(200);
  Time least = greatest;
  Time most;
  double sum = 0;
  constexpr int kDraws = 100'000;
  for (int i = 0; i < kDraws; ++i) {
    const Time drawn = draw_jitter(greatest, key(), {static_cast<std::uint64_t>(i), 3}, 0);
    least = std::min(least, drawn);
    most = std::max(most, drawn);
    sum += static_cast<double>(drawn.ps());
  }
  EXPECT_GE(least, Time());
  EXPECT_LE(most, greatest);
  EXPECT_LT(least, Time::nanoseconds(1));
  EXPECT_GT(most, Time::nanoseconds(199));
  // The mean of n uniform draws is off by more than 4 / sqrt(12 n) of the range once in 16,000.
  EXPECT_NEAR(sum / kDraws, 100'000, 200'000 * 4 / std::sqrt(12.0 * kDraws));
}

TEST(Jitter, ReachesBothEndsOfASmallRange) {
  std::set<std::int64_t> drawn;
  for (std::uint64_t i = 0; i < 100; ++i) {
    drawn.insert(draw_jitter(Time::picoseconds(2), key(), {i, 0}, 0).ps());
  }
  EXPECT_EQ(drawn, (std::set<std::int64_t>{0, 1, 2}));
}

TEST(Jitter, OfNothingIsNothing) { EXPECT_EQ(draw_jitter(Time(), key(), {1, 2}, 3), Time()); }

TEST(Jitter, OfTheLongestTimeDoesNotOverflow) {
  const Time longest = Time::picoseconds(INT64_MAX);
  for (std::uint64_t i = 0; i < 100; ++i) {
    EXPECT_GE(draw_jitter(longest, key(), {i, 0}, 0), Time());
  }
}

TEST(Jitter, DependsOnEveryPartOfItsName) {
  const Time greatest = Time::microseconds(1'000'000);
  const auto from = [&](const ChannelKey& channel, TransferId id, std::int64_t packet) {
    return draw_jitter(greatest, channel, id, packet).ps();
  };
  const std::set<std::int64_t> drawn{
      from(key(), {1, 1}, 0),
      from(key(), {2, 1}, 0),
      from(key(), {std::uint64_t{1} << 32, 1}, 0),
      from(key(), {1, 2}, 0),
      from(key(), {1, 1}, 1),
      from(channel_key(kSeed + 1, 0, 1, 0), {1, 1}, 0),
      from(channel_key(kSeed + (std::uint64_t{1} << 32), 0, 1, 0), {1, 1}, 0),
      from(channel_key(kSeed, 1, 0, 0), {1, 1}, 0),
      from(channel_key(kSeed, 0, 2, 0), {1, 1}, 0),
      from(channel_key(kSeed, 0, 1, 1), {1, 1}, 0)};
  EXPECT_EQ(drawn.size(), 10U);
  EXPECT_EQ(from(key(), {1, 1}, 0), from(key(), {1, 1}, 0));
}

// Virtual time must not depend on compiler or machine, nor change from release to release.
TEST(Jitter, IsFixedForever) {
  EXPECT_EQ(draw_jitter(Time::microseconds(1), key(), {7, 3}, 0).ps(), 20'121);
  EXPECT_EQ(draw_losses({1, 100}, key(), {7, 3}, 10'000).total, 115);
}

struct LossCase {
  Ratio loss;
  std::int64_t packets;
};

class LossTest : public testing::TestWithParam<LossCase> {};

// Of n packets that must all come through, n p / (1 - p) are lost in the mean, with a variance of
// n p / (1 - p)^2.
TEST_P(LossTest, HasTheMeanAndVarianceOfItsProbability) {
  const auto [loss, packets] = GetParam();
  constexpr int kTransfers = 4'000;
  double sum = 0;
  double squares = 0;
  double first = 0;
  for (std::uint32_t i = 0; i < kTransfers; ++i) {
    const Losses losses = draw_losses(loss, key(), {5, i}, packets);
    ASSERT_GE(losses.first, 0);
    ASSERT_GE(losses.total, losses.first);
    const auto total = static_cast<double>(losses.total);
    sum += total;
    squares += total * total;
    first += static_cast<double>(losses.first);
  }
  const double p = static_cast<double>(loss.num) / static_cast<double>(loss.den);
  const double mean = static_cast<double>(packets) * p / (1 - p);
  const double variance = mean / (1 - p);
  EXPECT_NEAR(sum / kTransfers, mean, 4 * std::sqrt(variance / kTransfers) + 1.0 / kTransfers);
  const double measured = squares / kTransfers - (sum / kTransfers) * (sum / kTransfers);
  // A variance measured from n draws is off by about sqrt(2 / n) of it, more where few are lost.
  EXPECT_NEAR(measured, variance, variance * 0.12 + 5 * std::sqrt(mean / kTransfers));
  EXPECT_NEAR(first / kTransfers, p / (1 - p),
              4 * std::sqrt(p / (1 - p) / (1 - p) / kTransfers) + 1.0 / kTransfers);
}

INSTANTIATE_TEST_SUITE_P(Links, LossTest,
                         testing::Values(LossCase{{1, 2}, 1}, LossCase{{1, 2}, 100},
                                         LossCase{{1, 3}, 1}, LossCase{{1, 10}, 37},
                                         LossCase{{1, 100}, 1'000}, LossCase{{1, 10'000}, 170'000},
                                         LossCase{{1, 1'000'000}, 1'000'000},
                                         LossCase{{1, 1'000'000'000'000}, 1'000'000'000'000},
                                         // Many: the sum is drawn at once.
                                         LossCase{{1, 2}, 1'000}, LossCase{{1, 3}, 1'000'000},
                                         LossCase{{1, 1'000}, 1'000'000'000}));

TEST(Losses, AreNoneWithoutPacketsOrProbability) {
  EXPECT_EQ(draw_losses({0, 1}, key(), {1, 1}, 1'000'000).total, 0);
  EXPECT_EQ(draw_losses({1, 2}, key(), {1, 1}, 0).total, 0);
}

TEST(Losses, DifferFromTransferToTransferButNotForOne) {
  std::set<std::int64_t> totals;
  for (std::uint32_t step = 0; step < 100; ++step) {
    const Losses losses = draw_losses({1, 10}, key(), {1, step}, 1'000);
    EXPECT_EQ(losses.total, draw_losses({1, 10}, key(), {1, step}, 1'000).total);
    totals.insert(losses.total);
  }
  EXPECT_GT(totals.size(), 20U);
}

// A single packet is the first: all its losses are both.
TEST(Losses, OfOnePacketAreThoseOfTheFirst) {
  for (std::uint32_t step = 0; step < 1'000; ++step) {
    const Losses losses = draw_losses({1, 3}, key(), {1, step}, 1);
    EXPECT_EQ(losses.first, losses.total);
  }
}

TEST(Losses, OfTheLargestTransfersStayInRange) {
  for (const std::int64_t packets : {std::int64_t{1} << 40, std::int64_t{1} << 50}) {
    const Losses losses = draw_losses({1, 2}, key(), {1, 1}, packets);
    EXPECT_NEAR(static_cast<double>(losses.total) / static_cast<double>(packets), 1.0, 1e-5);
  }
}

}  // namespace
}  // namespace ttmesh::sim
