#include "mesh/topology/mgd1.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "tests/topology/descriptors.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

ParsedTopology parse(const std::string& text) {
  const InputFile file{"m.yaml", text};
  return parse_mgd1(file, parse_yaml(file));
}

std::string problems_of(const std::string& text) {
  return problems_in([&text] { return parse(text); });
}

const std::string kChip =
    "ChipSpec: {arch: wormhole_b0, ethernet_ports: {N: 2, E: 2, S: 2, W: 2}}\n";
const std::string kBoard = "Board: [{name: B, type: Mesh, topology: [2, 2]}]\n";
const std::string kTwo =
    kChip + kBoard +
    "Mesh: [{id: 0, board: B, device_topology: [2, 2], host_topology: [1, 1]},\n"
    "       {id: 1, board: B, device_topology: [2, 2], host_topology: [1, 1]}]\n";

TEST(Mgd1Files, GiveTheirFacts) {
  const std::vector<Row> rows = shared_facts("mgd1");
  if (rows.empty()) GTEST_SKIP() << "no descriptors at " << shared_folder("mgd1");
  for (const Row& row : rows) {
    const std::string& file = row.at("file");
    const Topology topology = load_topology((shared_folder("mgd1") / file).string());
    const Facts found = facts(topology);
    EXPECT_EQ(std::to_string(found.meshes), row.at("meshes")) << file;
    EXPECT_EQ(std::to_string(found.chips), row.at("devices")) << file;
    EXPECT_EQ(std::to_string(found.hosts), row.at("hosts")) << file;
    EXPECT_EQ(std::to_string(found.chip_pairs), row.at("intra_edges")) << file;
    EXPECT_EQ(std::to_string(found.links), row.at("intra_links")) << file;
    const std::string inter = row.at("inter");
    if (inter.starts_with("Relaxed:")) {
      EXPECT_EQ("Relaxed:" + std::to_string(found.inter_mesh_pairs) + " conns/" +
                    std::to_string(found.inter_mesh_links) + " ch",
                inter)
          << file;
    }
    EXPECT_EQ(topology.format, "mgd1");
    const InputFile written{"written.yaml", ttmesh_yaml(topology)};
    EXPECT_EQ(parse_ttmesh_yaml(written, parse_yaml(written)).topology.edges, topology.edges);
  }
}

TEST(Mgd1, TakesTheEarlyDialect) {
  const auto parsed = parse(
      kChip + kBoard +
      "Mesh: [{id: 0, board: B, topology: [1, 2], host_ranks: [[0, 1]]},\n"
      "       {id: 1, board: B, topology: [1, 2], host_ranks: [[0, 0]]}]\n"
      "Graph: [[[0, E0], [1, W0]], [[0, E2], [1, W2]], [[1, W0], [0, E0]], [[1, W2], [0, E2]]]\n");
  EXPECT_EQ(parsed.topology.meshes.at(0).shape, (MeshShape{2, 4}));
  EXPECT_EQ(parsed.topology.meshes.at(0).host_shape, (MeshShape{1, 2}));
  EXPECT_EQ(parsed.topology.meshes.at(1).host_shape, (MeshShape{1, 1}));
  EXPECT_EQ(parsed.topology.channels_between(3, 8), 1);
  EXPECT_EQ(parsed.topology.channels_between(7, 12), 1);
  EXPECT_EQ(facts(parsed.topology).inter_mesh_links, 2);
}

TEST(Mgd1, TakesTheMiddleDialect) {
  const auto parsed = parse(
      kChip + kBoard +
      "Mesh: [{id: 0, board: B, device_topology: [2, 4], host_topology: [1, 2], host_ranks: [[0, "
      "1]]}]\nGraph: []\n");
  EXPECT_EQ(parsed.topology.host_count(), 2);
}

TEST(Mgd1, JoinsChipsWithCounts) {
  const auto parsed = parse(kTwo + "Graph: [[[M0, D1], [M1, D0], 2], [[M0, D3], [M1, D2], 1]]\n");
  EXPECT_EQ(parsed.topology.channels_between(1, 4), 2);
  EXPECT_EQ(parsed.topology.channels_between(3, 6), 1);
}

TEST(Mgd1, JoinsMeshes) {
  const auto parsed = parse(kTwo + "RelaxedGraph: [[M0, M1, 3]]\n");
  EXPECT_EQ(facts(parsed.topology).inter_mesh_links, 3);
}

TEST(Mgd1, TakesTheBoardTypeForTheWholeMesh) {
  const auto parsed = parse(
      kChip +
      "Board: [{name: B, type: torus_xy, topology: [4, 4]}]\n"
      "Mesh: [{id: 0, board: B, device_topology: [8, 4], host_topology: [2, 1]}]\nGraph: []\n");
  EXPECT_EQ(facts(parsed.topology).chip_pairs, 64);
}

TEST(Mgd1, WarnsOfKeysThatItSkips) {
  const auto parsed = parse(kTwo + "Graph: []\nColour: blue\n");
  EXPECT_EQ(to_string(parsed.warnings.at(0)), "m.yaml:6: Colour: unknown key, ignored");
}

