#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/ccl_command.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

}  // namespace
}  // namespace ttmesh::cli
