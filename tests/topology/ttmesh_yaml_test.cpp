#include "mesh/topology/ttmesh_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/facts.hpp"
#include "mesh/topology/load.hpp"
#include "sim/system.hpp"
#include "tests/topology/shared_files.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

Topology parse(const std::string& text) {
  const InputFile file{"f.yaml", text};
  return parse_ttmesh_yaml(file, parse_yaml(file)).topology;
}

std::vector<std::string> problems_of(const std::string& text) {
  try {
    (void)parse(text);
  } catch (const InvalidFile& error) {
    std::vector<std::string> problems;
    for (const Problem& problem : error.problems()) problems.push_back(to_string(problem));
    return problems;
  }
  return {};
}

const std::string kHead = "ttmesh: 1\nsystem: t3k\n";

struct Expected {
  MeshShape shape;
  int chip_pairs;
  int links;
  int hosts;
};

/// Facts of the systems, as their vendor's descriptors state them.
const std::map<std::string, Expected> kExpected{
    {"n150", {{1, 1}, 0, 0, 1}},
    {"n300", {{1, 2}, 1, 2, 1}},
    {"t3k", {{2, 4}, 10, 20, 1}},
    {"t3k_1x8", {{1, 8}, 8, 16, 1}},
    {"tg", {{4, 8}, 52, 208, 1}},
    {"galaxy_8x4", {{8, 4}, 52, 208, 1}},
    {"galaxy_8x4_torus_x", {{8, 4}, 60, 240, 1}},
    {"galaxy_8x4_torus_y", {{8, 4}, 56, 224, 1}},
    {"galaxy_8x4_torus_xy", {{8, 4}, 64, 256, 1}},
    {"p150_x4", {{2, 2}, 4, 16, 1}},
    {"p150_x8", {{2, 4}, 10, 20, 1}},
    {"bh_galaxy", {{8, 4}, 52, 104, 1}},
    {"dual_galaxy", {{8, 8}, 112, 448, 2}},
};

TEST(TopologyFiles, AreThoseThatAreKnown) {
  std::vector<std::string> names;
  for (const auto& path : project_topologies()) names.push_back(path.stem());
  for (const auto& [name, expected] : kExpected) {
    EXPECT_THAT(names, testing::Contains(name));
  }
}

TEST(TopologyFiles, LoadWithTheirFacts) {
  for (const auto& path : project_topologies()) {
    const Topology topology = load_topology(path.string());
    const auto expected = kExpected.find(path.stem().string());
    if (expected == kExpected.end()) continue;
    const Facts found = facts(topology);
    EXPECT_EQ(topology.meshes.at(0).shape, expected->second.shape) << path;
    EXPECT_EQ(found.chip_pairs, expected->second.chip_pairs) << path;
    EXPECT_EQ(found.links, expected->second.links) << path;
    EXPECT_EQ(found.hosts, expected->second.hosts) << path;
    EXPECT_EQ(topology.format, "ttmesh") << path;
  }
}

TEST(TopologyFiles, AgreeWithTheirSystems) {
  for (const auto& path : project_topologies()) {
    const Topology topology = load_topology(path.string());
    const sim::System& system = sim::find_system(topology.system);
    EXPECT_EQ(topology.meshes.at(0).channels, system.channels) << path;
    EXPECT_EQ(topology.usable_links, std::max(1, system.usable_links)) << path;
    EXPECT_EQ(topology.arch, system.chip.arch) << path;
  }
}

TEST(TopologyFiles, ComeBackFromTheirOwnText) {
  for (const auto& path : project_topologies()) {
    const Topology topology = load_topology(path.string());
    const Topology again = parse(ttmesh_yaml(topology));
    EXPECT_EQ(again.edges, topology.edges) << path;
    EXPECT_EQ(again.system, topology.system) << path;
    EXPECT_EQ(again.usable_links, topology.usable_links) << path;
    EXPECT_EQ(again.host_count(), topology.host_count()) << path;
  }
}

TEST(TtmeshYaml, DefaultsToTheSystemsChannels) {
  const Topology topology = parse(kHead + "mesh: {shape: [1, 2]}\n");
  EXPECT_EQ(topology.channels_between(0, 1), 2);
}

