#include "sim/chip_model.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "sim/system.hpp"

namespace ttmesh::sim {
namespace {

const ChipModel& n150() { return find_system("n150").chip; }

Time fixed_time(const ChipModel& chip) { return chip.launch + chip.dispatch_skew; }

TEST(ChipCost, IsNothingForAChangeOfView) { EXPECT_EQ(cost(n150(), NoWork{}).duration, Time()); }

TEST(ChipCost, OfAStreamInDramIsItsBytesAtTheInterleavedRate) {
  const Cost result = cost(n150(), StreamWork{.dram_bytes = 190'000'000});
  EXPECT_EQ(result.duration, fixed_time(n150()) + n150().dram_latency + Time::microseconds(1'000));
  EXPECT_EQ(result.bound, Bound::Dram);
}

TEST(ChipCost, OfAStreamOfTilesIsTheCyclesOfTheBusiestCore) {
  const Cost result = cost(n150(), StreamWork{.tiles = 64 * 10 + 1, .cycles_per_tile = 1'000});
  EXPECT_EQ(result.duration, fixed_time(n150()) + Time::microseconds(11));
  EXPECT_EQ(result.bound, Bound::Compute);
}

TEST(ChipCost, OfAStreamInL1IsItsBytesOverTheCores) {
  const Cost result = cost(n150(), StreamWork{.l1_bytes = std::int64_t{64} * 28 * 100'000});
  EXPECT_EQ(result.duration, fixed_time(n150()) + Time::microseconds(100));
  EXPECT_EQ(result.bound, Bound::L1);
}

TEST(ChipCost, OfASmallStreamIsItsLaunch) {
  const Cost result = cost(n150(), StreamWork{.tiles = 1, .cycles_per_tile = 100});
  EXPECT_EQ(result.bound, Bound::Launch);
  // One core of 64 starts without most of the skew.
  EXPECT_LT(result.duration, n150().launch + Time::nanoseconds(200));
  EXPECT_GE(result.duration, n150().launch + Time::nanoseconds(100));
}

TEST(ChipCost, TakesTheSlowestResourceAlone) {
  const StreamWork both{.tiles = 64, .cycles_per_tile = 100, .dram_bytes = 190'000'000};
  StreamWork dram = both;
  dram.cycles_per_tile = 0;
  EXPECT_EQ(cost(n150(), both).duration, cost(n150(), dram).duration);
}

TEST(ChipCost, HoldsForHugeStreams) {
  for (const System& system : systems()) {
    const std::int64_t bytes = std::int64_t{1} << 40;
    const Cost result = cost(
        system.chip,
        StreamWork{
            .tiles = bytes / 2048, .cycles_per_tile = 100, .dram_bytes = bytes, .l1_bytes = bytes});
    EXPECT_GT(result.duration, time_for(bytes, system.chip.dram_bytes_per_s));
  }
}

TEST(ChipCost, RefusesNegativeWork) {
  EXPECT_THROW((void)cost(n150(), StreamWork{.tiles = -1}), std::invalid_argument);
  EXPECT_THROW((void)cost(n150(), StreamWork{.dram_bytes = -1}), std::invalid_argument);
}

TEST(MathFidelity, CostsSixteenCyclesAPass) {
  EXPECT_EQ(cycles_per_tile_product(MathFidelity::LoFi), 16);
  EXPECT_EQ(cycles_per_tile_product(MathFidelity::HiFi2), 32);
  EXPECT_EQ(cycles_per_tile_product(MathFidelity::HiFi3), 48);
  EXPECT_EQ(cycles_per_tile_product(MathFidelity::HiFi4), 64);
}

TEST(MathFidelity, IsParsedFromItsName) {
  for (const MathFidelity fidelity :
       {MathFidelity::LoFi, MathFidelity::HiFi2, MathFidelity::HiFi3, MathFidelity::HiFi4}) {
    EXPECT_EQ(parse_fidelity(name(fidelity)), fidelity);
  }
  EXPECT_THROW((void)parse_fidelity("hifi5"), std::invalid_argument);
}

TEST(Names, AreStable) {
  EXPECT_EQ(name(Arch::WormholeB0), "wormhole_b0");
  EXPECT_EQ(name(Arch::Blackhole), "blackhole");
  EXPECT_EQ(name(Bound::Launch), "launch");
  EXPECT_EQ(name(Bound::Compute), "compute");
  EXPECT_EQ(name(Bound::Dram), "dram");
  EXPECT_EQ(name(Bound::L1), "l1");
}

}  // namespace
}  // namespace ttmesh::sim
