#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mesh/topology/facts.hpp"
#include "mesh/topology/mgd2.hpp"
#include "tests/topology/mgd2_text.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

class Mgd2ConnectionsMistake : public testing::TestWithParam<Mgd2Case> {};

TEST_P(Mgd2ConnectionsMistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(mgd2_problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd2ConnectionsMistake,
    testing::Values(
        Mgd2Case{
            "MixedLevels",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                        kMgd2TwoM0 +
                            "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 } } "
                            "nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 device_id: 1 } } "
                            "channels { count: 1 } }"),
            {"Graph descriptor G0 connections must reference instances within same type"}},
        Mgd2Case{
            "WrongReference",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                        kMgd2TwoM0 +
                            "connections { nodes { graph { graph_descriptor: 'G0' graph_id: 0 } } "
                            "nodes { graph { graph_descriptor: 'G0' graph_id: 1 } } "
                            "channels { count: 1 } }"),
            {"Graph descriptor G0 does not match referenced instance M0"}},
        Mgd2Case{"Layout",
                 mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                             kMgd2TwoM0 + "graph_topology { channels { count: 1 } }"),
                 {"Invalid graph topology type: 0"}},
        Mgd2Case{
            "IdMissing",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"), mgd2_instance("M0", 0) + "connections { " +
                                                       kMgd2Nodes01 + " channels { count: 1 } }"),
            {"Mesh instance id 1 not found in parent instance"}},
        Mgd2Case{"DeviceMissing",
                 mgd2_fabric(
                     mgd2_mesh("M0", "[1, 2]"),
                     kMgd2TwoM0 +
                         "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 device_id: "
                         "2 } } nodes { mesh { mesh_descriptor: 'M0' mesh_id: 1 device_id: 0 } } "
                         "channels { count: 1 } }"),
                 {"Device id 2 not found in mesh instance"}},
        Mgd2Case{"MixedPolicies",
                 mgd2_fabric(
                     mgd2_mesh("M0", "[1, 2]"),
                     kMgd2TwoM0 + mgd2_instance("M0", 2) + "connections { " + kMgd2Nodes01 +
                         " channels { count: 1 policy: RELAXED } } graph_topology { layout_type: "
                         "RING channels { count: 1 } }"),
                 {"MGD 1.0 Compatibility requirement: Cannot mix STRICT and RELAXED policies"}}),
    [](const auto& each) { return std::string(each.param.name); });

std::int64_t joined_pairs(const std::string& meshes, const std::string& layout) {
  const auto parsed = mgd2_topology(
      mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                  meshes + "graph_topology { layout_type: " + layout + " channels { count: 3 } }"));
  return facts(parsed.topology).inter_mesh_pairs;
}

TEST(Mgd2Connections, JoinsEveryPairOrARing) {
  const std::string four = kMgd2TwoM0 + mgd2_instance("M0", 2) + mgd2_instance("M0", 3);
  EXPECT_EQ(joined_pairs(four, "ALL_TO_ALL"), 6);
  EXPECT_EQ(joined_pairs(four, "RING"), 4);
  EXPECT_EQ(joined_pairs(kMgd2TwoM0, "RING"), 1);
  EXPECT_EQ(joined_pairs(mgd2_instance("M0", 0), "RING"), 0);
}

TEST(Mgd2Connections, LastConnectionOfTwoMeshesWins) {
  const auto parsed = mgd2_topology(
      mgd2_fabric(mgd2_mesh("M0", "[1, 2]"), kMgd2TwoM0 + "connections { " + kMgd2Nodes01 +
                                                 " channels { count: 1 } }" + "connections { " +
                                                 kMgd2Nodes01 + " channels { count: 5 } }"));
  EXPECT_EQ(facts(parsed.topology).inter_mesh_links, 5);
}

TEST(Mgd2Connections, RefusesConnectionsByTheMillion) {
  std::string body = "graph_topology { layout_type: ALL_TO_ALL channels { count: 1 } }\n";
  for (int i = 0; i < 3'000; ++i) body += mgd2_instance("M0", i);
  EXPECT_THAT(mgd2_problems_of(mgd2_fabric(mgd2_mesh("M0", "[1, 1]"), body)),
              HasSubstr("more than 1000000 links between meshes"));
}

}  // namespace
}  // namespace ttmesh::mesh
