#include "mesh/topology/cluster.hpp"

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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ParsedTopology parse(const std::string& text) {
  const InputFile file{"c.yaml", text};
  return cluster_topology(read_cluster_description(file, parse_yaml(file)));
}

std::string problems_of(const std::string& text) {
  return problems_in([&text] { return parse(text); });
}

TEST(ClusterFiles, GiveTheirFacts) {
  const std::vector<Row> rows = shared_facts("cluster");
  if (rows.empty()) GTEST_SKIP() << "no descriptors at " << shared_folder("cluster");
  for (const Row& row : rows) {
    const std::string& file = row.at("file");
    const Topology topology = load_topology((shared_folder("cluster") / file).string());
    const Facts found = facts(topology);
    EXPECT_EQ(std::to_string(found.chips), row.at("chips")) << file;
    EXPECT_EQ(std::to_string(found.chip_pairs), row.at("edges")) << file;
    EXPECT_EQ(std::to_string(found.links), row.at("links")) << file;
    EXPECT_EQ(std::to_string(found.meshes), row.at("components")) << file;
    EXPECT_EQ(found.hosts, 1) << file;
    EXPECT_EQ(topology.format, "cluster");
    const InputFile written{"written.yaml", ttmesh_yaml(topology)};
    EXPECT_EQ(parse_ttmesh_yaml(written, parse_yaml(written)).topology.edges, topology.edges);
  }
}

TEST(ClusterFiles, FormTheMeshesOfTheirSystems) {
  if (shared_facts("cluster").empty())
    GTEST_SKIP() << "no descriptors at " << shared_folder("cluster");
  const auto shape = [](const char* file) {
    return load_topology((shared_folder("cluster") / file).string()).meshes.at(0).shape;
  };
  EXPECT_EQ(shape("t3k_cluster_desc.yaml"), (MeshShape{2, 4}));
  EXPECT_EQ(shape("6u_cluster_desc.yaml"), (MeshShape{8, 4}));
  EXPECT_EQ(shape("blackhole_4xP150.yaml"), (MeshShape{2, 2}));
  EXPECT_EQ(shape("wormhole_N300.yaml"), (MeshShape{1, 2}));
}

TEST(Cluster, KeepsTheIdsOfTheFile) {
  const auto parsed = parse(cluster_text(3, {{0, 2}, {2, 1}}));
  EXPECT_THAT(parsed.topology.physical_ids, ElementsAre(0, 2, 1));
  EXPECT_EQ(parsed.topology.meshes.at(0).shape, (MeshShape{1, 3}));
}

TEST(Cluster, CountsChannelsOfAPairOnce) {
  const std::string again = cluster_text(2, {{0, 1}, {0, 1}});
  EXPECT_EQ(parse(again).topology.channels_between(0, 1), 2);
  const auto repeated = parse(
      "arch: {0: wormhole_b0, 1: Wormhole}\nchips_with_mmio: [0]\nethernet_connections:\n"
      " - [{chip: 0, chan: 8}, {chip: 1, chan: 0}]\n"
      " - [{chip: 1, chan: 0}, {chip: 0, chan: 8}, {routing_enabled: true}]\n");
  EXPECT_EQ(repeated.topology.channels_between(0, 1), 1);
}

TEST(Cluster, MakesAMeshOfEachPiece) {
  const auto parsed = parse(cluster_text(4, {{0, 1}, {2, 3}}));
  EXPECT_THAT(parsed.topology.meshes, SizeIs(2));
  EXPECT_EQ(parsed.topology.host_count(), 1);
  EXPECT_EQ(parsed.topology.host_of(3), 0);
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
}

TEST(Cluster, ShowsChipsThatFormNoMeshAndRefusesToLaunchThem) {
  const auto parsed = parse(cluster_text(4, {{0, 1}, {0, 2}, {0, 3}}));
  EXPECT_EQ(facts(parsed.topology).meshes, 0);
  EXPECT_EQ(facts(parsed.topology).chips, 4);
  EXPECT_EQ(facts(parsed.topology).chip_pairs, 3);
  EXPECT_THAT(to_string(parsed.launch_problems.at(0)),
              HasSubstr("4 chips with 3 linked pairs form no line, ring, mesh or torus"));
}

TEST(Cluster, ExplainsChipsWithTooManyNeighbours) {
  EXPECT_THAT(problems_of(cluster_text(6, {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}})),
              HasSubstr("a grid has at most 4"));
}

TEST(Cluster, TakesCablesAcrossATorusForExpressLinks) {
  std::vector<std::pair<int, int>> cables = cables_of({{8, 4}, 2, {DimType::Ring, DimType::Ring}});
  for (int col = 0; col < 4; ++col) {
    for (int i = 0; i < 3; ++i) cables.emplace_back(4 + col, 24 + col);
  }
  const auto parsed = parse(cluster_text(32, cables));
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
  const MeshDescription& mesh = parsed.topology.meshes.at(0);
  EXPECT_EQ(mesh.shape, (MeshShape{8, 4}));
  EXPECT_TRUE(mesh.wraps(0) && mesh.wraps(1));
  EXPECT_EQ(mesh.channels, 2);
  const Facts found = facts(parsed.topology);
  EXPECT_EQ(found.mesh.at(0).express_pairs, 4);
  EXPECT_EQ(found.chip_pairs, 68) << "a descriptor's cables all count";
  EXPECT_EQ(found.links, 140);
  Topology named = parsed.topology;
  named.system = "bh_galaxy";
  const InputFile written{"written.yaml", ttmesh_yaml(named)};
  EXPECT_EQ(parse_ttmesh_yaml(written, parse_yaml(written)).topology.edges, parsed.topology.edges);
}

