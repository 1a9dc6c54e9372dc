#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Arguments = std::vector<std::string>;

/// A small MLP on a mesh.
Arguments mlp(const std::string& topology, const Arguments& more = {}) {
  Arguments arguments{"run", "mlp", "-t", topology, "--dim", "256", "--hidden-dim", "512"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> keys(const nlohmann::json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

TEST(Run, JsonHasExactlyItsKeysAndNothingElseIsPrinted) {
  const nlohmann::json json = json_of(mlp("t3k", {"--print-program"}));
  EXPECT_THAT(keys(json), testing::UnorderedElementsAre("module", "topology", "mesh_shape", "chips",
                                                        "hosts", "mode", "dtype", "pcc",
                                                        "max_abs_error", "mean_abs_error", "passed",
                                                        "virtual_ns", "wall_ms", "links", "ops"));
  EXPECT_EQ(json["module"], "mlp_2d");
  EXPECT_EQ(json["topology"], "t3k");
  EXPECT_EQ(json["mesh_shape"], nlohmann::json({2, 4}));
  EXPECT_EQ(json["chips"], 8);
  EXPECT_EQ(json["hosts"], 1);
  EXPECT_EQ(json["mode"], "decode");
  EXPECT_EQ(json["dtype"], "bfp8_b");
  EXPECT_EQ(json["passed"], true);
  EXPECT_GT(json["pcc"], 0.99);
  EXPECT_GT(json["max_abs_error"], json["mean_abs_error"]);
  ASSERT_FALSE(json["links"].empty());
  EXPECT_THAT(keys(json["links"][0]),
              testing::UnorderedElementsAre("from", "to", "channel", "bytes", "busy_ns"));
  ASSERT_FALSE(json["ops"].empty());
  EXPECT_THAT(keys(json["ops"][0]), testing::UnorderedElementsAre("name", "calls", "virtual_ns"));
}

TEST(Run, WritesTheSameJsonToAFile) {
  const ScratchFolder scratch;
  const Outcome outcome = ttmesh(mlp("t3k", {"--json", scratch.path("run.json")}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  nlohmann::json file = nlohmann::json::parse(scratch.read("run.json"));
  nlohmann::json printed = json_of(mlp("t3k"));
  file.erase("wall_ms");
  printed.erase("wall_ms");
  EXPECT_EQ(file, printed);
}

TEST(Run, ReportsAccuracyTimesOpsAndLinks) {
  const Outcome outcome = ttmesh(mlp("t3k:1x8:ring", {"--weight-dtype", "mixed"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_FALSE(outcome.left_processes);
  for (const char* word : {"mlp_1d", "PCC", "max abs error", "mean abs error", "virtual time",
                           "wall time", "linear", "reduce_scatter", "0 > 1"}) {
    EXPECT_THAT(outcome.out, HasSubstr(word));
  }
}

TEST(Run, PrintsTheProgramOneCommandALine) {
  const Outcome outcome = ttmesh(mlp("t3k:1x2:line", {"--print-program"}));
  EXPECT_THAT(outcome.out, HasSubstr(" linear "));
  EXPECT_THAT(outcome.out, HasSubstr(" reduce_scatter "));
}

TEST(Run, KnowsModelsWhateverTheirCase) {
  const nlohmann::json json =
      json_of({"run", "mlp", "-t", "tg", "--model", "LLaMA-3.3-70B", "--timing-only"});
  EXPECT_EQ(json["chips"], 32);
}

/// Meshes with MLP1D, with MLP2D, upright, and a single chip.
class RunOn : public testing::TestWithParam<const char*> {};

TEST_P(RunOn, GivesOneVirtualTimeAndTraceForAnyThreadsAndTwiceInARow) {
  const ScratchFolder scratch;
  std::string first_trace;
  nlohmann::json first;
  for (const char* threads : {"1", "2", "2", "1"}) {
    const nlohmann::json json =
        json_of(mlp(GetParam(), {"--threads", threads, "--trace", scratch.path("trace.json")}));
    const std::string trace = scratch.read("trace.json");
    if (first.is_null()) {
      first = json;
      first_trace = trace;
      EXPECT_THAT(trace, HasSubstr("traceEvents"));
    }
    EXPECT_EQ(json["virtual_ns"], first["virtual_ns"]);
    EXPECT_EQ(json["pcc"], first["pcc"]);
    EXPECT_EQ(json["links"], first["links"]);
    EXPECT_TRUE(trace == first_trace);
  }
}

TEST_P(RunOn, TakesTheSameVirtualTimeWithoutValues) {
  const ScratchFolder scratch;
  const nlohmann::json with = json_of(mlp(GetParam(), {"--trace", scratch.path("with.json")}));
  const nlohmann::json without =
      json_of(mlp(GetParam(), {"--timing-only", "--trace", scratch.path("without.json")}));
  EXPECT_GT(with["virtual_ns"], 0);
  EXPECT_EQ(without["virtual_ns"], with["virtual_ns"]);
  EXPECT_EQ(without["ops"], with["ops"]);
  EXPECT_EQ(without["links"], with["links"]);
  EXPECT_TRUE(without["pcc"].is_null());
  EXPECT_TRUE(scratch.read("with.json") == scratch.read("without.json"));
}

INSTANTIATE_TEST_SUITE_P(Meshes, RunOn, testing::Values("n150", "t3k:1x8:ring", "t3k", "galaxy"));

TEST(Run, TakesLongerOverSlowerLinks) {
  const nlohmann::json usual = json_of(mlp("t3k:1x8:ring"));
  const nlohmann::json slow = json_of(mlp("t3k:1x8:ring", {"--set", "link.latency=+2us"}));
  EXPECT_GT(slow["virtual_ns"], usual["virtual_ns"]);
  EXPECT_EQ(slow["pcc"], usual["pcc"]);
}

TEST(Run, ChangesItsValuesWithTheSeedAlone) {
  const nlohmann::json one = json_of(mlp("t3k:1x2:line", {"--seed", "1"}));
  const nlohmann::json two = json_of(mlp("t3k:1x2:line", {"--seed", "2"}));
  EXPECT_NE(one["pcc"], two["pcc"]);
  EXPECT_EQ(one["virtual_ns"], two["virtual_ns"]);
}

TEST(Run, ExitsWith1WhenTheAccuracyIsMissed) {
  const Outcome outcome = ttmesh(mlp("t3k:1x2:line", {"--weight-dtype", "bfp4_b", "--pcc", "1"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("FAILED"));
}

TEST(Run, WithFloat32IsAsCloseAsFloat32Is) {
  const nlohmann::json json = json_of(mlp("galaxy", {"--weight-dtype", "f32"}));
  EXPECT_GT(json["pcc"], 0.99999);
  EXPECT_LT(json["max_abs_error"], 1e-4);
}

TEST(Run, PrefillsPromptsOfSeveralUsers) {
  const nlohmann::json json =
      json_of(mlp("t3k", {"--mode", "prefill", "--seq", "64", "--batch", "2"}));
  EXPECT_EQ(json["mode"], "prefill");
  EXPECT_EQ(json["passed"], true);
}

TEST(Run, RefusesTheClassForOtherMeshesNamingTheRightOne) {
  Arguments arguments = mlp("t3k");
  arguments[1] = "mlp_1d";
  const Outcome one_d = ttmesh(arguments);
  EXPECT_EQ(one_d.exit_code, 2);
  EXPECT_THAT(one_d.err, HasSubstr("mlp_2d"));
  arguments = mlp("t3k:1x8:ring");
  arguments[1] = "mlp_2d";
  const Outcome two_d = ttmesh(arguments);
  EXPECT_EQ(two_d.exit_code, 2);
  EXPECT_THAT(two_d.err, HasSubstr("mlp_1d"));
}

TEST(Run, RefusesDimsThatDoNotDivide) {
  const Outcome outcome =
      ttmesh({"run", "mlp", "-t", "t3k:1x8:ring", "--dim", "100", "--hidden-dim", "512"});
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("100"));
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_FALSE(outcome.left_processes);
}

TEST(Run, TooLargeForAChipExitsWith3AndListsTheOptions) {
  const Outcome outcome = ttmesh(
      {"run", "mlp", "-t", "n150", "--dim", "65536", "--hidden-dim", "262144", "--timing-only"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("out of DRAM on chip 0"));
  EXPECT_FALSE(outcome.left_processes);
}

TEST(Run, MalformedTopologyExitsWith1NamingFileLineAndField) {
  const ScratchFolder scratch;
  const std::string file = scratch.write("bad.yaml",
                                         "ttmesh: 1\n"
                                         "system: tg\n"
                                         "mesh:\n"
                                         "  shape: [4, 0]\n");
  const Outcome outcome = ttmesh(mlp(file));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":4: mesh.shape"));
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_FALSE(outcome.left_processes);
}

TEST(Run, ListsTheMeshesWhenThereAreSeveral) {
  const ScratchFolder scratch;
  const std::string file = scratch.write("two.yaml",
                                         "ttmesh: 1\n"
                                         "system: galaxy\n"
                                         "meshes:\n"
                                         "  - {name: left, shape: [2, 2]}\n"
                                         "  - {name: right, shape: [1, 4]}\n");
  const Outcome outcome = ttmesh(mlp(file));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("0 (2x2)"));
  EXPECT_THAT(outcome.err, HasSubstr("1 (1x4)"));
  EXPECT_EQ(json_of(mlp(file, {"--mesh", "0"}))["module"], "mlp_2d");
  EXPECT_EQ(json_of(mlp(file, {"--mesh", "1"}))["module"], "mlp_1d");
}

}  // namespace
}  // namespace ttmesh::cli
