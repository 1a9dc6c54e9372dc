#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/mgd2.hpp"
#include "tests/topology/mgd2_text.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Mgd2InstancesMistake : public testing::TestWithParam<Mgd2Case> {};

TEST_P(Mgd2InstancesMistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(mgd2_problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd2InstancesMistake,
    testing::Values(
        Mgd2Case{
            "ChildTypes",
            mgd2_mesh("M0", "[1, 2]") + mgd2_graph("P0", "POD", kMgd2TwoM0) +
                mgd2_graph("P1", "PODX", kMgd2TwoM0) +
                mgd2_graph("C", "CLUSTER",
                           mgd2_graph_instance("P0", 0) + mgd2_graph_instance("P1", 1)) +
                mgd2_top("C"),
            {"Graph instance type", "does not match graph descriptor child type", "POD", "PODX"}},
        Mgd2Case{
            "SameId",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"), mgd2_instance("M0", 0) + mgd2_instance("M0", 0)),
            {"Graph instance id 0 already exists in this graph"}},
        Mgd2Case{"GraphMissing",
                 mgd2_mesh("M0", "[1, 2]") + mgd2_top("G_MISSING"),
                 {"Graph descriptor G_MISSING not found in instance"}},
        Mgd2Case{"MeshMissing",
                 mgd2_fabric(mgd2_mesh("M0", "[1, 2]"), mgd2_instance("M_MISSING", 0)),
                 {"Mesh descriptor M_MISSING not found in instance"}},
        Mgd2Case{"TypeTwiceInHierarchy",
                 mgd2_mesh("M0", "[1, 2]") + mgd2_graph("P0", "POD", kMgd2TwoM0) +
                     mgd2_graph("P1", "POD", mgd2_graph_instance("P0", 0)) + mgd2_top("P1"),
                 {"Graph descriptor type", "already exists in hierarchy", "POD"}},
        Mgd2Case{
            "ThreeDimsBlackhole",
            "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [2, 2, 2] } "
            "host_topology { dims: [1, 1, 1] } channels { count: 1 } }" +
                kMgd2TopMesh,
            {"MGD currently only supports 2D meshes/switches",
             "MGD 1.0 Compatibility requirement: There can only be 2 dimensions"}},
        Mgd2Case{"NoNodeRef",
                 mgd2_mesh("M0", "[1, 2]") + "top_level_instance { }",
                 {"Invalid NodeRef: neither mesh, switch, nor graph set"}},
        Mgd2Case{
            "SparseIds",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"), mgd2_instance("M0", 0) + mgd2_instance("M0", 2)),
            {"ids must be 0 to 1 without gaps, found 2"}},
        Mgd2Case{
            "SwitchesAlone",
            "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { dims: [2, 2] } "
            "channels { count: 1 } } top_level_instance { switch { switch_descriptor: 'S' } }",
            {"first mesh descriptor, and there is none"}}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Mgd2Instances, OrdersMeshesByTheirIds) {
  const auto parsed =
      mgd2_topology(mgd2_fabric(mgd2_mesh("M0", "[1, 2]") + mgd2_mesh("M1", "[2, 2]"),
                                mgd2_instance("M1", 1) + mgd2_instance("M0", 0)));
  EXPECT_EQ(parsed.topology.meshes.at(0).name, "M0");
  EXPECT_EQ(parsed.topology.meshes.at(1).first_chip, 2);
  EXPECT_THAT(parsed.launch_problems, IsEmpty());
}

TEST(Mgd2Instances, FollowsReferencesIntoNestedGraphs) {
  const std::string node =
      "nodes { graph { graph_descriptor: 'P' graph_id: %d sub_ref { mesh { mesh_descriptor: 'M0' "
      "mesh_id: 1 device_id: 0 } } } }\n";
  std::string first = node;
  std::string second = node;
  first.replace(first.find("%d"), 2, "0");
  second.replace(second.find("%d"), 2, "1");
  const auto parsed =
      mgd2_topology(mgd2_mesh("M0", "[1, 2]") + mgd2_graph("P", "POD", kMgd2TwoM0) +
                    mgd2_graph("C", "CLUSTER",
                               mgd2_graph_instance("P", 0) + mgd2_graph_instance("P", 1) +
                                   "connections { " + first + second + "channels { count: 2 } }") +
                    mgd2_top("C"));
  EXPECT_EQ(parsed.topology.channels_between(2, 6), 2);
  EXPECT_EQ(parsed.topology.chip_count(), 8);
  EXPECT_THAT(parsed.topology.meshes, SizeIs(4));
}

TEST(Mgd2Instances, RefusesHierarchiesThatExplode) {
  std::string text = mgd2_mesh("M0", "[1, 1]");
  std::string previous;
  for (int level = 0; level < 30; ++level) {
    const std::string name = "G" + std::to_string(level);
    std::string body;
    for (int i = 0; i < 10; ++i) {
      body += level == 0 ? mgd2_instance("M0", i) : mgd2_graph_instance(previous, i);
    }
    text += mgd2_graph(name, "T" + std::to_string(level), body);
    previous = name;
  }
  EXPECT_THAT(mgd2_problems_of(text + mgd2_top(previous)), HasSubstr("the limit"));
}

TEST(Mgd2Instances, RefusesGraphsNestedTooDeep) {
  std::string text = mgd2_mesh("M0", "[1, 1]") + mgd2_graph("G0", "T0", mgd2_instance("M0", 0));
  for (int level = 1; level < 1'000; ++level) {
    text += mgd2_graph("G" + std::to_string(level), "T" + std::to_string(level),
                       mgd2_graph_instance("G" + std::to_string(level - 1), 0));
  }
  EXPECT_THAT(mgd2_problems_of(text + mgd2_top("G999")), HasSubstr("nested deeper than 64 levels"));
}

}  // namespace
}  // namespace ttmesh::mesh