TEST(Mgd1, MarksWhatALaunchRefuses) {
  EXPECT_THAT(
      problems_of(kChip + "Board: [{name: B, type: Mesh, topology: [3, 5]}]\n"
                          "Mesh: [{id: 1, board: B, device_topology: [3, 5], host_topology: [1, "
                          "1]}]\nGraph: []\n"),
      testing::AllOf(HasSubstr("they must both be 1, got 3x5"), HasSubstr("without gaps")));
}

struct Case {
  std::string text;
  std::string message;
};

class Mgd1Mistake : public testing::TestWithParam<Case> {};

TEST_P(Mgd1Mistake, IsNamed) {
  EXPECT_THAT(problems_of(GetParam().text), HasSubstr(GetParam().message));
}

std::string with_mesh(const std::string& mesh) {
  return kChip + kBoard + "Mesh: [{" + mesh + "}]\nGraph: []\n";
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd1Mistake,
    testing::Values(
        Case{"Mesh: []", "MeshGraph: Expecting yaml to define ChipSpec as a Map"},
        Case{kChip + "Mesh: []", "MeshGraph: Expecting yaml to define Board as a Sequence"},
        Case{kChip + kBoard, "MeshGraph: Expecting yaml to define Mesh as a Sequence"},
        Case{kTwo, "MeshGraph: Expecting yaml to define RelaxedGraph or Graph as a Sequence"},
        Case{"ChipSpec: {arch: grayskull, ethernet_ports: {N: 1, E: 1, S: 1, W: 1}}\n" + kBoard,
             "m.yaml:1: ChipSpec.arch: MeshGraph: Invalid yaml chip arch: grayskull"},
        Case{"ChipSpec: {arch: blackhole, ethernet_ports: {N: 1, E: 2, S: 1, W: 1}}\n" + kBoard,
             "Expecting the same number of ethernet ports in each direction"},
        Case{kChip + "Board: [{name: B, type: Mesh, topology: [1, 1]},\n {name: B, type: Mesh, "
                     "topology: [1, 1]}]\n",
             "m.yaml:3: Board[1].name: MeshGraph: Duplicate board name: B"},
        Case{kChip + "Board: [{name: B, type: Knot, topology: [1, 1]}]\n",
             "Invalid yaml fabric board type: Knot"},
        Case{kChip + "Board: [{name: B, type: Mesh}]\n",
             "MeshGraph: Expecting yaml board to define topology"},
        Case{with_mesh("id: 0, board: X, device_topology: [2, 2], host_topology: [1, 1]"),
             "m.yaml:3: Mesh[0].board: MeshGraph: Board not found: X"},
        Case{with_mesh("id: 0, board: B, host_topology: [1, 1]"),
             "MeshGraph: Expecting yaml mesh to define device_topology"},
        Case{with_mesh("id: 0, board: B, device_topology: [2, 2]"),
             "MeshGraph: Expecting yaml mesh to define host_topology"},
        Case{with_mesh("id: 0, board: B, device_topology: [3, 5], host_topology: [1, 1]"),
             "Device topology size 3x5 must be divisible by board topology size 2x2"},
        Case{with_mesh("id: 0, board: B, device_topology: [2, 4], host_topology: [1, 1]"),
             "Device topology size 2x4 must equal host topology size 1x1 * board topology size "
             "2x2"},
        Case{with_mesh("id: 0, board: B, topology: [1, 2], host_ranks: [[0]]"),
             "Expecting host_ranks to define a 2D array that matches host topology EW size 2"},
        Case{with_mesh("id: 0, board: B, topology: [2, 1], host_ranks: [[0]]"),
             "Expecting host_ranks to define a 2D array that matches host topology NS size 2"},
        Case{with_mesh("id: 0, board: B, topology: [1, 3], host_ranks: [[0, 1, 1]]"),
             "each with a rectangle of the same size"},
        Case{with_mesh("id: 0, board: B, topology: [4000, 1], host_ranks: [[0]]"),
             "more than 4096 chips along a dim"},
        Case{kTwo + "Graph: [[[M0, D1], [M1, D0], 1]]\nRelaxedGraph: [[M0, M1, 1]]\n",
             "Mesh Graph Descriptor cannot specify both RelaxedGraph and Graph connections."},
        Case{kTwo + "Graph: [[[M0, D9], [M1, D0], 1]]\n", "must be D0 to D3, found 'D9'"},
        Case{kTwo + "Graph: [[[M7, D0], [M1, D0], 1]]\n", "no mesh is called 'M7'"},
        Case{kTwo + "Graph: [[1]]\n", "MeshGraph: Expecting 2 elements in each Graph connection"},
        Case{kTwo + "Graph: [[[0, E9], [1, W0]]]\n", "found 'E9'"},
        Case{kTwo + "Graph: [[[0, X0], [1, W0]]]\n", "found 'X0'"},
        Case{kTwo + "RelaxedGraph: [[M0, M0, 1]]\n", "joins a mesh to itself"},
        Case{kTwo + "RelaxedGraph: [[M0, M1, 0]]\n", "must be an integer from 1"}));

}  // namespace
}  // namespace ttmesh::mesh
