#include "mesh/topology/mgd2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ParsedTopology parse(const std::string& text) { return parse_mgd2({"m.textproto", text}); }

/// What parsing throws, or what a launch would refuse.
std::string problems_of(const std::string& text) {
  try {
    std::string all;
    for (const Problem& problem : parse(text).launch_problems) all += to_string(problem) + "\n";
    return all;
  } catch (const InvalidFile& error) {
    return error.what();
  }
}

std::string mesh(const std::string& name, const std::string& dims, const std::string& more = "") {
  return "mesh_descriptors {\n  name: '" + name + "'\n  arch: WORMHOLE_B0\n" +
         "  device_topology { dims: " + dims + " }\n  host_topology { dims: [1, 1] }\n" +
         "  channels { count: 2 }\n  " + more + "\n}\n";
}

std::string instance(const std::string& name, int id) {
  return "instances { mesh { mesh_descriptor: '" + name + "' mesh_id: " + std::to_string(id) +
         " } }\n";
}

std::string top(const std::string& name) {
  return "top_level_instance { graph { graph_descriptor: '" + name + "' graph_id: 0 } }\n";
}

const std::string kTopMesh = "top_level_instance { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n";
const std::string kBase = mesh("M0", "[1, 2]") + kTopMesh;

std::string fabric(const std::string& meshes, const std::string& body) {
  return meshes + "graph_descriptors {\n name: 'G0' type: 'FABRIC'\n" + body + "}\n" + top("G0");
}

TEST(Mgd2Files, GiveTheirFacts) {
  const std::vector<Row> rows = shared_facts("mgd2");
  if (rows.empty()) GTEST_SKIP() << "no descriptors at " << shared_folder("mgd2");
  for (const Row& row : rows) {
    const std::string& file = row.at("file");
    const Topology topology = parse_topology((shared_folder("mgd2") / file).string()).topology;
    const Facts found = facts(topology);
    EXPECT_EQ(std::to_string(found.meshes), row.at("meshes")) << file;
    EXPECT_EQ(std::to_string(found.switches), row.at("switches")) << file;
    EXPECT_EQ(std::to_string(found.chips), row.at("devices")) << file;
    EXPECT_EQ(std::to_string(found.hosts), row.at("ranks")) << file;
    EXPECT_EQ(std::to_string(found.chip_pairs), row.at("intra_edges")) << file;
    EXPECT_EQ(std::to_string(found.links), row.at("intra_links")) << file;
    EXPECT_EQ(std::to_string(found.inter_mesh_pairs), row.at("inter_pairs")) << file;
    EXPECT_EQ(std::to_string(found.inter_mesh_links), row.at("inter_links")) << file;
    EXPECT_EQ(topology.format, "mgd2");
  }
}

TEST(Mgd2Files, LaunchUnlessTheyAreKnownNotTo) {
  const std::vector<Row> rows = shared_facts("mgd2");
  if (rows.empty()) GTEST_SKIP() << "no descriptors at " << shared_folder("mgd2");
  for (const Row& row : rows) {
    const std::string& file = row.at("file");
    const bool odd = file.find("invalid_shape") != std::string::npos;
    const auto parsed = parse_topology((shared_folder("mgd2") / file).string());
    EXPECT_EQ(parsed.launch_problems.empty(), row.at("legacy") == "ok" && !odd) << file;
  }
}

TEST(Mgd2Files, KeepTheirFactsInOurFormat) {
  const std::vector<Row> rows = shared_facts("mgd2");
  if (rows.empty()) GTEST_SKIP() << "no descriptors at " << shared_folder("mgd2");
  for (const Row& row : rows) {
    const Topology topology =
        parse_topology((shared_folder("mgd2") / row.at("file")).string()).topology;
    const InputFile written{"written.yaml", ttmesh_yaml(topology)};
    const Topology again = parse_ttmesh_yaml(written, parse_yaml(written)).topology;
    EXPECT_EQ(again.edges, topology.edges) << row.at("file");
    EXPECT_EQ(facts(again).inter_mesh_links, facts(topology).inter_mesh_links) << row.at("file");
    EXPECT_EQ(again.host_count(), topology.host_count()) << row.at("file");
    EXPECT_EQ(facts(again).switches, facts(topology).switches) << row.at("file");
  }
}

