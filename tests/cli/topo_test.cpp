#include "cli/topo.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>

#include "cli/topo_drawing.hpp"
#include "mesh/topology/load.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

std::string shown(const std::string& topology) {
  std::ostringstream out;
  EXPECT_EQ(topo_show({.topology = topology}, out), 0);
  return out.str();
}

TEST(TopoShow, WritesItsFactsUnderTheDocumentedKeys) {
  const nlohmann::json json = json_of({"topo", "show", "t3k:1x8:ring"});
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::UnorderedElementsAre("format", "arch", "meshes", "switches", "chips",
                                                  "hosts", "chip_pairs", "links",
                                                  "inter_mesh_pairs", "inter_mesh_links", "mesh"));
  EXPECT_EQ(json["chips"], 8);
  EXPECT_EQ(json["links"], 16);
  EXPECT_EQ(json["mesh"][0]["shape"], (std::vector<int>{1, 8}));
  EXPECT_EQ(json["mesh"][0]["dim_types"], (std::vector<std::string>{"line", "ring"}));
}

TEST(TopoShow, SaysWhichSystemItTakes) {
  EXPECT_THAT(shown("tg"), HasSubstr("system  tg (Galaxy, 4U (TG)), 3 usable links"));
}

TEST(TopoShow, DrawsChipsLinksAndWraps) {
  EXPECT_THAT(shown("p150_x4"), HasSubstr("  0 ──4── 1\n  │4      │4\n  2 ──4── 3\n"));
  EXPECT_THAT(shown("t3k:1x3:ring"), HasSubstr("  ╌2╌ 0 ──2── 1 ──2── 2 ╌2╌\n"));
}

TEST(TopoShow, DrawsBordersBetweenHosts) {
  const mesh::MeshDescription mesh{.shape = {2, 2}, .host_shape = {2, 2}, .channels = 4};
  EXPECT_EQ(drawing(mesh),
            "  0 ──4┃─ 1\n"
            "  │4   ┃  │4\n"
            "  ┿━━━━━━━┿\n"
            "  2 ──4┃─ 3\n");
}

TEST(TopoShow, LeavesLargeMeshesUndrawn) {
  EXPECT_THAT(shown("galaxy:1x1024:ring"), HasSubstr("(too large to draw)"));
}

TEST(TopoShow, MarksWhatALaunchRefuses) {
  const ScratchFolder folder;
  const std::string path = folder.write(
      "odd.textproto",
      "mesh_descriptors { name: 'M0' arch: WORMHOLE_B0 device_topology { dims: [3, 5] } "
      "host_topology { dims: [1, 1] } channels { count: 1 } }\n"
      "top_level_instance { mesh { mesh_descriptor: 'M0' } }\n");
  EXPECT_THAT(shown(path), AllOf(HasSubstr("a launch would refuse this"), HasSubstr("got 3x5")));
}

TEST(TopoShow, KeepsControlCharactersOfNamesFromTheTerminal) {
  const ScratchFolder folder;
  const std::string path = folder.write(
      "name.yaml", "ttmesh: 1\nsystem: t3k\nmesh: {name: \"a\\e[2J\", shape: [1, 2]}\n");
  EXPECT_THAT(shown(path), AllOf(HasSubstr("(a?[2J)"), testing::Not(HasSubstr("\x1b"))));
}