TEST(TtmeshYaml, ReadsLinkRates) {
  const Topology topology =
      parse(kHead + "link: {bandwidth: 100Gb/s, latency: 1.5us}\nmesh: {shape: [1, 2]}\n");
  EXPECT_EQ(topology.link.bandwidth_bytes_per_s, 12'500'000'000);
  EXPECT_EQ(topology.link.latency, sim::Time::nanoseconds(1'500));
}

TEST(TtmeshYaml, KeepsLinkRatesThroughItsOwnText) {
  const Topology topology =
      parse(kHead + "link: {bandwidth: 12.5GB/s, latency: 700ns}\nmesh: {shape: [1, 2]}\n");
  const Topology again = parse(ttmesh_yaml(topology));
  EXPECT_EQ(again.link.bandwidth_bytes_per_s, topology.link.bandwidth_bytes_per_s);
  EXPECT_EQ(again.link.latency, topology.link.latency);
}

TEST(TtmeshYaml, PlacesLinksBetweenMeshesColumnToColumn) {
  const Topology topology =
      parse(kHead +
            "meshes:\n  - {shape: [2, 4]}\n  - {shape: [2, 4]}\nconnections:\n"
            "  - {meshes: [0, 1], links: 5}\n");
  EXPECT_EQ(topology.channels_between(3, 8), 3);
  EXPECT_EQ(topology.channels_between(7, 12), 2);
  EXPECT_EQ(facts(topology).inter_mesh_pairs, 1);
  EXPECT_EQ(facts(topology).inter_mesh_links, 5);
}

TEST(TtmeshYaml, GoesOnDownAColumnThatCarriesLinksAlready) {
  const Topology topology =
      parse(kHead +
            "meshes: [{shape: [1, 1]}, {shape: [1, 1]}, {shape: [4, 2]}]\nconnections:\n"
            "  - {meshes: [0, 2], links: 1}\n  - {meshes: [1, 2], links: 1}\n");
  EXPECT_EQ(topology.channels_between(0, 2), 1);
  EXPECT_EQ(topology.channels_between(1, 4), 1);
}

TEST(TtmeshYaml, LastPlacedConnectionOfTwoMeshesWins) {
  const Topology topology =
      parse(kHead +
            "meshes: [{shape: [1, 1]}, {shape: [1, 1]}]\nconnections:\n"
            "  - {meshes: [0, 1], links: 1}\n  - {meshes: [1, 0], links: 4}\n");
  EXPECT_EQ(topology.channels_between(0, 1), 4);
}

TEST(TtmeshYaml, AddsLinksBetweenTheSameChips) {
  const Topology topology =
      parse(kHead +
            "meshes: [{shape: [1, 2]}, {shape: [1, 2]}]\nconnections:\n"
            "  - {chips: [[0, 1], [1, 0]], links: 1}\n  - {chips: [[1, 0], [0, 1]], links: 2}\n");
  EXPECT_EQ(topology.channels_between(1, 2), 3);
}

TEST(TtmeshYaml, TakesNeighboursWithACountOfTheirOwn) {
  const Topology topology = parse(kHead + "mesh: {shape: [1, 3], links: [[2, 1, 7]]}\n");
  EXPECT_EQ(topology.channels_between(0, 1), 2);
  EXPECT_EQ(topology.channels_between(1, 2), 7);
  EXPECT_EQ(parse(ttmesh_yaml(topology)).edges, topology.edges);
}

TEST(TtmeshYaml, PutsSeveralMeshesOnOneHost) {
  const Topology topology =
      parse(kHead + "one_host: true\nmeshes: [{shape: [1, 2]}, {shape: [1, 2]}]\n");
  EXPECT_EQ(topology.host_count(), 1);
  EXPECT_EQ(parse(ttmesh_yaml(topology)).host_count(), 1);
}

TEST(TtmeshYaml, TakesChipsThatFormNoGrid) {
  const Topology topology =
      parse(kHead + "mesh: {chips: 3, links: [[0, 1, 2], [0, 2, 2], [2, 1, 1]]}\n");
  EXPECT_FALSE(topology.meshes.at(0).is_grid);
  EXPECT_EQ(topology.channels_between(1, 2), 1);
  EXPECT_EQ(parse(ttmesh_yaml(topology)).edges, topology.edges);
}

TEST(TtmeshYaml, ReportsEveryMistakeWithItsLine) {
  const std::vector<std::string> problems = problems_of(
      "ttmesh: 2\n"
      "system: abacus\n"
      "colour: blue\n"
      "link:\n"
      "  bandwidth: fast\n"
      "mesh:\n"
      "  shape: [0, 4]\n"
      "  dim_types: [line, spiral]\n"
      "  channels: many\n");
  EXPECT_THAT(problems, SizeIs(7));
  EXPECT_THAT(problems, testing::Each(testing::StartsWith("f.yaml:")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:1: ttmesh: must be an integer")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:2: system: ")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:3: colour: unknown key; known are")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:5: link.bandwidth: must be a")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:7: mesh.shape[0]: must be an integer "
                                                    "from 1 to 4096, found '0'")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:8: mesh.dim_types[1]: must be line or "
                                                    "ring, found 'spiral'")));
  EXPECT_THAT(problems, testing::Contains(HasSubstr("f.yaml:9: mesh.channels: must be")));
}

struct Case {
  const char* text;
  const char* message;
};

class TtmeshYamlMistake : public testing::TestWithParam<Case> {};

