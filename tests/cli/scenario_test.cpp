#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Arguments = std::vector<std::string>;

std::string example(const std::string& name) {
  return std::string(TTMESH_SOURCE_DIR) + "/topologies/scenarios/" + name;
}

/// A small MLP on a ring of eight.
Arguments mlp(const Arguments& more, const std::string& topology = "t3k:1x8:ring") {
  Arguments arguments{"run", "mlp", "-t", topology, "--dim", "256", "--hidden-dim", "512"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

class Example : public testing::TestWithParam<const char*> {};

TEST_P(Example, GivesTheSamePicosecondsForAnyThreadsAndWithoutValues) {
  const ScratchFolder scratch;
  const auto run = [&](const Arguments& more) {
    Arguments arguments =
        mlp({"--scenario", example(GetParam()), "--trace", scratch.path("trace.json")});
    arguments.insert(arguments.end(), more.begin(), more.end());
    nlohmann::json json = json_of(arguments);
    json["trace"] = scratch.read("trace.json");
    return json;
  };
  const nlohmann::json one = run({"--threads", "1"});
  for (const Arguments& more :
       {Arguments{"--threads", "2"}, Arguments{"--threads", "4"}, Arguments{"--timing-only"}}) {
    const nlohmann::json other = run(more);
    EXPECT_EQ(other["virtual_ns"], one["virtual_ns"]);
    EXPECT_EQ(other["links"], one["links"]);
    EXPECT_EQ(other["ops"], one["ops"]);
    EXPECT_TRUE(other["trace"] == one["trace"]);
  }
}

TEST_P(Example, ChangesTimesAndNotValues) {
  // Without its wrap link a ring adds as a line does.
  const bool open = std::string(GetParam()) == "open_ring.yaml";
  const nlohmann::json usual = json_of(mlp({}, open ? "t3k:1x8:line" : "t3k:1x8:ring"));
  const nlohmann::json perturbed = json_of(mlp({"--scenario", example(GetParam())}));
  for (const char* key : {"pcc", "max_abs_error", "mean_abs_error"}) {
    EXPECT_EQ(perturbed[key], usual[key]) << key;
  }
  // A T3K uses one of its links anyway.
  const bool same = open || std::string(GetParam()) == "single_links.yaml";
  EXPECT_EQ(perturbed["virtual_ns"] == usual["virtual_ns"], same);
}

INSTANTIATE_TEST_SUITE_P(Files, Example,
                         testing::Values("bad_cable.yaml", "open_ring.yaml", "single_links.yaml",
                                         "slow_cables.yaml", "slow_host.yaml", "straggler.yaml"));

TEST(ScenarioExamples, AreAllTested) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(example(""))) {
    EXPECT_EQ(entry.path().extension(), ".yaml");
    ++files;
  }
  EXPECT_EQ(files, 6);
}

TEST(ScenarioFile, ComesBeforeArguments) {
  const ScratchFolder scratch;
  const std::string file = scratch.write("s.yaml", "scenario: 1\nset:\n- link: {latency: 1us}\n");
  const nlohmann::json both =
      json_of(mlp({"--timing-only", "--set", "link.latency=x3", "--scenario", file}));
  const nlohmann::json typed = json_of(mlp({"--timing-only", "--set", "link.latency=3us"}));
  EXPECT_EQ(both["virtual_ns"], typed["virtual_ns"]);
}

TEST(ScenarioFile, SaysTheSameAsArguments) {
  const ScratchFolder scratch;
  const std::string file = scratch.write("s.yaml",
                                         "scenario: 1\n"
                                         "set:\n"
                                         "- link(0-1): {loss: 1%, jitter: 1us}\n"
                                         "- chip(2): {slowdown: 3}\n");
  const nlohmann::json from_file = json_of(mlp({"--timing-only", "--scenario", file}));
  const nlohmann::json typed =
      json_of(mlp({"--timing-only", "--set", "link(0-1).loss=1%", "--set", "link(0-1).jitter=1us",
                   "--set", "chip(2).slowdown=3"}));
  EXPECT_EQ(from_file["virtual_ns"], typed["virtual_ns"]);
  EXPECT_EQ(from_file["links"], typed["links"]);
}

