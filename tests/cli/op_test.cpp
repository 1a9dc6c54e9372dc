#include "cli/op.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mesh/topology/load.hpp"
#include "sim/system.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

OpArguments matmul(std::int64_t m, std::int64_t k, std::int64_t n) {
  OpArguments arguments;
  arguments.m = m;
  arguments.k = k;
  arguments.n = n;
  return arguments;
}

OpResult run_on(const std::string& system, const OpArguments& arguments) {
  return run_matmul(arguments, mesh::load_topology(system));
}

TEST(OpMatmul, LastsWhatTheChipModelSays) {
  constexpr std::int64_t kBfp8Tile = 1088;
  constexpr std::int64_t kBfp4Tile = 576;
  for (const sim::System& system : sim::systems()) {
    OpArguments arguments = matmul(256, 1024, 2048);
    arguments.dtype = "bfp8_b";
    arguments.weight_dtype = "bfp4_b";
    arguments.fidelity = "lofi";
    arguments.in0_memory = "l1";
    arguments.out_memory = "dram";
    const sim::Cost cost =
        sim::cost(system.chip, sim::MatmulWork{.m_tiles = 8,
                                               .k_tiles = 32,
                                               .n_tiles = 64,
                                               .in0 = {kBfp8Tile, sim::BufferType::L1},
                                               .in1 = {kBfp4Tile},
                                               .out = {kBfp8Tile},
                                               .fidelity = sim::MathFidelity::LoFi});
    const OpResult result = run_on(std::string(system.name), arguments);
    EXPECT_EQ(result.time, cost.duration) << system.name;
    EXPECT_EQ(result.bound, cost.bound) << system.name;
    EXPECT_NEAR(result.tflops, 2.0 * 256 * 1024 * 2048 / static_cast<double>(cost.duration.ps()),
                1e-9);
  }
}

TEST(OpMatmul, TakesTheFastestMemoryThatFits) {
  const OpResult small = run_on("n150", matmul(1024, 1024, 1024));
  EXPECT_EQ(small.in0_memory, sim::BufferType::L1);
  for (const char* in0 : {"l1", "dram"}) {
    for (const char* out : {"l1", "dram"}) {
      OpArguments fixed = matmul(1024, 1024, 1024);
      fixed.in0_memory = in0;
      fixed.out_memory = out;
      EXPECT_LE(small.time, run_on("n150", fixed).time) << in0 << " " << out;
    }
  }
  const OpResult large = run_on("n150", matmul(16384, 16384, 16384));
  EXPECT_EQ(large.in0_memory, sim::BufferType::Dram);
  EXPECT_EQ(large.out_memory, sim::BufferType::Dram);
}

TEST(OpMatmul, IsScaledByASlowChip) {
  OpArguments arguments = matmul(512, 512, 512);
  const sim::Time usual = run_on("n150", arguments).time;
  arguments.machine.settings = {"chip.slowdown=x2"};
  EXPECT_EQ(run_on("n150", arguments).time, 2 * usual);
}

TEST(OpMatmul, RunsOnAnyChipOfALargerSystem) {
  const sim::Time tg = run_on("tg", matmul(512, 512, 512)).time;
  const sim::Time galaxies =
      run_on(TTMESH_SOURCE_DIR "/topologies/dual_galaxy.yaml", matmul(512, 512, 512)).time;
  EXPECT_GT(tg, sim::Time{});
  EXPECT_GT(galaxies, sim::Time{});
}

TEST(OpMatmul, JsonHasExactlyItsKeys) {
  const nlohmann::json json =
      json_of({"op", "matmul", "-t", "p150", "--m", "130", "--k", "64", "--n", "64", "--grid",
               "13x10", "--dtype", "bfp8_b", "--seed", "3", "--threads", "1", "--timing-only"});
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, testing::UnorderedElementsAre("op", "virtual_ns", "tflops", "bound"));
  EXPECT_EQ(json["op"], "matmul");
  EXPECT_TRUE(json["virtual_ns"].is_number_integer());
  EXPECT_TRUE(json["tflops"].is_number_float());
  EXPECT_THAT(json["bound"], testing::AnyOf("launch", "compute", "dram", "l1"));
}

TEST(OpMatmul, TooLargeForAChipExitsWith3AndListsTheOptions) {
  const Outcome outcome =
      ttmesh({"op", "matmul", "-t", "n150", "--m", "131072", "--k", "131072", "--n", "32"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, testing::HasSubstr("out of DRAM on chip 0"));
  EXPECT_THAT(outcome.err, testing::HasSubstr("lower precision"));
  EXPECT_FALSE(outcome.left_processes);
}

TEST(OpMatmul, WritesATraceOfTheOneOp) {
  const ScratchFolder scratch;
  const Outcome outcome = ttmesh({"op", "matmul", "-t", "n150", "--m", "32", "--k", "32", "--n",
                                  "32", "--trace", scratch.path("trace.json")});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const nlohmann::json trace = nlohmann::json::parse(scratch.read("trace.json"));
  int slices = 0;
  for (const nlohmann::json& event : trace["traceEvents"]) slices += event["ph"] == "X" ? 1 : 0;
  EXPECT_EQ(slices, 1);
}

}  // namespace
}  // namespace ttmesh::cli