TEST(Mgd2, IsFoundByContentToo) {
  EXPECT_TRUE(looks_like_mgd2(kBase));
  EXPECT_FALSE(looks_like_mgd2("ttmesh: 1\n"));
}

struct Case {
  const char* name;
  std::string text;
  std::vector<std::string> messages;
};

class Mgd2Mistake : public testing::TestWithParam<Case> {};

TEST_P(Mgd2Mistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

const std::string kTwo = mesh("M0", "[1, 2]") + mesh("M1", "[1, 2]");
const std::string kNodes01 =
    "nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 } }\n"
    "nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 } }\n";

std::string graph(const std::string& name, const std::string& type, const std::string& body) {
  return "graph_descriptors { name: '" + name + "' type: '" + type + "'\n" + body + "}\n";
}

std::string graph_instance(const std::string& name, int id) {
  return "instances { graph { graph_descriptor: '" + name + "' graph_id: " + std::to_string(id) +
         " } }\n";
}

const std::string kTwoM0 = instance("M0", 0) + instance("M0", 1);

INSTANTIATE_TEST_SUITE_P(
    Stages, Mgd2Mistake,
    testing::Values(
        Case{"NoDescriptor",
             "top_level_instance { mesh { mesh_descriptor: 'M0' id: 0 } }",
             {"Failed to validate MeshGraphDescriptor textproto",
              "There must be at least one mesh descriptor"}},
        Case{"NoTop", mesh("M0", "[1, 2]"), {"Top level instance is required"}},
        Case{"NoName",
             "mesh_descriptors { arch: WORMHOLE_B0 device_topology { dims: [1, 4, 3] dim_types: "
             "[LINE] } host_topology { dims: [1, 4] } channels { count: 1 } }" +
                 kTopMesh,
             {"Mesh descriptor 1 has no name"}},
        Case{"ThreeDims",
             "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [1, 4, 3] } "
             "host_topology { dims: [1, 4, 3] } channels { count: 1 } }" +
                 kTopMesh,
             {"Architecture devices allow a maximum of 2 dimensions, but 3 were provided (Mesh: "
              "M0)"}},
        Case{"HostDims",
             "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [1, 4] } "
             "host_topology { dims: [1] } channels { count: 1 } }" +
                 kTopMesh,
             {"Device and host topology dimensions must be the same size (Mesh: M0)"}},
        Case{"TwoArchitectures",
             mesh("M0", "[1, 2]") +
                 "mesh_descriptors { name: 'M1' arch: BLACKHOLE device_topology { dims: [1, 2] } "
                 "host_topology { dims: [1, 1] } channels { count: 1 } }" +
                 kTopMesh,
             {"All mesh descriptors must have the same architecture"}},
        Case{"ExpressOutOfBounds",
             mesh("M0", "[1, 3]",
                  "express_connections { src: 5 dst: 1 } express_connections { src: 1 dst: 5 }") +
                 kTopMesh,
             {"Express connection source is out of bounds (Mesh: M0)",
              "Express connection destination is out of bounds (Mesh: M0)"}},
        Case{"GraphTopologyCount",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 + "graph_topology { layout_type: ALL_TO_ALL channels { count: -1 } }"),
             {"Graph topology channel count must be positive (Graph: G0)"}},
        Case{"ConnectionCount",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 + "connections { " + kNodes01 + " channels { count: -1 } }"),
             {"Connection channel count must be positive (Graph: G0)"}},
        Case{"NoInstances",
             fabric(mesh("M0", "[1, 2]"), ""),
             {"Graph descriptor must have at least one instance (Graph: G0)"}},
        Case{"NoType",
             mesh("M0", "[1, 2]") + "graph_descriptors { name: 'G1'\n" + kTwoM0 + "}" + top("G1"),
             {"Graph descriptor must have a type specified (Graph: G1)"}},
        Case{"OneNode",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 + "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 } } "
                             "channels { count: 1 } }"),
             {"Connection must have at least two nodes (Graph: G0)"}},
        Case{"ChildTypes",
             mesh("M0", "[1, 2]") + graph("P0", "POD", kTwoM0) + graph("P1", "PODX", kTwoM0) +
                 graph("C", "CLUSTER", graph_instance("P0", 0) + graph_instance("P1", 1)) +
                 top("C"),
             {"Graph instance type", "does not match graph descriptor child type", "POD", "PODX"}},
        Case{"SameId",
             fabric(mesh("M0", "[1, 2]"), instance("M0", 0) + instance("M0", 0)),
             {"Graph instance id 0 already exists in this graph"}},
        Case{"GraphMissing",
             mesh("M0", "[1, 2]") + top("G_MISSING"),
             {"Graph descriptor G_MISSING not found in instance"}},
        Case{"MeshMissing",
             fabric(mesh("M0", "[1, 2]"), instance("M_MISSING", 0)),
             {"Mesh descriptor M_MISSING not found in instance"}},
        Case{"MixedLevels",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 + "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 } } "
                             "nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 device_id: 1 } } "
                             "channels { count: 1 } }"),
             {"Graph descriptor G0 connections must reference instances within same type"}},
        Case{"WrongReference",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 + "connections { nodes { graph { graph_descriptor: 'G0' graph_id: 0 } } "
                             "nodes { graph { graph_descriptor: 'G0' graph_id: 1 } } "
                             "channels { count: 1 } }"),
             {"Graph descriptor G0 does not match referenced instance M0"}},
        Case{"TypeTwiceInHierarchy",
             mesh("M0", "[1, 2]") + graph("P0", "POD", kTwoM0) +
                 graph("P1", "POD", graph_instance("P0", 0)) + top("P1"),
             {"Graph descriptor type", "already exists in hierarchy", "POD"}},
        Case{"SwitchDims",
             kBase + "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { dims: "
                     "[0, 4] } channels { count: 1 } }",
             {"Failed to validate MeshGraphDescriptor textproto",
              "Device topology dimensions must be positive (Switch: S)"}},
        Case{"SwitchChannels",
             kBase + "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { dims: "
                     "[1, 4] } channels { count: 0 } }",
             {"Channel count must be positive (Switch: S)"}},
        Case{"PinnedTwice",
             kBase + "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id: 0 } "
                     "physical_asic_position { tray_id: 1 asic_location: 1 } }\n"
                     "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id: 0 } "
                     "physical_asic_position { tray_id: 1 asic_location: 2 } }",
             {"Duplicate pinning for fabric node (mesh_id: 0, chip_id: 0)"}},
        Case{"OddWormhole",
             mesh("M0", "[3, 5]") + kTopMesh,
             {"MeshGraph: For WORMHOLE_B0 architecture, if both mesh dimensions are odd, they must "
              "both be 1, got 3x5"}}),
    [](const auto& each) { return std::string(each.param.name); });

