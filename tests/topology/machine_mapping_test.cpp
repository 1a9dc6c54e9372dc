#include "mesh/topology/machine_mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "mesh/topology/load.hpp"
#include "mesh/topology/mgd2.hpp"
#include "tests/topology/descriptors.hpp"
#include "tests/topology/mgd2_text.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr DimType kRing = DimType::Ring;
const std::string kCouldNotFit =
    "Graph specified in MGD could not fit in the discovered physical topology";

PhysicalMachine machine_of(const GridCables& grid, const std::string& more = "") {
  const InputFile file{"c.yaml", cluster_text(grid.shape.size(), cables_of(grid), more)};
  return join_hosts({read_cluster_description(file, parse_yaml(file))});
}

ParsedTopology descriptor(const std::string& text) {
  ParsedTopology parsed = parse_mgd2({"m.textproto", text});
  parsed.topology.name = "m.textproto";
  return parsed;
}

std::string problems_of(const std::string& text, const PhysicalMachine& machine) {
  try {
    (void)map_onto_machine(descriptor(text), machine);
    return "";
  } catch (const InvalidFile& error) {
    return error.what();
  }
}

/// Every pair that the topology joins must be joined by so many channels of the machine.
void expect_joined(const Topology& topology, const PhysicalMachine& machine,
                   const std::vector<int>& chips, int channels) {
  for (const Edge& edge : topology.edges) {
    if (edge.kind == Edge::Kind::InterMesh) continue;
    EXPECT_GE(machine.graph.channels_between(chips[static_cast<std::size_t>(edge.a)],
                                             chips[static_cast<std::size_t>(edge.b)]),
              channels);
  }
}

// A torus of 4x4 chips with two channels a pair, as four quietboxes form it.
const GridCables kQuietboxes{{4, 4}, 2, {kRing, kRing}};

TEST(MachineMapping, TakesFewerChannelsIfThePolicyIsRelaxed) {
  const PhysicalMachine machine = machine_of(kQuietboxes);
  const ParsedTopology parsed =
      descriptor(mgd2_text({.shape = {4, 4}, .channels = 3, .dim_types = "RING, RING"}));
  const std::vector<int> chips = map_onto_machine(parsed, machine);
  ASSERT_THAT(chips, SizeIs(16));
  expect_joined(parsed.topology, machine, chips, 1);
}

TEST(MachineMapping, NeedsAllChannelsIfThePolicyIsStrict) {
  const PhysicalMachine machine = machine_of(kQuietboxes);
  EXPECT_THAT(
      problems_of(
          mgd2_text(
              {.shape = {4, 4}, .channels = 3, .policy = "STRICT", .dim_types = "RING, RING"}),
          machine),
      AllOf(HasSubstr(kCouldNotFit),
            HasSubstr("mesh 0 (M0) asks for 3 channels (STRICT) between neighbours, and "
                      "c.yaml has at most 2 between two chips")));
  const ParsedTopology fits = descriptor(
      mgd2_text({.shape = {4, 4}, .channels = 2, .policy = "STRICT", .dim_types = "RING, RING"}));
  expect_joined(fits.topology, machine, map_onto_machine(fits, machine), 2);
}

TEST(MachineMapping, CountsStrictPairs) {
  // One pair of the machine's four has two channels.
  const InputFile file{"c.yaml", cluster_text(4, {{0, 1}, {0, 1}, {1, 3}, {3, 2}, {2, 0}})};
  const PhysicalMachine machine = join_hosts({read_cluster_description(file, parse_yaml(file))});
  EXPECT_THAT(problems_of(mgd2_text({.shape = {2, 2}, .channels = 2, .policy = "STRICT"}), machine),
              HasSubstr("joins 4 pairs of chips by 2 channels or more, and c.yaml only 1"));
}

TEST(MachineMapping, RefusesATorusOnAMesh) {
  EXPECT_THAT(
      problems_of(mgd2_text({.shape = {4, 4}, .dim_types = "RING, RING"}), machine_of({{4, 4}, 2})),
      HasSubstr("it joins 32 pairs of chips, and c.yaml only 24"));
}

TEST(MachineMapping, SaysHowFarItCame) {
  EXPECT_THAT(problems_of(mgd2_text({.shape = {3, 3}}), machine_of({{2, 8}})),
              AllOf(HasSubstr("no arrangement has all links: of 9 chips, "),
                    HasSubstr("in c.yaml (16 chips), and there was none for chip ")));
}

TEST(MachineMapping, RefusesOtherArchitecturesAndSmallerMachines) {
  std::string wormhole = mgd2_text({.shape = {2, 2}});
  wormhole.replace(wormhole.find("BLACKHOLE"), 9, "WORMHOLE_B0");
  EXPECT_THAT(problems_of(wormhole, machine_of({{2, 2}})),
              HasSubstr("its architecture is wormhole_b0, that of c.yaml blackhole"));
  EXPECT_THAT(problems_of(mgd2_text({.shape = {2, 4}}), machine_of({{2, 2}})),
              HasSubstr("m.textproto: it has 8 chips, and c.yaml only 4"));
}

