#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/facts.hpp"
#include "mesh/topology/mgd2.hpp"
#include "tests/topology/mgd2_text.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

class Mgd2GridMistake : public testing::TestWithParam<Mgd2Case> {};

TEST_P(Mgd2GridMistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(mgd2_problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd2GridMistake,
    testing::Values(
        Mgd2Case{
            "OddWormhole",
            mgd2_mesh("M0", "[3, 5]") + kMgd2TopMesh,
            {"MeshGraph: For WORMHOLE_B0 architecture, if both mesh dimensions are odd, they must "
             "both be 1, got 3x5"}},
        Mgd2Case{
            "ExpressStep",
            mgd2_mesh("M0", "[8, 4]", "express_links { dim_idx: 0 pattern { start: 0 step: 1 } }") +
                kMgd2TopMesh,
            {"Express link step must be from 2 to the dimension's extent, found 1 (Mesh: M0)"}},
        Mgd2Case{
            "ExpressEnds",
            mgd2_mesh("M0", "[8, 4]",
                      "express_links { dim_idx: 0 pattern { start: 0 step: 4 } } express_links { "
                      "dim_idx: 0 pattern { start: 0 step: 8 } }") +
                kMgd2TopMesh,
            {"direction Z must name one link"}},
        Mgd2Case{
            "ExpressOutOfBounds",
            mgd2_mesh(
                "M0", "[1, 3]",
                "express_connections { src: 5 dst: 1 } express_connections { src: 1 dst: 5 }") +
                kMgd2TopMesh,
            {"Express connection source is out of bounds (Mesh: M0)",
             "Express connection destination is out of bounds (Mesh: M0)"}},
        Mgd2Case{"TooManyChips",
                 mgd2_mesh("M0", "[4096, 4096]") + kMgd2TopMesh,
                 {"more than 65536 chips, the limit"}},
        Mgd2Case{"HugeExtent",
                 mgd2_mesh("M0", "[1000000000, 1]") + kMgd2TopMesh,
                 {"Device topology dimension is 1000000000, the limit is 4096 (Mesh: M0)"}}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Mgd2Grid, WarnsOfARingThatIsALine) {
  const auto parsed =
      mgd2_topology(mgd2_mesh("M0", "[2, 4] dim_types: [RING, RING]") + kMgd2TopMesh);
  EXPECT_THAT(
      to_string(parsed.warnings.at(0)),
      HasSubstr("declares RING on dimension 0 of extent 2; a ring needs more than 2 devices, "
                "treating this dimension as LINE"));
  EXPECT_EQ(facts(parsed.topology).chip_pairs, 12);
}

struct ExpressCase {
  std::string dims;
  std::string links;
  int pairs;
};

class Mgd2Express : public testing::TestWithParam<ExpressCase> {};

TEST_P(Mgd2Express, HasAsManyChordsAsTheFormatsOwnTests) {
  const auto parsed =
      mgd2_topology(mgd2_mesh("M0", GetParam().dims, GetParam().links) + kMgd2TopMesh);
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

}  // namespace
}  // namespace ttmesh::mesh