INSTANTIATE_TEST_SUITE_P(
    More, Mgd2Mistake,
    testing::Values(
        Case{"Syntax", "mesh_descriptors {", {"Failed to parse MeshGraphDescriptor textproto"}},
        Case{"EnumName",
             "mesh_descriptors { arch: GRAYSKULL }",
             {"Failed to parse", "m.textproto:1:", "GRAYSKULL"}},
        Case{"EnumNumber",
             "mesh_descriptors { name: 'M0' arch: 7 device_topology { dims: [1, 2] } "
             "host_topology { dims: [1, 1] } channels { count: 1 } }" +
                 kTopMesh,
             {"Mesh descriptor must have a valid architecture (Mesh: M0)"}},
        Case{"SetTwice", "mesh_descriptors { name: 'a' name: 'b' }", {"Failed to parse", "name"}},
        Case{
            "OneofTwice", kBase + "top_level_instance { mesh { } graph { } }", {"Failed to parse"}},
        Case{"NameTwice",
             kTwo + mesh("M1", "[1, 2]") + kTopMesh,
             {"Mesh descriptor name is not unique (Mesh: M1)"}},
        Case{"ReservedType",
             mesh("M0", "[1, 2]") + graph("G", "MESH", kTwoM0) + top("G"),
             {"Graph descriptor type cannot be DEVICE, MESH, or SWITCH (Graph: G)"}},
        Case{"MeshChannels",
             "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [1, 2] } "
             "host_topology { dims: [1, 1] } }" +
                 kTopMesh,
             {"Channel count must be positive (Mesh: M0)"}},
        Case{"TooManyTypes",
             mesh("M0", "[1, 2] dim_types: [LINE, LINE, RING]") + kTopMesh,
             {"Device topology dimensions and types must be the same size (Mesh: M0)"}},
        Case{"HostsDoNotDivide",
             "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [2, 4] } "
             "host_topology { dims: [1, 3] } channels { count: 1 } }" +
                 kTopMesh,
             {"Device topology dimensions must be divisible by host topology dimensions (Mesh: "
              "M0)"}},
        Case{"ZeroHosts",
             "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [2, 4] } "
             "host_topology { dims: [0, 1] } channels { count: 1 } }" +
                 kTopMesh,
             {"Host topology dimensions must be positive (Mesh: M0)"}},
        Case{"ThreeDimsBlackhole",
             "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [2, 2, 2] } "
             "host_topology { dims: [1, 1, 1] } channels { count: 1 } }" +
                 kTopMesh,
             {"MGD currently only supports 2D meshes/switches",
              "MGD 1.0 Compatibility requirement: There can only be 2 dimensions"}},
        Case{"NoNodeRef",
             mesh("M0", "[1, 2]") + "top_level_instance { }",
             {"Invalid NodeRef: neither mesh, switch, nor graph set"}},
        Case{"Layout",
             fabric(mesh("M0", "[1, 2]"), kTwoM0 + "graph_topology { channels { count: 1 } }"),
             {"Invalid graph topology type: 0"}},
        Case{"IdMissing",
             fabric(mesh("M0", "[1, 2]"),
                    instance("M0", 0) + "connections { " + kNodes01 + " channels { count: 1 } }"),
             {"Mesh instance id 1 not found in parent instance"}},
        Case{"DeviceMissing",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 +
                        "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 device_id: "
                        "2 } } nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 device_id: 0 } } "
                        "channels { count: 1 } }"),
             {"Device id 2 not found in mesh instance"}},
        Case{"MixedPolicies",
             fabric(mesh("M0", "[1, 2]"),
                    kTwoM0 + instance("M0", 2) + "connections { " + kNodes01 +
                        " channels { count: 1 policy: RELAXED } } graph_topology { layout_type: "
                        "RING channels { count: 1 } }"),
             {"MGD 1.0 Compatibility requirement: Cannot mix STRICT and RELAXED policies"}},
        Case{"SparseIds",
             fabric(mesh("M0", "[1, 2]"), instance("M0", 0) + instance("M0", 2)),
             {"ids must be 0 to 1 without gaps, found 2"}},
        Case{"PinningRange",
             kBase + "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id: 2 } "
                     "physical_asic_position { tray_id: 1 asic_location: 1 } }",
             {"chip_id 2, but mesh 0 has 2 chips"}},
        Case{"PinningParts",
             kBase + "pinnings { }",
             {"Pinning entry has no logical_fabric_node_id",
              "Pinning entry has no physical_asic_position"}},
        Case{"PinningBoth",
             kBase + "pinnings { logical_fabric_node_id { mesh_id: 0 mesh_id_regex: '0' chip_id: 0 "
                     "} physical_asic_position { tray_id_regex: '3-1' asic_location_regex: '(' } }",
             {"sets both mesh_id_regex and mesh_id; use one or the other", "has inverted range",
              "has invalid regex"}},
        Case{"SwitchesAlone",
             "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { dims: [2, 2] } "
             "channels { count: 1 } } top_level_instance { switch { switch_descriptor: 'S' } }",
             {"first mesh descriptor, and there is none"}},
        Case{"ExpressStep",
             mesh("M0", "[8, 4]", "express_links { dim_idx: 0 pattern { start: 0 step: 1 } }") +
                 kTopMesh,
             {"Express link step must be from 2 to the dimension's extent, found 1 (Mesh: M0)"}},
        Case{"ExpressEnds",
             mesh("M0", "[8, 4]",
                  "express_links { dim_idx: 0 pattern { start: 0 step: 4 } } express_links { "
                  "dim_idx: 0 pattern { start: 0 step: 8 } }") +
                 kTopMesh,
             {"direction Z must name one link"}},
        Case{"TooManyChips",
             mesh("M0", "[4096, 4096]") + kTopMesh,
             {"more than 65536 chips, the limit"}},
        Case{"HugeExtent",
             mesh("M0", "[1000000000, 1]") + kTopMesh,
             {"Device topology dimension is 1000000000, the limit is 4096 (Mesh: M0)"}}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Mgd2, ReportsAllMistakesOfAStageWithTheirLines) {
  try {
    (void)parse("mesh_descriptors {\n  arch: 9\n}\nmesh_descriptors {\n  name: 'M1'\n}\n" +
                kTopMesh);
    FAIL() << "parsed";
  } catch (const InvalidFile& error) {
    std::vector<int> lines;
    for (const Problem& problem : error.problems()) lines.push_back(problem.line);
    EXPECT_THAT(lines, ElementsAre(1, 1, 2, 4, 4));
    EXPECT_EQ(error.heading(), "Failed to validate MeshGraphDescriptor textproto");
  }
}