TEST(MachineMapping, LeavesChipsOver) {
  const PhysicalMachine machine = machine_of({{8, 4}, 4});
  const ParsedTopology parsed = descriptor(mgd2_text({.shape = {4, 4}, .channels = 4}));
  expect_joined(parsed.topology, machine, map_onto_machine(parsed, machine), 4);
}

std::string pinning(const std::string& node, const std::string& place) {
  return "pinnings { logical_fabric_node_id { " + node + " } physical_asic_position { " + place +
         " } }\n";
}

/// Chips at location = id, on no tray.
std::string locations(int chips) {
  std::string text = "asic_locations: {";
  for (int chip = 0; chip < chips; ++chip) {
    text += std::to_string(chip) + ": " + std::to_string(chip) + ", ";
  }
  return text + "}\n";
}

TEST(MachineMapping, KeepsPinnedChipsOnTheirPlaces) {
  const PhysicalMachine machine = machine_of({{4, 4}}, locations(16));
  const ParsedTopology parsed =
      descriptor(mgd2_text({.shape = {2, 2}}) +
                 pinning("mesh_id: 0 chip_id: 0", "tray_id: 0 asic_location: 10") +
                 pinning("mesh_id: 0 chip_id: 3", "tray_id: 0 asic_location: 5"));
  const std::vector<int> chips = map_onto_machine(parsed, machine);
  EXPECT_EQ(chips[0], 10);
  EXPECT_EQ(chips[3], 5);
  expect_joined(parsed.topology, machine, chips, 1);
}

TEST(MachineMapping, SpreadsAGroupOfPinnedChipsOverItsPlaces) {
  const ParsedTopology parsed = descriptor(
      mgd2_text({.shape = {2, 2}}) + pinning("mesh_id_regex: '0' chip_id_regex: '[03]'",
                                             "tray_id_regex: '.*' asic_location_regex: '6,9'"));
  const std::vector<int> chips = map_onto_machine(parsed, machine_of({{4, 4}}, locations(16)));
  EXPECT_THAT((std::vector{chips[0], chips[3]}), testing::UnorderedElementsAre(6, 9));
}

TEST(MachineMapping, RefusesAPinningToAPlaceThatIsAbsent) {
  const std::string text =
      problems_of(mgd2_text({.shape = {2, 2}}) +
                      pinning("mesh_id: 0 chip_id: 0", "tray_id: 1 asic_location: 3"),
                  machine_of({{2, 2}}, locations(4)));
  EXPECT_THAT(text, AllOf(HasSubstr("m.textproto:9: pinnings[0]: Pinned ASIC position (tray 1, loc "
                                    "3) not found among physical ASICs participating in mesh 0"),
                          HasSubstr("c.yaml has tray 0 with locs 0 to 3")));
}

TEST(MachineMapping, RefusesPinningsThatTearNeighboursApart) {
  EXPECT_THAT(problems_of(mgd2_text({.shape = {2, 2}}) +
                              pinning("mesh_id: 0 chip_id: 0", "tray_id: 0 asic_location: 0") +
                              pinning("mesh_id: 0 chip_id: 1", "tray_id: 0 asic_location: 15"),
                          machine_of({{4, 4}}, locations(16))),
              HasSubstr("the pinnings may be what prevents it"));
}

TEST(MachineMapping, RefusesAChipOnSeveralPlaces) {
  EXPECT_THAT(problems_of(mgd2_text({.shape = {2, 2}}) +
                              pinning("mesh_id: 0 chip_id: 0", "tray_id: 0 asic_location: 0") +
                              pinning("mesh_id_regex: '0' chip_id_regex: '0-1'",
                                      "tray_id: 0 asic_location: 1"),
                          machine_of({{2, 2}}, locations(4))),
              HasSubstr("Fabric node 0 in mesh 0 is pinned to multiple ASIC positions"));
}

/// A ring of `count` meshes, each joined to the next by two channels at least.
std::string ring_of_meshes(MeshShape shape, int count) {
  std::string text = mgd2_text({.shape = shape});
  text.erase(text.find("top_level_instance"));
  text += "graph_descriptors { name: 'G' type: 'FABRIC'\n";
  for (int id = 0; id < count; ++id) text += mgd2_instance("M0", id);
  return text + "graph_topology { layout_type: RING channels { count: 2 } } }\n" + mgd2_top("G");
}

TEST(MachineMapping, ClosesRingsOfMeshesThatFillTheMachine) {
  const PhysicalMachine machine = machine_of({{8, 4}, 2, {kRing, kRing}});
  EXPECT_EQ(problems_of(ring_of_meshes({4, 2}, 4), machine), "");
  EXPECT_EQ(problems_of(ring_of_meshes({2, 4}, 4), machine), "");
  EXPECT_EQ(problems_of(ring_of_meshes({2, 2}, 8), machine), "");
  EXPECT_EQ(problems_of(ring_of_meshes({1, 2}, 16), machine), "");
  EXPECT_EQ(problems_of(ring_of_meshes({1, 1}, 32), machine), "");
}

