#include "sim/system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace ttmesh::sim {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Systems, HaveTheDocumentedNames) {
  std::vector<std::string> names;
  for (const System& system : systems()) names.emplace_back(system.name);
  EXPECT_THAT(names, ElementsAre("n150", "n300", "t3k", "tg", "galaxy", "p100", "p150", "p300",
                                 "p150_x4", "p150_x8", "bh_galaxy"));
}

class EverySystem : public testing::TestWithParam<System> {};

TEST_P(EverySystem, HasASaneChip) {
  const ChipModel& chip = GetParam().chip;
  EXPECT_GE(chip.cores(), 64);
  EXPECT_LE(chip.cores(), chip.largest_cores);
  EXPECT_LE(chip.grid.x, chip.largest_grid.x);
  EXPECT_LE(chip.grid.y, chip.largest_grid.y);
  EXPECT_GE(chip.clock_hz, 1'000'000'000);
  EXPECT_GT(chip.l1_bytes(), 80 << 20);
  EXPECT_GE(chip.dram_bytes, std::int64_t{12} << 30);
  EXPECT_GT(chip.dram_bytes_per_s, chip.dram_sharded_bytes_per_s);
  EXPECT_GT(chip.dram_sharded_bytes_per_s, chip.dram_interleaved_bytes_per_s);
  EXPECT_GT(chip.launch, Time());
  EXPECT_GE(chip.matmul.launch, chip.dispatch_skew);
  EXPECT_LT(chip.matmul.sustained_clock.num, chip.matmul.sustained_clock.den);
}

TEST_P(EverySystem, HasSaneLinks) {
  const System& system = GetParam();
  EXPECT_LE(system.usable_links, system.channels);
  EXPECT_EQ(system.channels == 0, system.rows * system.cols == 1);
  EXPECT_EQ(system.usable_links == 0, system.rows * system.cols == 1);
  EXPECT_GE(system.link.bandwidth_bytes_per_s, 12'500'000'000);
  EXPECT_GT(system.link.latency, Time::nanoseconds(500));
  EXPECT_LT(system.link.latency, Time::nanoseconds(1'000));
}

TEST_P(EverySystem, HasEnginesNoFasterThanTheWire) {
  const System& system = GetParam();
  const PacketFormat& packet = system.link.packet;
  const std::int64_t wire = wire_bytes(packet, packet.payload_bytes);
  const CollectiveModel& model = system.collective;
  for (const Ratio& rate :
       {model.router_rate, model.relay_rate, model.reduce_rate_line, model.reduce_rate_ring}) {
    EXPECT_LE(rate.num * wire, rate.den * packet.payload_bytes);
    EXPECT_GT(rate.num * 2, rate.den);
  }
}

TEST_P(EverySystem, DispatchesTracedByDefault) {
  const HostModel& host = GetParam().host;
  EXPECT_EQ(host.dispatch, host.traced_dispatch);
  EXPECT_GT(host.untraced_dispatch, host.traced_dispatch);
  EXPECT_GT(host.write_bytes_per_s, 0);
  EXPECT_GT(host.read_bytes_per_s, 0);
}

TEST_P(EverySystem, IsFoundByItsName) {
  EXPECT_EQ(&find_system(GetParam().name), &find_system(std::string(GetParam().name)));
  EXPECT_EQ(find_system(GetParam().name).title, GetParam().title);
}

INSTANTIATE_TEST_SUITE_P(Presets, EverySystem,
                         testing::ValuesIn(systems().begin(), systems().end()),
                         [](const auto& test) { return std::string(test.param.name); });

struct Shape {
  const char* name;
  int rows;
  int cols;
  int channels;
  int usable_links;
};

class SystemShape : public testing::TestWithParam<Shape> {};

TEST_P(SystemShape, IsThatOfItsMeshGraph) {
  const System& system = find_system(GetParam().name);
  EXPECT_EQ(system.rows, GetParam().rows);
  EXPECT_EQ(system.cols, GetParam().cols);
  EXPECT_EQ(system.channels, GetParam().channels);
  EXPECT_EQ(system.usable_links, GetParam().usable_links);
}

INSTANTIATE_TEST_SUITE_P(Presets, SystemShape,
                         testing::Values(Shape{"n150", 1, 1, 0, 0}, Shape{"n300", 1, 2, 2, 1},
                                         Shape{"t3k", 2, 4, 2, 1}, Shape{"tg", 4, 8, 4, 3},
                                         Shape{"galaxy", 8, 4, 4, 4}, Shape{"p300", 1, 2, 2, 2},
                                         Shape{"p150_x4", 2, 2, 4, 4}, Shape{"p150_x8", 2, 4, 2, 2},
                                         Shape{"bh_galaxy", 8, 4, 2, 2}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(FindSystem, IgnoresCase) { EXPECT_EQ(find_system("BH_Galaxy").name, "bh_galaxy"); }

TEST(FindSystem, ListsTheNamesForAnUnknownOne) {
  EXPECT_THAT([] { (void)find_system("t4k"); },
              ThrowsMessage<std::invalid_argument>(
                  AllOf(HasSubstr("'t4k'"), HasSubstr("n150, n300, t3k"))));
}

TEST(DefaultSystem, GoesByArchitectureAndChannels) {
  EXPECT_EQ(default_system(Arch::WormholeB0, 1).name, "t3k");
  EXPECT_EQ(default_system(Arch::WormholeB0, 2).name, "t3k");
  EXPECT_EQ(default_system(Arch::WormholeB0, 4).name, "galaxy");
  EXPECT_EQ(default_system(Arch::Blackhole, 1).name, "bh_galaxy");
  EXPECT_EQ(default_system(Arch::Blackhole, 2).name, "bh_galaxy");
  EXPECT_EQ(default_system(Arch::Blackhole, 4).name, "p150_x4");
}

}  // namespace
}  // namespace ttmesh::sim