TEST(Mgd2, AcceptsEveryFormOfTheText) {
  const auto parsed = parse(
      "# comment {[<\n"
      "mesh_descriptors: < name: \"M\" '0', arch: 1; device_topology: { dims: [ 2, 4 ], dim_types: "
      "[LINE] }\n"
      "dfsdadf: 3 later { deep { er: [1, {}] } }\n"
      "channels { count: 2 } host_topology { dims: 1 dims: 2 } >\n"
      "top_level_instance { mesh { mesh_descriptor: 'M0' } }");
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
  EXPECT_THAT(parsed.warnings, SizeIs(2));
  EXPECT_EQ(parsed.topology.host_count(), 2);
  EXPECT_EQ(facts(parsed.topology).links, 20);
}

TEST(Mgd2, DefaultsPolicies) {
  const auto parsed = parse(fabric(
      mesh("M0", "[1, 2]") + "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { "
                             "dims: [2, 2] } channels { count: 2 } }",
      instance("M0", 0) + "instances { switch { switch_descriptor: 'S' switch_id: 1 } }"));
  EXPECT_EQ(parsed.topology.meshes.at(0).policy, ChannelPolicy::Relaxed);
  EXPECT_EQ(parsed.topology.meshes.at(1).policy, ChannelPolicy::Strict);
  EXPECT_TRUE(parsed.topology.meshes.at(1).is_switch);
}