TEST(ScenarioFile, SlowsAnOpOfOneChip) {
  const ScratchFolder scratch;
  const std::string file =
      scratch.write("s.yaml", "scenario: 1\nset: [{chip(0): {slowdown: 2}}]\n");
  Arguments arguments{"op", "matmul", "-t", "t3k", "--m", "512", "--k", "512", "--n", "512"};
  const auto usual = json_of(arguments)["virtual_ns"].get<std::int64_t>();
  arguments.insert(arguments.end(), {"--scenario", file});
  const auto slow = json_of(arguments)["virtual_ns"].get<std::int64_t>();
  EXPECT_NEAR(static_cast<double>(slow), 2.0 * static_cast<double>(usual), 2);
}

/// Microseconds of a collective of 1 MiB on a ring of four chips.
double time_of(const Arguments& collective, const Arguments& settings,
               const std::string& topology = "t3k:1x4:ring") {
  Arguments arguments{"ccl"};
  arguments.insert(arguments.end(), collective.begin(), collective.end());
  arguments.insert(arguments.end(), {"-t", topology, "-b", "1M", "-e", "1M", "-n", "1"});
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  return json_of(arguments)["results"][0]["out_of_place"]["time"].get<double>();
}

TEST(OneDirection, OfALinkSlowsTheRingThatGoesThatWay) {
  const Arguments one_way{"all_gather", "--algorithm", "ring_one_way"};
  const double usual = time_of(one_way, {});
  EXPECT_GT(time_of(one_way, {"link(1->2).bandwidth=x1/2"}), usual);
  EXPECT_EQ(time_of(one_way, {"link(2->1).bandwidth=x1/2"}), usual);
  EXPECT_EQ(time_of(one_way, {"link(1->2).bandwidth=x1/2", "link(2->1).bandwidth=x1/2"}),
            time_of(one_way, {"link(1-2).bandwidth=x1/2"}));
  // The usual ring goes both ways.
  EXPECT_GT(time_of({"all_gather"}, {"link(2->1).bandwidth=x1/2"}), time_of({"all_gather"}, {}));
}

TEST(OneDirection, SlowsWhatIsSentThatWay) {
  const Arguments there{"point_to_point", "--from", "0", "--to", "1"};
  const Arguments back{"point_to_point", "--from", "1", "--to", "0"};
  const double usual = time_of(there, {});
  EXPECT_EQ(time_of(back, {}), usual);
  for (const std::string field : {"bandwidth=x1/4", "loss=10%"}) {
    const Arguments settings{"link(0->1)." + field};
    EXPECT_GT(time_of(there, settings), usual) << field;
    EXPECT_LT(time_of(back, settings), time_of(there, settings)) << field;
  }
  EXPECT_EQ(time_of(back, {"link(0->1).bandwidth=x1/4"}), usual);
}

TEST(OneDirection, IsSaidAlikeInAFile) {
  const ScratchFolder scratch;
  scratch.write("one.yaml",
                "scenario: 1\nset:\n"
                "  - link(0->1): {latency: +3us}\n"
                "  - link(1->0#0): {bandwidth: x1/2}\n");
  const Arguments settings{"link(0->1).latency=+3us", "link(1->0#0).bandwidth=x1/2"};
  const double typed = time_of({"all_reduce"}, settings);
  EXPECT_EQ(time_of({"all_reduce", "--scenario", scratch.path("one.yaml")}, {}), typed);
  EXPECT_GT(typed, time_of({"all_reduce"}, {}));
}

