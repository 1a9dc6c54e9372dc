#include "mesh/topology/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/error.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/topology/descriptors.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class LoadFile : public testing::Test {
 protected:
  std::string problems_of(const std::string& name, const std::string& text) const {
    const std::string path = folder_.write(name, text);
    return problems_in([&path] { return parse_topology(path); });
  }

 private:
  ScratchFolder folder_;
};

const std::string kCluster = cluster_text(2, {{0, 1}});
const std::string kMgd2 = mgd2_text({.shape = {1, 2}});

TEST_F(LoadFile, KnowsFormatsByTheirContents) {
  EXPECT_EQ(problems_of("cluster.yaml", kCluster), "");
  EXPECT_EQ(problems_of("cluster", kCluster), "");
  EXPECT_EQ(problems_of("mesh.textproto", kMgd2), "");
  EXPECT_EQ(problems_of("mesh.txt", kMgd2), "");
}

TEST_F(LoadFile, PointsOutAMisleadingEnding) {
  EXPECT_THAT(problems_of("mesh.yaml", kMgd2),
              AllOf(HasSubstr("Invalid YAML"), HasSubstr("must end in .textproto")));
  EXPECT_THAT(problems_of("cluster.textproto", kCluster),
              AllOf(HasSubstr("Failed to parse"), HasSubstr("must end in .yaml")));
  EXPECT_THAT(problems_of("mesh.textproto", "mesh_descriptors {"),
              AllOf(HasSubstr("Failed to parse"), Not(HasSubstr(".yaml"))));
}

TEST_F(LoadFile, ListsTheFormatsForAnUnknownOne) {
  for (const char* name : {"a.yaml", "a"}) {
    EXPECT_THAT(problems_of(name, "{a: 1}\n"), HasSubstr("is of no known format"));
  }
  EXPECT_THAT(problems_of("table.tsv", "a: b: c\n"),
              AllOf(HasSubstr("Invalid YAML"), HasSubstr("is of no known format")));
  EXPECT_THAT(problems_of("empty.yaml", ""), HasSubstr("is of no known format"));
}

}  // namespace
}  // namespace ttmesh::mesh