TEST(Mgd2, WarnsOfARingThatIsALine) {
  const auto parsed = parse(mesh("M0", "[2, 4] dim_types: [RING, RING]") + kTopMesh);
  EXPECT_THAT(
      to_string(parsed.warnings.at(0)),
      HasSubstr("declares RING on dimension 0 of extent 2; a ring needs more than 2 devices, "
                "treating this dimension as LINE"));
  EXPECT_EQ(facts(parsed.topology).chip_pairs, 12);
}

std::int64_t joined_pairs(const std::string& meshes, const std::string& layout) {
  const auto parsed =
      parse(fabric(mesh("M0", "[1, 2]"), meshes + "graph_topology { layout_type: " + layout +
                                             " channels { count: 3 } }"));
  return facts(parsed.topology).inter_mesh_pairs;
}

TEST(Mgd2, JoinsEveryPairOrARing) {
  const std::string four = kTwoM0 + instance("M0", 2) + instance("M0", 3);
  EXPECT_EQ(joined_pairs(four, "ALL_TO_ALL"), 6);
  EXPECT_EQ(joined_pairs(four, "RING"), 4);
  EXPECT_EQ(joined_pairs(kTwoM0, "RING"), 1);
  EXPECT_EQ(joined_pairs(instance("M0", 0), "RING"), 0);
}

TEST(Mgd2, LastConnectionOfTwoMeshesWins) {
  const auto parsed = parse(fabric(
      mesh("M0", "[1, 2]"), kTwoM0 + "connections { " + kNodes01 + " channels { count: 1 } }" +
                                "connections { " + kNodes01 + " channels { count: 5 } }"));
  EXPECT_EQ(facts(parsed.topology).inter_mesh_links, 5);
}

TEST(Mgd2, OrdersMeshesByTheirIds) {
  const auto parsed = parse(
      fabric(mesh("M0", "[1, 2]") + mesh("M1", "[2, 2]"), instance("M1", 1) + instance("M0", 0)));
  EXPECT_EQ(parsed.topology.meshes.at(0).name, "M0");
  EXPECT_EQ(parsed.topology.meshes.at(1).first_chip, 2);
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
}

