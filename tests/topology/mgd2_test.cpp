#include "mesh/topology/mgd2.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

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

}  // namespace
}  // namespace ttmesh::mesh
