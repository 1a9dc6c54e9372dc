#include "tests/topology/mgd2_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/mgd2.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Mgd2Text, IsFoundByContentToo) {
  EXPECT_TRUE(looks_like_mgd2(kMgd2Base));
  EXPECT_FALSE(looks_like_mgd2("ttmesh: 1\n"));
}

class Mgd2TextMistake : public testing::TestWithParam<Mgd2Case> {};

TEST_P(Mgd2TextMistake, IsNamed) {
  for (const std::string& message : GetParam().messages) {
    EXPECT_THAT(mgd2_problems_of(GetParam().text), HasSubstr(message)) << GetParam().text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Mgd2TextMistake,
    testing::Values(
        Mgd2Case{"Syntax", "mesh_descriptors {", {"Failed to parse MeshGraphDescriptor textproto"}},
        Mgd2Case{"EnumName",
                 "mesh_descriptors { arch: GRAYSKULL }",
                 {"Failed to parse", "m.textproto:1:", "GRAYSKULL"}},
        Mgd2Case{
            "SetTwice", "mesh_descriptors { name: 'a' name: 'b' }", {"Failed to parse", "name"}},
        Mgd2Case{"OneofTwice",
                 kMgd2Base + "top_level_instance { mesh { } graph { } }",
                 {"Failed to parse"}}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Mgd2Text, ReportsAllMistakesOfAStageWithTheirLines) {
  try {
    (void)mgd2_topology("mesh_descriptors {\n  arch: 9\n}\nmesh_descriptors {\n  name: 'M1'\n}\n" +
                        kMgd2TopMesh);
    FAIL() << "parsed";
  } catch (const InvalidFile& error) {
    std::vector<int> lines;
    for (const Problem& problem : error.problems()) lines.push_back(problem.line);
    EXPECT_THAT(lines, ElementsAre(1, 1, 2, 4, 4));
    EXPECT_EQ(error.heading(), "Failed to validate MeshGraphDescriptor textproto");
  }
}

TEST(Mgd2Text, AcceptsEveryFormOfTheText) {
  const auto parsed = mgd2_topology(
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

class Mgd2Nesting : public testing::TestWithParam<std::string> {};

TEST_P(Mgd2Nesting, IsBounded) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += GetParam();
  EXPECT_THAT(mgd2_problems_of(text), HasSubstr("nested deeper than 100"));
}

INSTANTIATE_TEST_SUITE_P(Forms, Mgd2Nesting,
                         testing::Values("a {", "a <", "[", "a: [", "\"\\\n[", "'\n{",
                                         "mesh_descriptors {", "# }\n{"));

}  // namespace
}  // namespace ttmesh::mesh
