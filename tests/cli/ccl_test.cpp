#include "cli/ccl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "cli/byte_size.hpp"
#include "cli/ccl_dtype.hpp"
#include "cli/ccl_measure.hpp"
#include "cli/ccl_report.hpp"
#include "cli/collectives.hpp"
#include "modules/open.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// `ttmesh ccl` on a ring of four chips at two sizes, with more arguments.
std::vector<std::string> small_ccl(const std::string& collective,
                                   const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments{"ccl", collective, "-t", "t3k:1x4:ring", "-b", "4K", "-e",
                                     "16K", "-f",       "4",  "-n",           "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> data_rows(const std::string& table) {
  std::vector<std::string> rows;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() != '#') rows.push_back(line);
  }
  return rows;
}

std::vector<std::string> fields(const std::string& row) {
  std::istringstream words(row);
  return {std::istream_iterator<std::string>(words), {}};
}

std::vector<std::string> names_of_all() {
  std::vector<std::string> names;
  for (const Collective& each : collectives()) {
    if (each.extra != CclExtra::Barrier) names.emplace_back(each.name);
  }
  return names;
}

/// A mesh, as typed, and a cluster_axis where it needs one.
struct Chips {
  const char* topology;
  std::optional<int> cluster_axis;
};

void PrintTo(const Chips& chips, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << chips.topology;
}

bool takes(const std::string& collective, const std::string& dtype) {
  return !find_collective(collective).needs_rows || !mesh::is_block_float(parse_ccl_dtype(dtype));
}

// Every collective that moves values on every kind of group, with sizes that do and do not divide.
class CclValues : public testing::TestWithParam<std::tuple<std::string, Chips, std::string>> {};

