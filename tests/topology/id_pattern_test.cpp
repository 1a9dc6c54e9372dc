#include "mesh/topology/id_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ttmesh::mesh {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(IdPattern, IsAListOfIdsAndRanges) {
  EXPECT_THAT(matching_ids("0,2-3", 6), ElementsAre(true, false, true, true, false, false));
  EXPECT_THAT(matching_ids("2-4000000000", 4), ElementsAre(false, false, true, true));
  EXPECT_THAT(matching_ids("9", 2), ElementsAre(false, false));
}

TEST(IdPattern, IsElseARegularExpressionForTheWholeId) {
  EXPECT_THAT(matching_ids("[13]", 5), ElementsAre(false, true, false, true, false));
  EXPECT_FALSE(matching_ids("[13]", 14)[13]);
  EXPECT_TRUE(matching_ids(".*", 14)[13]);
}

TEST(IdPattern, SaysWhatIsWrong) {
  EXPECT_EQ(id_pattern_mistake("0-8,9"), "");
  EXPECT_EQ(id_pattern_mistake("3|4"), "");
  EXPECT_THAT(id_pattern_mistake("3-1"), HasSubstr("inverted range '3-1'"));
  EXPECT_THAT(id_pattern_mistake("1--2"), HasSubstr("malformed range token '1--2'"));
  EXPECT_THAT(id_pattern_mistake("1,,2"), HasSubstr("malformed token ''"));
  EXPECT_THAT(id_pattern_mistake("(1"), HasSubstr("invalid regex '(1'"));
}

}  // namespace
}  // namespace ttmesh::mesh
