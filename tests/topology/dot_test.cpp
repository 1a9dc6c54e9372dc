#include "mesh/topology/dot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

TEST(Dot, HasAnEdgeForEachPairOfChips) {
  const std::string text = dot(load_topology("tg"));
  EXPECT_EQ(count(text, " -- "), 52U);
  EXPECT_EQ(count(text, "[label=4]"), 52U);
}

TEST(Dot, DashesWraps) {
  const std::string text = dot(load_topology("t3k:1x8:ring"));
  EXPECT_EQ(count(text, "style=dashed constraint=false"), 1U);
}

TEST(Dot, BoxesHosts) {
  const std::string text = dot(load_topology(TTMESH_SOURCE_DIR "/topologies/dual_galaxy.yaml"));
  EXPECT_THAT(text, HasSubstr("label=\"host 0\""));
  EXPECT_THAT(text, HasSubstr("label=\"host 1\""));
}

TEST(Dot, QuotesNames) {
  Topology topology = load_topology("n300");
  topology.name = "a\"]\nb";
  EXPECT_THAT(dot(topology), HasSubstr("label=\"a\\\"]?b\""));
}

}  // namespace
}  // namespace ttmesh::mesh