TEST_P(CclValues, AreRightOnEveryChip) {
  const auto& [collective, chips, dtype] = GetParam();
  if (!takes(collective, dtype)) GTEST_SKIP() << collective << " takes no tiles";
  std::vector<std::string> arguments{"ccl",  collective, "-t",    chips.topology, "-b",
                                     "1000", "-e",       "41000", "-i",           "20000",
                                     "-n",   "1",        "-d",    dtype};
  if (chips.cluster_axis && collective != "point_to_point") {
    arguments.insert(arguments.end(), {"--cluster-axis", std::to_string(*chips.cluster_axis)});
  }
  const nlohmann::json json = json_of(arguments);
  ASSERT_EQ(json["results"].size(), 3);
  for (const nlohmann::json& result : json["results"]) {
    EXPECT_EQ(result["out_of_place"]["nwrong"], 0) << result;
    EXPECT_GT(result["out_of_place"]["time"], 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CclValues,
    testing::Combine(testing::ValuesIn(names_of_all()),
                     testing::Values(Chips{"t3k:1x8:ring", {}}, Chips{"t3k:1x3:line", {}},
                                     Chips{"n300", {}}, Chips{"t3k", {}}, Chips{"t3k", 0},
                                     Chips{"tg", 1}, Chips{"bh_galaxy:4x1", {}}),
                     testing::Values("f32", "bf16")));

INSTANTIATE_TEST_SUITE_P(
    EveryFormat, CclValues,
    testing::Combine(testing::ValuesIn(names_of_all()),
                     testing::Values(Chips{"t3k:1x8:ring", {}}, Chips{"t3k", {}}, Chips{"tg", 1}),
                     testing::Values("bfp8_b", "bfp4_b", "int32", "uint32", "uint16")));

TEST(Ccl, CountsBytesOfTheNumberFormat) {
  // dtype, size and count of 10,000 bytes: whole elements, or tiles of 1,088 and 576 bytes.
  for (const auto& [dtype, size, count] : {std::tuple("int32", 10000, 2500),
                                           {"uint16", 10000, 5000},
                                           {"bfloat16", 10000, 5000},
                                           {"bfp8_b", 9 * 1088, 9 * 1024},
                                           {"bfp4_b", 17 * 576, 17 * 1024}}) {
    const nlohmann::json json = json_of(
        {"ccl", "broadcast", "-t", "t3k:1x4:ring", "-b", "10000", "-e", "10000", "-d", dtype});
    EXPECT_EQ(json["results"][0]["size"], size) << dtype;
    EXPECT_EQ(json["results"][0]["count"], count) << dtype;
  }
}

TEST(Ccl, RoundsPartsOfBlockFloatsUpToWholeTiles) {
  const nlohmann::json json = json_of(small_ccl("all_gather", {"-d", "bfp8_b"}));
  EXPECT_EQ(json["config"]["unit_elements"], 1024);
  EXPECT_EQ(json["config"]["unit_bytes"], 1088);
  EXPECT_EQ(json["results"][0]["size"], 4 * 1088);  // 3 tiles in 4 KiB, one for each of 4 chips.
  EXPECT_EQ(json["results"][0]["count"], 1024);
  EXPECT_EQ(json["results"][1]["size"], 16 * 1088);  // 15 tiles in 16 KiB.
}

TEST(Ccl, SaysThatBlockFloatsComeInTiles) {
  const std::string note =
      "# bfp8_b exists in tiles of 1024 elements, 1088 bytes: sizes are of whole tiles\n";
  EXPECT_THAT(ttmesh(small_ccl("all_gather", {"-d", "bfp8_b"})).out, HasSubstr(note));
  EXPECT_THAT(ttmesh(small_ccl("all_gather")).out, Not(HasSubstr("whole tiles")));
}

TEST(Ccl, TakesAsLongAsTheBytesOfTheFormat) {
  // A MiB of elements: 4, 2 and 17/16 bytes of each.
  const auto time = [](const char* dtype, const char* bytes) {
    const nlohmann::json json = json_of({"ccl", "all_gather", "-t", "t3k:1x8:ring", "-b", bytes,
                                         "-e", bytes, "-n", "1", "-d", dtype, "--timing-only"});
    EXPECT_EQ(json["results"][0]["count"], 1 << 17) << dtype;
    return json["results"][0]["out_of_place"]["time"].get<double>();
  };
  EXPECT_EQ(time("int32", "4M"), time("f32", "4M"));
  EXPECT_EQ(time("uint16", "2M"), time("bf16", "2M"));
  EXPECT_LT(time("bf16", "2M"), time("f32", "4M"));
  EXPECT_LT(time("bfp8_b", "1088K"), time("bf16", "2M"));
  EXPECT_LT(time("bfp4_b", "576K"), time("bfp8_b", "1088K"));
}

TEST(Ccl, KnowsFormatsByTheNamesOfNcclTestsAndTtnn) {
  for (const auto& [alias, name] : {std::pair("float", "f32"),
                                    {"float32", "f32"},
                                    {"bfloat16", "bf16"},
                                    {"bfloat8_b", "bfp8_b"},
                                    {"bfloat4_b", "bfp4_b"},
                                    {"int32", "int32"},
                                    {"uint32", "uint32"}}) {
    EXPECT_EQ(mesh::name(parse_ccl_dtype(alias)), name);
  }
}

TEST(Ccl, AnUnknownFormatListsTheKnownOnes) {
  for (const char* dtype : {"half", "uint8", ""}) {
    const Outcome outcome = ttmesh(small_ccl("all_gather", {"-d", dtype}));
    EXPECT_EQ(outcome.exit_code, 2) << dtype;
    EXPECT_THAT(outcome.err, HasSubstr("needs f32 (float, float32), bf16 (bfloat16), bfp8_b "
                                       "(bfloat8_b), bfp4_b (bfloat4_b), int32, uint32, uint16"));
  }
}

TEST(Ccl, RefusesBlockFloatsWhereTheOpTakesRows) {
  const Outcome outcome = ttmesh(small_ccl("all_to_all_dispatch", {"-d", "bfp8_b"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("[-d] all_to_all_dispatch takes row-major tensors"));
}

TEST(Ccl, TimesABarrierWhateverSizesAreAskedFor) {
  const nlohmann::json json = json_of(small_ccl("barrier"));
  ASSERT_EQ(json["results"].size(), 1);
  const nlohmann::json& result = json["results"][0];
  EXPECT_EQ(result["size"], 0);
  EXPECT_TRUE(result["out_of_place"]["nwrong"].is_null());
  EXPECT_GT(result["out_of_place"]["time"], 0.0);
}

TEST(Ccl, SaysHowTheSignalsOfABarrierGo) {
  EXPECT_THAT(ttmesh(small_ccl("barrier")).out,
              HasSubstr("4 chips along cluster_axis 1, signals along the line\n"));
  EXPECT_THAT(ttmesh({"ccl", "barrier", "-t", "t3k"}).out,
              HasSubstr("8 chips of a 2x4 mesh, signals over a tree\n"));
}

TEST(Ccl, PrintsTheTableOfNcclTests) {
  const Outcome outcome = ttmesh(small_ccl("all_reduce"));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out,
              HasSubstr("#       size         count      type   redop    root     time "
                        "  algbw   busbw  #wrong     time   algbw   busbw  #wrong"));
  EXPECT_THAT(outcome.out, HasSubstr("# Out of bounds values : 0 OK\n"));
  EXPECT_THAT(outcome.out, HasSubstr("# Avg bus bandwidth    : "));
  const std::vector<std::string> rows = data_rows(outcome.out);
  ASSERT_EQ(rows.size(), 2);
  // "%12li  %12li  %8s  %6s  %6s", then "  %7s  %6s  %6s  %6g" twice, then the wall clock.
  EXPECT_EQ(rows[0].substr(0, 54), "        4096          1024       f32     sum      -1  ");
  EXPECT_EQ(rows[1].substr(0, 54), "       16384          4096       f32     sum      -1  ");
  for (const std::string& row : rows) {
    EXPECT_EQ(row.substr(77, 8), "       0") << row;
    EXPECT_EQ(row.substr(85, 33), "      N/A     N/A     N/A     N/A") << row;
    EXPECT_EQ(fields(row).size(), 14) << row;
  }
}

TEST(Ccl, SaysThatItTakesARingWhereTheLineIsClosed) {
  EXPECT_THAT(ttmesh(small_ccl("all_gather")).out, HasSubstr("ring (the line is closed)"));
  EXPECT_THAT(ttmesh(small_ccl("all_gather", {"--topology", "linear"})).out,
              HasSubstr("linear, 1 link\n"));
  EXPECT_THAT(ttmesh({"ccl", "all_gather", "-t", "t3k:1x4:line", "-b", "4K", "-e", "4K"}).out,
              HasSubstr("linear (the line is open)"));
}

TEST(Ccl, SaysThatARingOfTwoIsALine) {
  EXPECT_THAT(
      ttmesh({"ccl", "all_gather", "-t", "n300", "-b", "4K", "-e", "4K", "--topology", "ring"}).out,
      HasSubstr("2 chips along cluster_axis 1, linear"));
}

TEST(Ccl, GoesOnWithALinkDown) {
  const Outcome outcome = ttmesh(small_ccl("all_reduce", {"--set", "link(0-1).down=true"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("# Out of bounds values : 0 OK\n"));
  EXPECT_THAT(outcome.out, HasSubstr(", linear"));
}

TEST(Ccl, ReportsBusBandwidthAsNcclTestsDefinesIt) {
  for (const auto& [collective, factor] :
       {std::pair("all_gather", 0.75), {"reduce_scatter", 0.75}, {"all_reduce", 1.5}}) {
    const nlohmann::json json = json_of(small_ccl(collective));
    EXPECT_EQ(json["results"].size(), 2);
    for (const nlohmann::json& result : json["results"]) {
      const nlohmann::json& half = result["out_of_place"];
      EXPECT_NEAR(half["alg_bw"].get<double>(),
                  result["size"].get<double>() * 1e-3 / half["time"].get<double>(), 1e-9);
      EXPECT_NEAR(half["bus_bw"].get<double>(), factor * half["alg_bw"].get<double>(), 1e-9);
    }
  }
}

TEST(Ccl, CountsPartsWhereNcclTestsDoes) {
  EXPECT_EQ(json_of(small_ccl("all_gather"))["results"][0]["count"], 256);
  EXPECT_EQ(json_of(small_ccl("reduce_scatter"))["results"][0]["count"], 256);
  EXPECT_EQ(json_of(small_ccl("all_reduce"))["results"][0]["count"], 1024);
  EXPECT_EQ(json_of(small_ccl("all_gather"))["results"][0]["size"], 4096);
}

TEST(Ccl, JsonHasTheKeysOfNcclTests) {
  const nlohmann::ordered_json json =
      nlohmann::ordered_json::parse(ttmesh(small_ccl("all_gather", {"-J", "-"})).out);
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("version", "start_time", "args", "config", "results",
                                "out_of_bounds", "average_bus_bandwidth", "end_time"));
  for (const auto& result : json["results"]) {
    for (const char* key :
         {"size", "count", "type", "redop", "root", "out_of_place", "in_place", "wall_us"}) {
      EXPECT_TRUE(result.contains(key)) << key;
    }
    for (const char* half : {"out_of_place", "in_place"}) {
      for (const char* key : {"time", "alg_bw", "bus_bw", "nwrong"}) {
        EXPECT_TRUE(result[half].contains(key)) << half << " " << key;
      }
    }
    EXPECT_GT(result["wall_us"], 0.0);
  }
  EXPECT_EQ(json["out_of_bounds"]["count"], 0);
  EXPECT_EQ(json["args"][1], "all_gather");
}

TEST(Ccl, WritesJsonToAFileAndKeepsTheTable) {
  const ScratchFolder scratch;
  const Outcome outcome = ttmesh(small_ccl("all_gather", {"-J", scratch.path("x.json")}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(data_rows(outcome.out).size(), 2);
  EXPECT_EQ(nlohmann::json::parse(scratch.read("x.json"))["results"].size(), 2);
}

TEST(Ccl, TakesTheSameTimeWithAndWithoutValuesAndThreads) {
  const nlohmann::json usual = json_of(small_ccl("all_reduce"))["results"];
  const nlohmann::json one = json_of(small_ccl("all_reduce", {"--threads", "1"}))["results"];
  const nlohmann::json timing = json_of(small_ccl("all_reduce", {"--timing-only"}))["results"];
  for (std::size_t i = 0; i < usual.size(); ++i) {
    EXPECT_EQ(usual[i]["out_of_place"]["time"], one[i]["out_of_place"]["time"]);
    EXPECT_EQ(usual[i]["out_of_place"]["time"], timing[i]["out_of_place"]["time"]);
    EXPECT_TRUE(timing[i]["out_of_place"]["nwrong"].is_null());
  }
}

TEST(Ccl, LeavesValuesUncheckedWhenAskedTo) {
  const std::vector<std::string> rows = data_rows(ttmesh(small_ccl("all_gather", {"-c", "0"})).out);
  ASSERT_EQ(rows.size(), 2);
  EXPECT_EQ(fields(rows[0])[8], "N/A");
}

TEST(Ccl, ASlowerLinkTakesLonger) {
  const auto time = [](const std::vector<std::string>& more) {
    return json_of(small_ccl("all_gather", more))["results"][0]["out_of_place"]["time"]
        .get<double>();
  };
  EXPECT_GT(time({"--set", "link.latency=+10us"}), time({}) + 10);
}

TEST(Ccl, TracesAllSizesOnOneClock) {
  const ScratchFolder scratch;
  const Outcome outcome = ttmesh(small_ccl("all_gather", {"--trace", scratch.path("t.json")}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  int gathers = 0;
  double last = -1;
  const nlohmann::json trace = nlohmann::json::parse(scratch.read("t.json"));
  for (const nlohmann::json& event : trace["traceEvents"]) {
    if (event["ph"] != "X") continue;
    EXPECT_GE(event["ts"].get<double>(), last);
    last = event["ts"].get<double>();
    gathers += event["tid"] == 0 ? 1 : 0;
  }
  EXPECT_EQ(gathers, 4);  // Two sizes, two iterations, on chip 0.
}

TEST(Ccl, SaysWhichAlgorithmRanAndWhy) {
  const nlohmann::json usual = json_of(small_ccl("all_gather"))["results"][0];
  EXPECT_EQ(usual["algorithm"], "ring");
  EXPECT_NE(usual["reason"], "");
  const nlohmann::json line = json_of(small_ccl("all_gather", {"--algorithm", "line"}))["results"];
  EXPECT_EQ(line[0]["algorithm"], "line");
  EXPECT_THAT(ttmesh(small_ccl("all_gather")).out, HasSubstr("# algorithm: ring, "));
}

TEST(Ccl, TheFastestAlgorithmIsNoSlowerThanAnyOther) {
  const auto time = [](const std::string& algorithm) {
    const nlohmann::json json = json_of(small_ccl("all_gather", {"--algorithm", algorithm}));
    return json["results"][0]["out_of_place"]["time"].get<double>();
  };
  const double fastest = time("fastest");
  for (const char* algorithm : {"ring", "line", "ring_one_way"}) {
    EXPECT_LE(fastest, time(algorithm)) << algorithm;
  }
}

TEST(Ccl, AnUnknownAlgorithmListsTheKnownOnes) {
  const Outcome outcome = ttmesh(small_ccl("all_gather", {"--algorithm", "magic"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("ring_one_way"));
}

TEST(Ccl, BroadcastsFromAnyChip) {
  for (const char* root : {"0", "3"}) {
    const nlohmann::json json = json_of(small_ccl("broadcast", {"--root", root}));
    EXPECT_EQ(json["out_of_bounds"]["count"], 0);
    EXPECT_EQ(std::stoi(json["results"][0]["root"].get<std::string>()), std::stoi(root));
  }
}

TEST(Ccl, SendsFartherForLonger) {
  const auto time = [](const char* to) {
    const nlohmann::json json = json_of(
        {"ccl", "point_to_point", "-t", "tg", "-b", "4K", "-e", "4K", "--from", "1", "--to", to});
    EXPECT_EQ(json["out_of_bounds"]["count"], 0);
    return json["results"][0]["out_of_place"]["time"].get<double>();
  };
  EXPECT_LT(time("2"), time("31"));
}

TEST(Ccl, SendsBetweenMeshes) {
  const Outcome outcome =
      ttmesh({"ccl", "point_to_point", "-t", TTMESH_SOURCE_DIR "/topologies/galaxy_pair.yaml",
              "--from", "60", "--to", "0", "-b", "4K", "-e", "4K"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("from chip 60 to chip 0, "));
}

TEST(Ccl, OutOfMemoryExitsWith3) {
  const Outcome outcome = ttmesh({"ccl", "all_gather", "-t", "t3k:1x8:ring", "-b", "1G", "-e",
                                  "256G", "-f", "256", "-n", "1", "--timing-only"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(data_rows(outcome.out).size(), 1);
  EXPECT_THAT(outcome.err, HasSubstr("out of DRAM"));
}

std::vector<std::int64_t> zeros(const CclBuffers& buffers, const CclCall&, int, int) {
  return std::vector<std::int64_t>(static_cast<std::size_t>(buffers.part * buffers.groups.size()));
}

TEST(Ccl, CountsEveryWrongElementOnEveryChip) {
  mesh::MeshDevice device = modules::open("t3k:1x4:ring");
  Collective false_claim = find_collective("all_gather");
  false_claim.expected = zeros;
  const CclCall call{.groups = {device.shape(), 1}};
  const CclResult result = measure(device, {.collective = &false_claim, .call = call}, 4096);
  EXPECT_EQ(result.wrong, 4 * 1024);  // None of the values happens to be zero.
  EXPECT_EQ(wrong_in_all({result, result}), 8 * 1024);
}

TEST(CclBuffers, HaveSumsThatAreExactForAnyNumberOfChips) {
  for (const mesh::DataType dtype : {mesh::DataType::Bfloat16, mesh::DataType::Bfp8B,
                                     mesh::DataType::Bfp4B, mesh::DataType::UInt16}) {
    for (const int chips : {2, 8, 32, 1000}) {
      const CclBuffers buffers{
          .groups = {{1, chips}, 1}, .part = 1024, .dtype = dtype, .adds = true};
      std::int64_t largest = 0;
      for (std::int64_t i = 0; i < 200; ++i) {
        std::int64_t magnitudes = 0;
        for (int chip = 0; chip < chips; ++chip) magnitudes += std::abs(buffers.value(chip, i));
        largest = std::max(largest, magnitudes);
      }
      EXPECT_LE(largest, largest_exact(dtype)) << mesh::name(dtype) << " " << chips;
      EXPECT_GT(largest, 0);
    }
  }
}

TEST(ByteSize, IsReadAsNcclTestsReadsIt) {
  EXPECT_EQ(parse_byte_size("-b", "512"), 512);
  EXPECT_EQ(parse_byte_size("-b", "4K"), 4096);
  EXPECT_EQ(parse_byte_size("-b", "1.5m"), 3 << 19);
  EXPECT_EQ(parse_byte_size("-b", "2G"), std::int64_t{2} << 30);
  EXPECT_EQ(parse_byte_size("-b", "1T"), std::int64_t{1} << 40);
  for (const char* wrong : {"", "K", "-1", "0", "0.1", "4KB", "1/2K", "2T", "1e3", "four",
                            "99999999999999999999", "0.000000000000000001T"}) {
    EXPECT_THROW((void)parse_byte_size("-b", wrong), std::invalid_argument) << wrong;
  }
}

TEST(ByteSize, IsWrittenForPeople) {
  EXPECT_EQ(byte_size_text(64), "64 B");
  EXPECT_EQ(byte_size_text(4096), "4 KiB");
  EXPECT_EQ(byte_size_text(3 << 19), "1.5 MiB");
  EXPECT_EQ(byte_size_text(std::int64_t{1} << 30), "1 GiB");
}

TEST(CclBuffers, TakeRowsAsLongAsTiles) {
  EXPECT_EQ(row_length(1), 1);
  EXPECT_EQ(row_length(512), 512);
  EXPECT_EQ(row_length(1 << 20), 1024);
  EXPECT_EQ(row_length(3000), 1000);
  EXPECT_EQ(row_length(2053), 2053);  // A prime.
}

}  // namespace
}  // namespace ttmesh::cli