TEST(Cluster, LeavesLinksToOtherHostsOut) {
  const auto parsed = parse(
      cluster_text(1, {},
                   "ethernet_connections_to_remote_devices:\n"
                   " - [{chip: 0, chan: 4}, {remote_chip_id: 18446744073709551615, chan: 2}]\n"));
  EXPECT_EQ(facts(parsed.topology).links, 0);
  EXPECT_THAT(parsed.notes, testing::Contains("links to other hosts, left out: 1"));
}

TEST(Cluster, SaysWhatTheMachineIsMadeOf) {
  const auto parsed =
      parse(cluster_text(2, {{0, 1}},
                         "boards: [[{board_id: 1}, {board_type: p300}, {chips: [0, 1]}]]\n"
                         "harvesting: {0: {noc_translation: true, harvest_mask: 5}}\n"));
  EXPECT_THAT(parsed.notes,
              ElementsAre("boards: 1 p300", "chips with PCIe: 2", "harvested rows: 2 on 1 chips"));
}

TEST(Cluster, WarnsOfUnknownBoardsAndKeys) {
  const auto parsed = parse(
      cluster_text(1, {}, "boards: [[{board_id: 1}, {board_type: x9}, {chips: [0]}]]\nnew: 1\n"));
  EXPECT_THAT(parsed.warnings, SizeIs(2));
}

struct Case {
  std::string text;
  std::string message;
};

class ClusterMistake : public testing::TestWithParam<Case> {};

TEST_P(ClusterMistake, IsNamed) {
  EXPECT_THAT(problems_of(GetParam().text), HasSubstr(GetParam().message));
}

const std::string kOne = "arch: {0: blackhole}\nchips_with_mmio: [0]\n";
const std::string kThree =
    "arch: {0: blackhole, 1: blackhole, 2: blackhole}\nchips_with_mmio: [0, 1, 2]\n";

INSTANTIATE_TEST_SUITE_P(
    Cases, ClusterMistake,
    testing::Values(
        Case{"chips: {}\n", "c.yaml:1: arch: is missing"},
        Case{"arch: {}\n", "arch: lists no chips"}, Case{"- 1\n", "must be a map"},
        Case{"arch: {0: quasar}\n", "must be wormhole_b0 or blackhole, found 'quasar'"},
        Case{"arch: {0: blackhole, 1: wormhole_b0}\n",
             "Chips with differing architectures detected. This is unsupported."},
        Case{kOne, "ethernet_connections: is missing"},
        Case{"arch: {0: blackhole}\nethernet_connections: []\n", "chips_with_mmio: is missing"},
        Case{cluster_text(1, {}, "chips_with_mmio: []\n"), "chips_with_mmio: duplicate key"},
        Case{kOne + "ethernet_connections: [[{chip: 0, chan: 0}]]\n",
             "Ethernet connections in YAML should always contain information on connected "
             "endpoints"},
        Case{kOne + "ethernet_connections: [[{chip: 0, chan: 0}, {chip: 7, chan: 0}]]\n",
             "chip 7 is not listed under arch"},
        Case{kOne + "ethernet_connections: [[{chip: 0, chan: 0}, {chip: 0, chan: 1}]]\n",
             "joins chip 0 to itself"},
        Case{kThree + "ethernet_connections: [[{chip: 0, chan: 0}, {chip: 1, chan: 0}],\n"
                      " [{chip: 0, chan: 0}, {chip: 2, chan: 0}]]\n",
             "c.yaml:4: ethernet_connections[1]: Duplicate eth connection found in cluster desc "
             "yaml"},
        Case{cluster_text(1, {}, "ethernet_connections_to_remote_devices: [[1]]\n"),
             "Remote ethernet connections in YAML should always contain"},
        Case{kOne + "chips: {0: [1, 2]}\nethernet_connections: []\n",
             "Galaxy (x, y, rack, shelf) coords must be size 4"},
        Case{cluster_text(1, {}, "boards: 5\n"), "Invalid or missing 'boards' node."},
        Case{cluster_text(1, {}, "boards: [[{board_id: 1}]]\n"),
             "Each board entry should be a sequence of 3 maps."},
        Case{cluster_text(1, {},
                          "boards: [[{board_id: 255}, {board_type: p150}, {chips: [0, 0]}]]\n"),
             "Chip 0 is already mapped to board 0xff"},
        Case{cluster_text(1, {}, "chip_to_bus_id: {0: '0041'}\n"),
             "Bus string without 0x prefix for chip 0: \"0041\""},
        Case{"arch: {0: blackhole, 1: blackhole}\nchips_with_mmio: [0]\nethernet_connections: []\n"
             "chip_pci_bdfs: {1: '0000:01:00.0'}\n",
             "Chip 1 has PCI BDF specified but is not MMIO mapped."},
        Case{"arch: {0: blackhole, 1: blackhole}\nchips_with_mmio: [0]\nethernet_connections: []\n",
             "Closest MMIO capable chip not found for chip 1."},
        Case{cluster_text(1, {}, "chip_unique_ids: {0: -4}\n"),
             "unsigned 64-bit integer, found '-4'"}));

}  // namespace
}  // namespace ttmesh::mesh