TEST(TopoShow, WritesAGraph) {
  const Outcome outcome = ttmesh({"topo", "show", "n300", "--dot", "-"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out,
              AllOf(testing::StartsWith("graph topology {"), HasSubstr("0 -- 1 [label=2]")));
}

TEST(TopoShow, RefusesToSendTwoThingsToStdout) {
  EXPECT_EQ(ttmesh({"topo", "show", "n300", "--dot", "-", "--json", "-"}).exit_code, 2);
}

TEST(TopoShow, FailsIfItCannotWrite) {
  std::ostringstream out;
  EXPECT_THROW(topo_show({.topology = "t3k", .json = "/no/such/folder/x.json"}, out),
               std::runtime_error);
}

TEST(TopoCheck, SaysThatAFileIsValid) {
  const Outcome outcome = ttmesh({"topo", "check", TTMESH_SOURCE_DIR "/topologies/tg.yaml"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("valid"));
}

TEST(TopoCheck, ListsEveryProblemWithItsLine) {
  const ScratchFolder folder;
  const std::string path =
      folder.write("bad.yaml", "ttmesh: 1\nsystem: abacus\nmesh:\n  shape: [0, 4]\n");
  const Outcome outcome = ttmesh({"topo", "check", path});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr(path + ":2: system: "), HasSubstr(path + ":4: mesh.shape[0]: ")));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(TopoCheck, PutsTheFormatsOwnHeadingFirst) {
  const ScratchFolder folder;
  const Outcome outcome =
      ttmesh({"topo", "check", folder.write("bad.textproto", "top_level_instance { }\n")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("Failed to validate MeshGraphDescriptor textproto"),
                                 HasSubstr("There must be at least one mesh descriptor")));
}

/// A square of four Blackhole chips with one link a pair, and the descriptor of a 2x2 mesh.
const std::string kSquare =
    "arch: {0: blackhole, 1: blackhole, 2: blackhole, 3: blackhole}\n"
    "chips_with_mmio: [0, 1, 2, 3]\nethernet_connections:\n"
    " - [{chip: 0, chan: 0}, {chip: 1, chan: 0}]\n - [{chip: 1, chan: 1}, {chip: 2, chan: 0}]\n"
    " - [{chip: 2, chan: 1}, {chip: 3, chan: 0}]\n - [{chip: 3, chan: 1}, {chip: 0, chan: 1}]\n";

std::string square_mesh(const std::string& policy) {
  return "mesh_descriptors { name: 'M0' arch: BLACKHOLE device_topology { dims: [2, 2] } "
         "host_topology { dims: [1, 1] } channels { count: 2 policy: " +
         policy +
         " } }\n"
         "top_level_instance { mesh { mesh_descriptor: 'M0' } }\n";
}

TEST(TopoCheck, MapsADescriptorOntoAMachine) {
  const ScratchFolder folder;
  const std::string cluster = folder.write("c.yaml", kSquare);
  const std::string relaxed = folder.write("r.textproto", square_mesh("RELAXED"));
  const Outcome fits = ttmesh({"topo", "check", "--cluster", cluster, relaxed});
  EXPECT_EQ(fits.exit_code, 0);
  EXPECT_THAT(fits.out, HasSubstr("r.textproto: valid, and fits the machine"));
  const std::string strict = folder.write("s.textproto", square_mesh("STRICT"));
  const Outcome refused = ttmesh({"topo", "check", strict, "--cluster", cluster});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out,
              AllOf(HasSubstr("could not fit in the discovered physical topology"),
                    HasSubstr("2 channels (STRICT)"), HasSubstr("at most 1 between two chips")));
}

TEST(TopoCheck, HoldsADescriptorToAFabricConfig) {
  const std::string torus = TTMESH_SOURCE_DIR "/topologies/galaxy_8x4_torus_x.yaml";
  EXPECT_EQ(ttmesh({"topo", "check", torus, "--fabric-config", "FABRIC_2D_TORUS_X"}).exit_code, 0);
  const Outcome refused = ttmesh({"topo", "check", torus, "--fabric-config", "FABRIC_2D_TORUS_Y"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, HasSubstr("requires more connectivity than MGD provides TORUS_X"));
  EXPECT_EQ(ttmesh({"topo", "check", torus, "--fabric-config", "FABRIC"}).exit_code, 2);
}

TEST(TopoShow, SaysWhereChipsLieOnAMachine) {
  const ScratchFolder folder;
  const std::string cluster = folder.write("c.yaml", kSquare);
  const Outcome shown_there = ttmesh({"topo", "show", "p150_x4", "--cluster", cluster});
  EXPECT_EQ(shown_there.exit_code, 0) << shown_there.err;
  EXPECT_THAT(shown_there.out, HasSubstr("on the machine, row by row: "));
  const nlohmann::json json = json_of({"topo", "show", "p150_x4", "--cluster", cluster});
  EXPECT_EQ(json["mesh"][0]["machine_chips"].size(), 4);
}

TEST(TopoConvert, DropsTheRingsThatAFabricConfigLeavesOut) {
  const Outcome outcome = ttmesh({"topo", "convert", "tg", "--fabric-config", "FABRIC_2D"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("dim_types: [line, line]"));
  const Outcome refused =
      ttmesh({"topo", "convert", "n150", "--system", "t3k", "--fabric-config", "NONE"});
  EXPECT_EQ(refused.exit_code, 2);
}

TEST(TopoConvert, WritesWhatItReadsBack) {
  const ScratchFolder folder;
  const std::string path = folder.path("out.yaml");
  EXPECT_EQ(ttmesh({"topo", "convert", "tg:4x8:ring", "-o", path}).exit_code, 0);
  EXPECT_EQ(mesh::load_topology(path).edges, mesh::load_topology("tg:4x8:ring").edges);
}

TEST(TopoSvg, IsDrawnOrExplained) {
  const ScratchFolder folder;
  const std::string path = folder.path("out.svg");
  const Outcome outcome = ttmesh({"topo", "show", "n300", "--svg", path});
  if (outcome.exit_code == 0) {
    EXPECT_THAT(folder.read("out.svg"), HasSubstr("<svg"));
  } else {
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr("install the package 'graphviz'"));
  }
  EXPECT_FALSE(std::filesystem::exists(path + ".dot"));
}

}  // namespace
}  // namespace ttmesh::cli
