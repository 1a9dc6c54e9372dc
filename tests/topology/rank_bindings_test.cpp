#include "mesh/topology/rank_bindings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

RankBindings read(const std::string& text) {
  const InputFile file{"r.yaml", text};
  return read_rank_bindings(file, parse_yaml(file));
}

class RankBindingFiles : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    return folder_.write(name, text);
  }

 private:
  ScratchFolder folder_;
};

std::string bindings(const std::string& ranks) {
  return "rank_bindings: [" + ranks + "]\nmesh_graph_desc_path: a/b/mesh.yaml\n";
}

const std::string kMesh = "ttmesh: 1\nsystem: t3k\nmesh: {shape: [2, 4], host_shape: [1, 2]}\n";

TEST(SharedRankBindings, LaunchOnTheirDescriptors) {
  const auto folder = shared_folder("rank_bindings");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no bindings at " << folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const Topology topology = load_topology(entry.path().string());
    EXPECT_GE(topology.host_count(), 2) << entry.path();
    EXPECT_EQ(topology.format, "rank_bindings");
  }
}

TEST_F(RankBindingFiles, FindTheirDescriptorBelowAFolderAboveThem) {
  write("a/b/mesh.yaml", kMesh);
  const std::string path =
      write("x/y/bindings.yaml", bindings("{rank: 0, mesh_id: 0}, {rank: 1, mesh_id: 0}"));
  EXPECT_EQ(load_topology(path).host_count(), 2);
}

TEST_F(RankBindingFiles, FindTheirDescriptorBesideThem) {
  write("mesh.yaml", kMesh);
  const std::string path =
      write("bindings.yaml", bindings("{rank: 0, mesh_id: 0}, {rank: 1, mesh_id: 0}"));
  EXPECT_EQ(load_topology(path).host_count(), 2);
}

TEST_F(RankBindingFiles, FindTheirDescriptorInAFolderNextToTheirs) {
  write("meshes/mesh.yaml", kMesh);
  const std::string path =
      write("ranks/bindings.yaml", bindings("{rank: 0, mesh_id: 0}, {rank: 1, mesh_id: 0}"));
  const ParsedTopology parsed = parse_topology(path);
  EXPECT_EQ(parsed.topology.host_count(), 2);
  EXPECT_THAT(parsed.notes, Contains(HasSubstr("nothing at a/b/mesh.yaml: taken from ")));
}

TEST_F(RankBindingFiles, DoNotGuessBetweenDescriptorsNextToThem) {
  write("meshes/mesh.yaml", kMesh);
  write("others/mesh.yaml", kMesh);
  const std::string path = write("ranks/bindings.yaml", bindings("{rank: 0, mesh_id: 0}"));
  EXPECT_THAT(
      [&] { (void)load_topology(path); },
      ThrowsMessage<InvalidFile>(HasSubstr("Mesh graph descriptor not found: a/b/mesh.yaml")));
}

TEST_F(RankBindingFiles, NameADescriptorThatIsNotThere) {
  const std::string path = write("bindings.yaml", bindings("{rank: 0, mesh_id: 0}"));
  EXPECT_THAT([&] { (void)load_topology(path); },
              ThrowsMessage<InvalidFile>(
                  testing::AllOf(HasSubstr("Invalid configuration"),
                                 HasSubstr("Mesh graph descriptor not found: a/b/mesh.yaml"))));
}

TEST_F(RankBindingFiles, DoNotLeadToOthers) {
  write("mesh.yaml", bindings("{rank: 0, mesh_id: 0}"));
  const std::string path = write("bindings.yaml", bindings("{rank: 0, mesh_id: 0}"));
  EXPECT_THAT([&] { (void)load_topology(path); },
              ThrowsMessage<InvalidFile>(HasSubstr("of no known format")));
}

TEST_F(RankBindingFiles, AreMarkedWhereALaunchRefusesThem) {
  write("mesh.yaml", kMesh);
  const std::string path =
      write("bindings.yaml",
            bindings("{rank: 0, mesh_id: 0, mesh_host_rank: 2},\n{rank: 1, mesh_id: 3},\n"
                     "{rank: 2, mesh_id: 0, mesh_host_rank: 1},\n"
                     "{rank: 3, mesh_id: 0, mesh_host_rank: 1}"));
  std::string all;
  for (const Problem& problem : parse_topology(path).launch_problems) all += to_string(problem);
  EXPECT_THAT(all,
              HasSubstr("Invalid TT_MESH_HOST_RANK: Local mesh binding host_rank 2 not found"));
  EXPECT_THAT(all, HasSubstr("Invalid TT_MESH_ID: Local mesh binding mesh_id 3 not found"));
  EXPECT_THAT(all, HasSubstr("host 1 of mesh 0 is bound twice"));
  EXPECT_THAT(all, HasSubstr("mesh 0 has 2 hosts, and 3 ranks are bound to it"));
}