TEST(Mgd2, FollowsReferencesIntoNestedGraphs) {
  const std::string node =
      "nodes { graph { graph_descriptor: 'P' graph_id: %d sub_ref { mesh { mesh_descriptor: 'M0' "
      "mesh_id: 1 device_id: 0 } } } }\n";
  std::string first = node;
  std::string second = node;
  first.replace(first.find("%d"), 2, "0");
  second.replace(second.find("%d"), 2, "1");
  const auto parsed =
      parse(mesh("M0", "[1, 2]") + graph("P", "POD", kTwoM0) +
            graph("C", "CLUSTER",
                  graph_instance("P", 0) + graph_instance("P", 1) + "connections { " + first +
                      second + "channels { count: 2 } }") +
            top("C"));
  EXPECT_EQ(parsed.topology.channels_between(2, 6), 2);
  EXPECT_EQ(parsed.topology.chip_count(), 8);
  EXPECT_THAT(parsed.topology.meshes, SizeIs(4));
}

struct ExpressCase {
  std::string dims;
  std::string links;
  int pairs;
};

class Mgd2Express : public testing::TestWithParam<ExpressCase> {};

TEST_P(Mgd2Express, HasAsManyChordsAsTheFormatsOwnTests) {
  const auto parsed = parse(mesh("M0", GetParam().dims, GetParam().links) + kTopMesh);
  EXPECT_EQ(facts(parsed.topology).mesh.at(0).express_pairs, GetParam().pairs);
  EXPECT_EQ(facts(parsed.topology).mesh.at(0).express_links, 2 * GetParam().pairs);
}

const std::string kLink24 = "express_links { dim_idx: 0 pattern { start: 2 step: 4 } ";
const std::string kLink08 = "express_links { dim_idx: 0 pattern { start: 0 step: 8 } ";

INSTANTIATE_TEST_SUITE_P(Counts, Mgd2Express,
                         testing::Values(ExpressCase{"[8, 4] dim_types: [RING, RING]",
                                                     kLink24 + "wrap: LINE }", 4},
                                         ExpressCase{"[16, 4]", kLink24 + "}" + kLink08 + "}", 20},
                                         ExpressCase{"[32, 4] dim_types: [RING, RING]",
                                                     kLink24 + "}" + kLink08 + "}", 48}));

TEST(Mgd2, RefusesHierarchiesThatExplode) {
  std::string text = mesh("M0", "[1, 1]");
  std::string previous;
  for (int level = 0; level < 30; ++level) {
    const std::string name = "G" + std::to_string(level);
    std::string body;
    for (int i = 0; i < 10; ++i) {
      body += level == 0 ? instance("M0", i) : graph_instance(previous, i);
    }
    text += graph(name, "T" + std::to_string(level), body);
    previous = name;
  }
  EXPECT_THAT(problems_of(text + top(previous)), HasSubstr("the limit"));
}

TEST(Mgd2, RefusesGraphsNestedTooDeep) {
  std::string text = mesh("M0", "[1, 1]") + graph("G0", "T0", instance("M0", 0));
  for (int level = 1; level < 1'000; ++level) {
    text += graph("G" + std::to_string(level), "T" + std::to_string(level),
                  graph_instance("G" + std::to_string(level - 1), 0));
  }
  EXPECT_THAT(problems_of(text + top("G999")), HasSubstr("nested deeper than 64 levels"));
}

TEST(Mgd2, RefusesConnectionsByTheMillion) {
  std::string body = "graph_topology { layout_type: ALL_TO_ALL channels { count: 1 } }\n";
  for (int i = 0; i < 3'000; ++i) body += instance("M0", i);
  EXPECT_THAT(problems_of(fabric(mesh("M0", "[1, 1]"), body)),
              HasSubstr("more than 1000000 links between meshes"));
}

class Mgd2Nesting : public testing::TestWithParam<std::string> {};

TEST_P(Mgd2Nesting, IsBounded) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += GetParam();
  EXPECT_THAT(problems_of(text), HasSubstr("nested deeper than 100"));
}

INSTANTIATE_TEST_SUITE_P(Forms, Mgd2Nesting,
                         testing::Values("a {", "a <", "[", "a: [", "\"\\\n[", "'\n{",
                                         "mesh_descriptors {", "# }\n{"));

}  // namespace
}  // namespace ttmesh::mesh
