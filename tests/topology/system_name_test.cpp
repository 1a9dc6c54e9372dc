#include "mesh/topology/system_name.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(SystemName, GivesEverySystemItsOwnMesh) {
  for (const sim::System& system : sim::systems()) {
    const Topology topology = load_topology(std::string(system.name));
    EXPECT_EQ(topology.meshes.at(0).shape, (MeshShape{system.rows, system.cols})) << system.name;
    EXPECT_EQ(topology.system, system.name);
    EXPECT_EQ(topology.arch, system.chip.arch);
    EXPECT_GE(topology.usable_links, 1);
    EXPECT_EQ(topology.format, "preset");
  }
}

TEST(SystemName, IgnoresCase) { EXPECT_EQ(load_topology("T3K").chip_count(), 8); }

TEST(SystemName, CutsARectangleUprightOrTurned) {
  EXPECT_EQ(facts(load_topology("tg:2x4")).chip_pairs, 10);
  EXPECT_EQ(facts(load_topology("tg:8x4")).chip_pairs, 52);
  EXPECT_THAT([] { (void)load_topology("tg:5x5"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("does not fit tg, which is 4x8")));
}

TEST(SystemName, JoinsChipsInALineOrRingWhateverTheSystemsShape) {
  EXPECT_EQ(facts(load_topology("t3k:1x8:ring")).links, 16);
  EXPECT_EQ(facts(load_topology("t3k:1x8:line")).links, 14);
  EXPECT_EQ(facts(load_topology("t3k:1x8")).links, 14);
  EXPECT_EQ(facts(load_topology("bh_galaxy:1x4:line")).links, 6);
  EXPECT_EQ(facts(load_topology("galaxy:1x1024:ring")).chip_pairs, 1024);
  EXPECT_EQ(facts(load_topology("tg:4x8:ring")).chip_pairs, 64);
}

TEST(SystemName, OfAShortRingIsALine) {
  EXPECT_EQ(facts(load_topology("t3k:1x2:ring")).chip_pairs, 1);
}

TEST(SystemName, RefusesWhatItCannotMake) {
  EXPECT_THAT([] { (void)load_topology("t4k"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("n150, n300, t3k, tg")));
  EXPECT_THAT([] { (void)load_topology("t3k:8"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("ROWSxCOLS")));
  EXPECT_THAT([] { (void)load_topology("t3k:"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("ROWSxCOLS")));
  EXPECT_THAT([] { (void)load_topology("t3k:1x8:torus"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("must be line or ring")));
  EXPECT_THAT([] { (void)load_topology("n150:1x4:line"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("no links")));
  EXPECT_THAT([] { (void)load_topology("tg:4096x4096:ring"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("the limit is 65536")));
}

TEST(SystemName, GivesWayToAnotherPreset) {
  const Topology topology = load_topology("t3k", {.system = "tg"});
  EXPECT_EQ(topology.system, "tg");
  EXPECT_EQ(topology.chip_count(), 8);
  EXPECT_EQ(topology.usable_links, 2);
  EXPECT_THROW((void)load_topology("t3k", {.system = "abacus"}), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