TEST_F(RankBindingFiles, AreConcatenatedByAMapping) {
  write("mesh.yaml", kMesh);
  write("one.yaml", bindings("{rank: 0, mesh_id: 0}") + "global_env: {A: 'x'}\n");
  write("two.yaml", bindings("{rank: 0, mesh_id: 0}") + "global_env: {A: 'x', B: y}\n");
  const std::string path =
      write("map.yaml", "subcontext_id_to_rank_bindings: {0: one.yaml, 1: two.yaml}\n");
  const InputFile file = read_input_file(path);
  const RankBindings merged = read_rank_bindings(file, parse_yaml(file));
  ASSERT_THAT(merged.ranks, SizeIs(2));
  EXPECT_EQ(merged.ranks[1].rank, 1);
  EXPECT_EQ(merged.ranks[1].subcontext, 1);
  EXPECT_EQ(merged.environment.at("B"), "y");
  EXPECT_EQ(load_topology(path).host_count(), 2);
}

TEST_F(RankBindingFiles, OfAMappingMustAgreeOnTheEnvironment) {
  write("one.yaml", bindings("{rank: 0, mesh_id: 0}") + "global_env: {A: x}\n");
  write("two.yaml", bindings("{rank: 0, mesh_id: 0}") + "global_env: {A: y}\n");
  const std::string path =
      write("map.yaml", "subcontext_id_to_rank_bindings: {0: one.yaml, 1: two.yaml}\n");
  EXPECT_THAT([&] { (void)load_topology(path); },
              ThrowsMessage<InvalidFile>(HasSubstr("global_env conflict on key A")));
}

TEST(RankBindings, ReadEverythingOfARank) {
  const RankBindings read_back =
      read(bindings("{rank: 1, mesh_id: 2, mesh_host_rank: 3, env_overrides: {X: '1'}},\n"
                    "{rank: 0, mesh_id: 0}"));
  ASSERT_THAT(read_back.ranks, SizeIs(2));
  EXPECT_EQ(read_back.ranks[1].mesh_id, 2);
  EXPECT_EQ(read_back.ranks[1].mesh_host_rank, 3);
  EXPECT_EQ(read_back.ranks[1].environment.at("X"), "1");
  EXPECT_EQ(read_back.ranks[0].mesh_host_rank, std::nullopt);
}

TEST(RankBindings, TakeAListOfNumbersForText) {
  const RankBindings read_back = read(
      "rank_bindings:\n  - rank: 0\n    mesh_id: 0\n    env_overrides:\n      V: 11,13,17\n"
      "mesh_graph_desc_path: m\n");
  EXPECT_EQ(read_back.ranks.at(0).environment.at("V"), "11,13,17");
}

TEST(RankBindings, WarnOfUnknownKeys) {
  EXPECT_THAT(read(bindings("{rank: 0, mesh_id: 0, colour: blue}")).warnings, SizeIs(1));
}

struct Case {
  std::string text;
  std::string message;
};

class RankBindingMistake : public testing::TestWithParam<Case> {};

TEST_P(RankBindingMistake, IsNamed) {
  EXPECT_THAT([] { (void)read(GetParam().text); },
              ThrowsMessage<InvalidFile>(testing::AllOf(HasSubstr("Invalid configuration"),
                                                        HasSubstr(GetParam().message))));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, RankBindingMistake,
    testing::Values(
        Case{bindings("{rank: 0, mesh_id: 0}, {rank: 0, mesh_id: 1}"),
             "Duplicate ranks found in bindings"},
        Case{bindings("{rank: 0, mesh_id: 0}, {rank: 2, mesh_id: 1}"),
             "Ranks must be contiguous from 0. Got: [0, 2]"},
        Case{bindings(""), "rank_bindings: lists no ranks"},
        Case{bindings("{rank: -1, mesh_id: 0}"), "r.yaml:1: rank_bindings[0].rank: must be an"},
        Case{bindings("{rank: 0}"), "rank_bindings[0].mesh_id: is missing"},
        Case{bindings("{rank: 0, mesh_id: 0, env_overrides: {A: 3}}"), "must be text, found '3'"},
        Case{bindings("{rank: 0, mesh_id: 0, env_overrides: {A: true}}"), "must be text"},
        Case{"rank_bindings: [{rank: 0, mesh_id: 0}]\n", "mesh_graph_desc_path: is missing"},
        Case{"subcontext_id_to_rank_bindings: {}\n", "lists no subcontexts"},
        Case{"subcontext_id_to_rank_bindings: {1: a.yaml}\n", "must be an integer from 0 to 0"},
        Case{"subcontext_id_to_rank_bindings: {0: none.yaml}\n", "not found: none.yaml"}));

}  // namespace
}  // namespace ttmesh::mesh
