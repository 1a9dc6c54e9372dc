#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/mgd2.hpp"
#include "tests/topology/mgd2_text.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

class Mgd2PinningsMistake : public testing::TestWithParam<Mgd2Case> {};

TEST_P(Mgd2PinningsMistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(mgd2_problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd2PinningsMistake,
    testing::Values(
        Mgd2Case{"PinnedTwice",
                 kMgd2Base + "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id: 0 } "
                             "physical_asic_position { tray_id: 1 asic_location: 1 } }\n"
                             "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id: 0 } "
                             "physical_asic_position { tray_id: 1 asic_location: 2 } }",
                 {"Duplicate pinning for fabric node (mesh_id: 0, chip_id: 0)"}},
        Mgd2Case{"PinningRange",
                 kMgd2Base + "pinnings { logical_fabric_node_id { mesh_id: 0 chip_id: 2 } "
                             "physical_asic_position { tray_id: 1 asic_location: 1 } }",
                 {"chip_id 2, but mesh 0 has 2 chips"}},
        Mgd2Case{"PinningParts",
                 kMgd2Base + "pinnings { }",
                 {"Pinning entry has no logical_fabric_node_id",
                  "Pinning entry has no physical_asic_position"}},
        Mgd2Case{"PinningBoth",
                 kMgd2Base +
                     "pinnings { logical_fabric_node_id { mesh_id: 0 mesh_id_regex: '0' chip_id: 0 "
                     "} physical_asic_position { tray_id_regex: '3-1' asic_location_regex: '(' } }",
                 {"sets both mesh_id_regex and mesh_id; use one or the other", "has inverted range",
                  "has invalid regex"}}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace ttmesh::mesh
