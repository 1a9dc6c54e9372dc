#include "mesh/topology/fabric_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "mesh/topology/load.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

ParsedTopology grid(MeshShape shape, DimType y, DimType x, const std::string& system = "t3k") {
  ParsedTopology parsed;
  parsed.topology.name = "m.textproto";
  parsed.topology.system = system;
  parsed.topology.meshes = {{.shape = shape, .dim_types = {y, x}}};
  parsed.topology.set_edges(neighbour_edges(parsed.topology.meshes[0]));
  return parsed;
}

constexpr DimType kLine = DimType::Line;
constexpr DimType kRing = DimType::Ring;

TEST(FabricConfig, RefusesRingsThatTheMeshLacks) {
  ParsedTopology parsed = grid({8, 4}, kRing, kLine);
  apply_fabric_config(parsed, "FABRIC_2D_TORUS_XY");
  ASSERT_THAT(parsed.launch_problems, SizeIs(1));
  EXPECT_EQ(to_string(parsed.launch_problems[0]),
            "m.textproto: mesh 0: FabricConfig FABRIC_2D_TORUS_XY requests topology TORUS_XY which "
            "requires more connectivity than MGD provides TORUS_Y. FabricConfig can only restrict "
            "topology (e.g., torus→mesh), not create new connections.");
  EXPECT_TRUE(parsed.topology.meshes[0].wraps(0)) << "nothing is to change";
}

TEST(FabricConfig, RestrictsATorus) {
  ParsedTopology parsed = grid({8, 4}, kRing, kRing);
  apply_fabric_config(parsed, "fabric_2d_torus_x");
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
  EXPECT_FALSE(parsed.topology.meshes[0].wraps(0));
  EXPECT_TRUE(parsed.topology.meshes[0].wraps(1));
  EXPECT_EQ(parsed.topology.edges, grid({8, 4}, kLine, kRing).topology.edges);
  apply_fabric_config(parsed, "FABRIC_2D");
  EXPECT_EQ(parsed.topology.edges, grid({8, 4}, kLine, kLine).topology.edges);
}

TEST(FabricConfig, IsSatisfiedByDimsThatNoWrapCouldClose) {
  ParsedTopology parsed = grid({2, 4}, kLine, kRing);
  apply_fabric_config(parsed, "FABRIC_2D_TORUS_XY");
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
}

TEST(FabricConfig, TakesA1dRingForATorusOfAGalaxyOnly) {
  ParsedTopology t3k = grid({2, 4}, kLine, kLine);
  apply_fabric_config(t3k, "FABRIC_1D_RING");
  EXPECT_THAT(t3k.launch_problems, IsEmpty());
  ParsedTopology galaxy = grid({8, 4}, kLine, kLine, "galaxy");
  apply_fabric_config(galaxy, "FABRIC_1D_RING");
  EXPECT_THAT(galaxy.launch_problems, SizeIs(1));
}

TEST(FabricConfig, ListsTheNamesForAnUnknownOne) {
  ParsedTopology parsed = grid({2, 2}, kLine, kLine);
  EXPECT_THAT([&] { apply_fabric_config(parsed, "FABRIC_3D"); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("unknown FabricConfig 'FABRIC_3D'; known are FABRIC_1D, ")));
}

TEST(FabricConfig, HoldsForRealDescriptors) {
  if (shared_facts("mgd2").empty()) GTEST_SKIP() << "no descriptors at " << shared_folder("mgd2");
  const auto problems = [](const std::string& file) {
    return parse_topology((shared_folder("mgd2") / file).string(),
                          {.fabric_config = "FABRIC_2D_TORUS_XY"})
        .launch_problems;
  };
  EXPECT_THAT(problems("single_galaxy_mesh_graph_descriptor.textproto"), SizeIs(1));
  EXPECT_THAT(problems("single_galaxy_torus_x_graph_descriptor.textproto"), SizeIs(1));
  EXPECT_THAT(problems("single_galaxy_torus_xy_graph_descriptor.textproto"), IsEmpty());
}

}  // namespace
}  // namespace ttmesh::mesh
