#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/mgd2.hpp"
#include "tests/topology/mgd2_text.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

class Mgd2ValidationMistake : public testing::TestWithParam<Mgd2Case> {};

TEST_P(Mgd2ValidationMistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(mgd2_problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd2ValidationMistake,
    testing::Values(
        Mgd2Case{"NoDescriptor",
                 "top_level_instance { mesh { mesh_descriptor: 'M0' id: 0 } }",
                 {"Failed to validate MeshGraphDescriptor textproto",
                  "There must be at least one mesh descriptor"}},
        Mgd2Case{"NoTop", mgd2_mesh("M0", "[1, 2]"), {"Top level instance is required"}},
        Mgd2Case{
            "NoName",
            "mesh_descriptors { arch: WORMHOLE_B0 device_topology { dims: [1, 4, 3] dim_types: "
            "[LINE] } host_topology { dims: [1, 4] } channels { count: 1 } }" +
                kMgd2TopMesh,
            {"Mesh descriptor 1 has no name"}},
        Mgd2Case{
            "ThreeDims",
            "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [1, 4, 3] } "
            "host_topology { dims: [1, 4, 3] } channels { count: 1 } }" +
                kMgd2TopMesh,
            {"Architecture devices allow a maximum of 2 dimensions, but 3 were provided (Mesh: "
             "M0)"}},
        Mgd2Case{"HostDims",
                 "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [1, 4] } "
                 "host_topology { dims: [1] } channels { count: 1 } }" +
                     kMgd2TopMesh,
                 {"Device and host topology dimensions must be the same size (Mesh: M0)"}},
        Mgd2Case{
            "TwoArchitectures",
            mgd2_mesh("M0", "[1, 2]") +
                "mesh_descriptors { name: 'M1' arch: BLACKHOLE device_topology { dims: [1, 2] } "
                "host_topology { dims: [1, 1] } channels { count: 1 } }" +
                kMgd2TopMesh,
            {"All mesh descriptors must have the same architecture"}},
        Mgd2Case{
            "GraphTopologyCount",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                        kMgd2TwoM0 +
                            "graph_topology { layout_type: ALL_TO_ALL channels { count: -1 } }"),
            {"Graph topology channel count must be positive (Graph: G0)"}},
        Mgd2Case{
            "ConnectionCount",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                        kMgd2TwoM0 + "connections { " + kMgd2Nodes01 + " channels { count: -1 } }"),
            {"Connection channel count must be positive (Graph: G0)"}},
        Mgd2Case{"NoInstances",
                 mgd2_fabric(mgd2_mesh("M0", "[1, 2]"), ""),
                 {"Graph descriptor must have at least one instance (Graph: G0)"}},
        Mgd2Case{"NoType",
                 mgd2_mesh("M0", "[1, 2]") + "graph_descriptors { name: 'G1'\n" + kMgd2TwoM0 + "}" +
                     mgd2_top("G1"),
                 {"Graph descriptor must have a type specified (Graph: G1)"}},
        Mgd2Case{
            "OneNode",
            mgd2_fabric(mgd2_mesh("M0", "[1, 2]"),
                        kMgd2TwoM0 +
                            "connections { nodes { mesh { mesh_descriptor: 'M0' mesh_id: 0 } } "
                            "channels { count: 1 } }"),
            {"Connection must have at least two nodes (Graph: G0)"}},
        Mgd2Case{"SwitchDims",
                 kMgd2Base +
                     "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { dims: "
                     "[0, 4] } channels { count: 1 } }",
                 {"Failed to validate MeshGraphDescriptor textproto",
                  "Device topology dimensions must be positive (Switch: S)"}},
        Mgd2Case{"SwitchChannels",
                 kMgd2Base +
                     "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { dims: "
                     "[1, 4] } channels { count: 0 } }",
                 {"Channel count must be positive (Switch: S)"}},
        Mgd2Case{"EnumNumber",
                 "mesh_descriptors { name: 'M0' arch: 7 device_topology { dims: [1, 2] } "
                 "host_topology { dims: [1, 1] } channels { count: 1 } }" +
                     kMgd2TopMesh,
                 {"Mesh descriptor must have a valid architecture (Mesh: M0)"}},
        Mgd2Case{"NameTwice",
                 mgd2_mesh("M0", "[1, 2]") + mgd2_mesh("M1", "[1, 2]") + mgd2_mesh("M1", "[1, 2]") +
                     kMgd2TopMesh,
                 {"Mesh descriptor name is not unique (Mesh: M1)"}},
        Mgd2Case{"ReservedType",
                 mgd2_mesh("M0", "[1, 2]") + mgd2_graph("G", "MESH", kMgd2TwoM0) + mgd2_top("G"),
                 {"Graph descriptor type cannot be DEVICE, MESH, or SWITCH (Graph: G)"}},
        Mgd2Case{"MeshChannels",
                 "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [1, 2] } "
                 "host_topology { dims: [1, 1] } }" +
                     kMgd2TopMesh,
                 {"Channel count must be positive (Mesh: M0)"}},
        Mgd2Case{"TooManyTypes",
                 mgd2_mesh("M0", "[1, 2] dim_types: [LINE, LINE, RING]") + kMgd2TopMesh,
                 {"Device topology dimensions and types must be the same size (Mesh: M0)"}},
        Mgd2Case{"HostsDoNotDivide",
                 "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [2, 4] } "
                 "host_topology { dims: [1, 3] } channels { count: 1 } }" +
                     kMgd2TopMesh,
                 {"Device topology dimensions must be divisible by host topology dimensions (Mesh: "
                  "M0)"}},
        Mgd2Case{"ZeroHosts",
                 "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [2, 4] } "
                 "host_topology { dims: [0, 1] } channels { count: 1 } }" +
                     kMgd2TopMesh,
                 {"Host topology dimensions must be positive (Mesh: M0)"}}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Mgd2Validation, DefaultsPolicies) {
  const auto parsed = mgd2_topology(mgd2_fabric(
      mgd2_mesh("M0", "[1, 2]") +
          "switch_descriptors { name: 'S' arch: WORMHOLE_B0 device_topology { "
          "dims: [2, 2] } channels { count: 2 } }",
      mgd2_instance("M0", 0) + "instances { switch { switch_descriptor: 'S' switch_id: 1 } }"));
  EXPECT_EQ(parsed.topology.meshes.at(0).policy, ChannelPolicy::Relaxed);
  EXPECT_EQ(parsed.topology.meshes.at(1).policy, ChannelPolicy::Strict);
  EXPECT_TRUE(parsed.topology.meshes.at(1).is_switch);
}

}  // namespace
}  // namespace ttmesh::mesh