/// Two 2x2 meshes joined by `connection`.
std::string two_meshes(const std::string& connection) {
  std::string text = mgd2_text({.shape = {2, 2}});
  text.erase(text.find("top_level_instance"));
  return text +
         "graph_descriptors { name: 'G' type: 'FABRIC'\n"
         "instances { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n"
         "instances { mesh { mesh_descriptor: 'M0' mesh_id: 1 } }\n" +
         connection + "}\ntop_level_instance { graph { graph_descriptor: 'G' graph_id: 0 } }\n";
}

std::string connection(const std::string& device_a, const std::string& device_b,
                       const std::string& channels) {
  return "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 " + device_a +
         " } } nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 " + device_b + " } } channels { " +
         channels + " } }\n";
}

TEST(MachineMapping, PutsJoinedMeshesSideBySide) {
  const PhysicalMachine machine = machine_of({{8, 2}, 2});
  const ParsedTopology parsed = descriptor(two_meshes(connection("", "", "count: 4")));
  const std::vector<int> chips = map_onto_machine(parsed, machine);
  int channels = 0;
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = 4; b < 8; ++b)
      channels += machine.graph.channels_between(chips[a], chips[b]);
  }
  EXPECT_EQ(channels, 4);
}

TEST(MachineMapping, HoldsConnectionsToTheirPolicy) {
  const PhysicalMachine machine = machine_of({{8, 2}, 2});
  EXPECT_THAT(problems_of(two_meshes(connection("", "", "count: 5 policy: STRICT")), machine),
              HasSubstr(kCouldNotFit));
  EXPECT_EQ(problems_of(two_meshes(connection("", "", "count: 5 policy: RELAXED")), machine), "");
}

TEST(MachineMapping, JoinsTheChipsThatAConnectionNames) {
  const PhysicalMachine machine = machine_of({{8, 2}, 2});
  const std::string text = two_meshes(connection("device_id: 0", "device_id: 3", "count: 2"));
  const std::vector<int> chips = map_onto_machine(descriptor(text), machine);
  EXPECT_EQ(machine.graph.channels_between(chips[0], chips[7]), 2);
}

TEST(MachineMapping, KeepsTheChipsOfAHostOnAHost) {
  // Two hosts with a 2x2 square each, joined side by side.
  const auto host = [](const std::string& path, int first_id, int other) {
    std::string more = "chip_unique_ids: {";
    for (int i = 0; i < 4; ++i)
      more += std::to_string(i) + ": " + std::to_string(first_id + i) + ", ";
    more += "}\nethernet_connections_to_remote_devices:\n";
    for (const int chip : {1, 3}) {
      more += "  - [{chip: " + std::to_string(other < first_id ? chip - 1 : chip) +
              ", chan: 9}, {remote_chip_id: " +
              std::to_string(other + (other < first_id ? chip : chip - 1)) + ", chan: 9}]\n";
    }
    const InputFile file{path, cluster_text(4, cables_of({{2, 2}}), more)};
    return read_cluster_description(file, parse_yaml(file));
  };
  const PhysicalMachine machine = join_hosts({host("a.yaml", 10, 20), host("b.yaml", 20, 10)});
  EXPECT_EQ(problems_of(mgd2_text({.shape = {2, 4}, .hosts = {1, 2}}), machine), "");
  EXPECT_THAT(problems_of(mgd2_text({.shape = {2, 4}}), machine), HasSubstr(kCouldNotFit));
  EXPECT_THAT(problems_of(mgd2_text({.shape = {2, 4}, .hosts = {2, 1}}), machine),
              HasSubstr(kCouldNotFit));
}

TEST(MachineMapping, FitsRealDescriptorsOnRealMachines) {
  if (shared_facts("cluster").empty() || shared_facts("mgd2").empty()) {
    GTEST_SKIP() << "no descriptors at " << shared_folder("cluster");
  }
  const auto map = [](const std::string& descriptor, const std::string& cluster) {
    const ParsedTopology parsed = parse_topology((shared_folder("mgd2") / descriptor).string());
    return map_onto_machine(parsed, load_machine({(shared_folder("cluster") / cluster).string()}));
  };
  EXPECT_THAT(map("t3k_mesh_graph_descriptor.textproto", "t3k_cluster_desc.yaml"), SizeIs(8));
  EXPECT_THAT(map("t3k_1x8_mesh_graph_descriptor.textproto", "t3k_cluster_desc.yaml"), SizeIs(8));
  EXPECT_THAT(map("t3k_2x2_ttswitch_mgd.textproto", "t3k_cluster_desc.yaml"), SizeIs(8));
  EXPECT_THAT(map("t3k_dual_host_mesh_graph_descriptor.textproto", "t3k_cluster_desc.yaml"),
              SizeIs(8));
  EXPECT_THAT(map("single_galaxy_mesh_graph_descriptor.textproto", "6u_cluster_desc.yaml"),
              SizeIs(32));
  EXPECT_THAT(map("p150_x4_mesh_graph_descriptor.textproto", "blackhole_4xP150.yaml"), SizeIs(4));
  EXPECT_THROW(map("single_galaxy_torus_xy_graph_descriptor.textproto", "6u_cluster_desc.yaml"),
               InvalidFile);
}

}  // namespace
}  // namespace ttmesh::mesh