TEST_P(TtmeshYamlMistake, IsNamed) {
  EXPECT_THAT([] { (void)parse(kHead + GetParam().text); },
              ThrowsMessage<InvalidFile>(HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, TtmeshYamlMistake,
    testing::Values(
        Case{"", "f.yaml:1: exactly one of the keys mesh and meshes is needed"},
        Case{"mesh: {shape: [1, 1]}\nmeshes: []\n", "exactly one of the keys mesh and meshes"},
        Case{"meshes: []\n", "f.yaml:3: meshes: is empty"},
        Case{"mesh: 7\n", "f.yaml:3: mesh: must be a map of keys and values, found '7'"},
        Case{"mesh: {}\n", "f.yaml:3: mesh.shape: is missing"},
        Case{"mesh: {shape: 4}\n", "mesh.shape: must be a list of 2 integers, found '4'"},
        Case{"mesh: {shape: [1, 2, 3]}\n", "must be a list of 2 integers, found a list of 3"},
        Case{"mesh: {shape: [1, \"2\"]}\n", "mesh.shape[1]: must be an integer"},
        Case{"mesh: {shape: [4096, 4096]}\n", "more than 65536 chips, the limit"},
        Case{"mesh: {shape: [1000000000, 1]}\n", "from 1 to 4096, found '1000000000'"},
        Case{"mesh: {shape: [1, 2], channels: 0}\n", "mesh.channels: must be 1 or more"},
        Case{"mesh: {shape: [1, 2], channels: 4000}\n", "from 0 to 1024, found '4000'"},
        Case{"mesh: {shape: [2, 4], host_shape: [1, 3]}\n",
             "mesh.host_shape: 1x3 hosts cannot share a mesh of 2x4 chips equally"},
        Case{"mesh: {shape: [2, 4], host_shape: [0, 1]}\n", "mesh.host_shape[0]: must be"},
        Case{"mesh: {shape: [2, 4], policy: lax}\n", "must be strict or relaxed, found 'lax'"},
        Case{"mesh: {shape: [2, 4], switch: maybe}\n", "must be true or false, found 'maybe'"},
        Case{"mesh: {shape: [2, 4], express: [[0, 8]]}\n",
             "mesh.express[0]: must be an integer from 0 to 7, found '8'"},
        Case{"mesh: {shape: [2, 4], express: [[3, 3]]}\n", "joins chip 3 to itself"},
        Case{"mesh: {chips: 2, shape: [1, 2]}\n", "mesh.shape: has no meaning beside chips"},
        Case{"mesh: {shape: [2, 2], links: [[0, 3, 1]]}\n",
             "mesh.links[0]: these chips are no neighbours; use express"},
        Case{"mesh: {shape: [1, 2], links: [[0, 1, 1], [1, 0, 2]]}\n", "listed already"},
        Case{"mesh: {shape: [1, 2], links: [[0, 1]]}\n", "must be [chip, chip, links]"},
        Case{"mesh: {shape: [1, 2]}\none_host: 3\n", "one_host: must be true or false"},
        Case{"mesh: {shape: [1, 2]}\nusable_links: 3\n",
             "usable_links: is 3, more than the 2 channels between neighbours"},
        Case{"link: {latency: 5}\nmesh: {shape: [1, 2]}\n", "link.latency: must be a time"},
        Case{"link: {bandwidth: 0GB/s}\nmesh: {shape: [1, 2]}\n", "must be a positive rate"},
        Case{"mesh: {shape: [1, 2]}\nconnections: [{meshes: [0, 1], links: 1}]\n",
             "connections[0].meshes[1]: must be an integer from 0 to 0"},
        Case{"mesh: {shape: [1, 2]}\nconnections: [{meshes: [0, 0], links: 1}]\n",
             "joins mesh 0 to itself"},
        Case{"mesh: {shape: [1, 2]}\nconnections: [{links: 1}]\n",
             "exactly one of the keys meshes and chips"},
        Case{"meshes: [{shape: [1, 2]}, {shape: [1, 2]}]\n"
             "connections: [{chips: [[0, 2], [2, 0]], links: 1}]\n",
             "mesh 0 of shape 1x2 has no chip 2"},
        Case{"mesh: {shape: [1, 2], shape: [1, 2]}\n", "shape: duplicate key"},
        Case{"mesh: &a {shape: [1, 2]}\n", "f.yaml:3: an anchor is not accepted"},
        Case{"mesh: *a\n", "f.yaml:3"}, Case{"mesh: !!map {shape: [1, 2]}\n", "the tag"},
        Case{"mesh: {shape: [1, 2}\n", "f.yaml:3: Invalid YAML"},
        Case{"? [a]\n: 1\n", "a key must be a word, found a list of 1"},
        Case{"mesh: {shape: [1, 2]}\n---\nmesh: 1\n", "a second YAML document"}));

TEST(TtmeshYaml, RefusesDeepNestingAtOnce) {
  EXPECT_THAT([] { (void)parse(kHead + "mesh: " + std::string(1'000'000, '[')); },
              ThrowsMessage<InvalidFile>(HasSubstr("nested deeper than 32")));
}

TEST(LoadTopology, NamesAFileThatIsNotThere) {
  EXPECT_THAT([] { (void)load_topology("no/such/file.yaml"); },
              ThrowsMessage<InvalidFile>(HasSubstr("Failed to open file: no/such/file.yaml")));
}

TEST(LoadTopology, RefusesADirectory) {
  EXPECT_THAT([] { (void)load_topology("/"); },
              ThrowsMessage<InvalidFile>(HasSubstr("is a directory")));
}

}  // namespace
}  // namespace ttmesh::mesh