TEST(OneDirection, IsSweptLikeAnyOtherSetting) {
  const ScratchFolder scratch;
  const Outcome outcome =
      ttmesh({"sweep", "--over", "link(0->1).latency=+0us,+5us", "--csv", scratch.path("s.csv"),
              "--", "ccl", "all_gather", "-t", "t3k:1x4:ring", "-b", "4K", "-e", "4K"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(scratch.read("s.csv"), HasSubstr("link(0->1).latency,"));
}

TEST(OneDirection, ThatMatchesNothingSaysSo) {
  for (const auto& [setting, what] :
       {std::pair("link(0->2).latency=+1us", "selects no link of t3k:1x4:ring"),
        {"link(0->1#9).latency=+1us", "the link has no channel 9"},
        {"link(0->1).channels=2", "link(0-1) is needed"}}) {
    const Outcome outcome = ttmesh(
        {"ccl", "all_gather", "-t", "t3k:1x4:ring", "-b", "4K", "-e", "4K", "--set", setting});
    EXPECT_EQ(outcome.exit_code, 2) << setting;
    EXPECT_THAT(outcome.err, HasSubstr(what)) << setting;
  }
}

TEST(Seed, ChangesWhatIsDrawn) {
  const Arguments jitter{"--timing-only", "--set", "link.jitter=1us"};
  const auto time = [&](Arguments more, const char* seed) {
    more.insert(more.end(), {"--seed", seed});
    return json_of(mlp(more))["virtual_ns"].get<std::int64_t>();
  };
  EXPECT_NE(time(jitter, "1"), time(jitter, "2"));
  EXPECT_EQ(time(jitter, "1"), time(jitter, "1"));
  EXPECT_EQ(time({"--timing-only"}, "1"), time({"--timing-only"}, "2"));
}

TEST(ScenarioFile, ExitsWith1NamingEveryMistake) {
  const ScratchFolder scratch;
  const std::string file = scratch.write("bad.yaml",
                                         "scenario: 1\n"
                                         "set:\n"
                                         "  - link: {latency: 2}\n"
                                         "  - wire: {latency: 2us}\n");
  const Outcome outcome = ttmesh(mlp({"--scenario", file}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":3: set[0].link.latency: the value is '2'"));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":4: set[1].wire: 'wire' selects nothing"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

TEST(ScenarioFile, ExitsWith1WhenItDoesNotFitTheMachine) {
  const ScratchFolder scratch;
  const std::string file = scratch.write("misfit.yaml",
                                         "scenario: 1\n"
                                         "set:\n"
                                         "  - link(0-5): {latency: 2us}\n"
                                         "  - chip(8): {slowdown: 2}\n");
  const Outcome outcome = ttmesh(mlp({"--scenario", file}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(file + ":3: set[0].link(0-5).latency: selects no link"));
  EXPECT_THAT(outcome.err, HasSubstr(file + ":4: set[1].chip(8).slowdown: selects chip 8"));
  EXPECT_FALSE(outcome.left_processes);
}

TEST(ScenarioFile, ExitsWith1WhenItIsMissing) {
  const Outcome outcome = ttmesh(mlp({"--scenario", "/nonexistent/s.yaml"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("/nonexistent/s.yaml"));
}

class LinkDown : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(LinkDown, IsGoneRoundWithoutHarmToTheValues) {
  const auto [topology, link] = GetParam();
  const std::string setting = std::string(link) + ".down=true";
  const nlohmann::json usual = json_of(mlp({}, topology));
  const nlohmann::json one = json_of(mlp({"--set", setting, "--threads", "1"}, topology));
  const nlohmann::json two = json_of(mlp({"--set", setting, "--threads", "2"}, topology));
  EXPECT_GT(one["virtual_ns"], usual["virtual_ns"]);
  EXPECT_EQ(two["virtual_ns"], one["virtual_ns"]);
  EXPECT_EQ(two["links"], one["links"]);
  EXPECT_EQ(two["pcc"], one["pcc"]);
  // Sums are added in another order.
  EXPECT_NEAR(one["pcc"].get<double>(), usual["pcc"].get<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Meshes, LinkDown,
                         testing::Values(std::pair("t3k:1x8:ring", "link(2-3)"),
                                         std::pair("t3k", "link(1-2)"),
                                         std::pair("tg", "link(9-17)"),
                                         std::pair("tg", "link(0-1)")));

TEST(Settings, LeaveAModuleTheLinksThatAllNeighboursHave) {
  const nlohmann::json json =
      json_of(mlp({"--timing-only", "--set", "link(0-1).channels=1"}, "tg"));
  for (const nlohmann::json& link : json["links"]) {
    if (link["channel"] > 0) {
      EXPECT_EQ(link["bytes"], 0);
    }
  }
}

TEST(Settings, ExitWith2WhenTyped) {
  for (const char* text : {"link.speed=2us", "link(0-5).latency=2us", "link.loss=60%"}) {
    const Outcome outcome = ttmesh(mlp({"--set", text}));
    EXPECT_EQ(outcome.exit_code, 2) << text;
    EXPECT_THAT(outcome.err, HasSubstr(text));
  }
}

}  // namespace
}  // namespace ttmesh::cli
