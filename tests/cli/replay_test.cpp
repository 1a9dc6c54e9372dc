#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;
using testing::StartsWith;
using Arguments = std::vector<std::string>;
using Json = nlohmann::ordered_json;
using Lines = std::vector<Json>;

Arguments joined(Arguments arguments, const Arguments& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Arguments small_mlp(const std::string& topology) {
  return {"run", "mlp", "-t", topology, "--dim", "256", "--hidden-dim", "512"};
}

/// A recording, and the JSON of the command that it is of.
struct Recorded {
  explicit Recorded(const Arguments& command)
      : json(json_of(joined(command, {"--record", scratch.path("r.jsonl")}))) {}

  nlohmann::json replayed(const Arguments& more) const {
    return json_of(joined({"replay", scratch.path("r.jsonl")}, more));
  }
  /// What becomes of the recording when it is replayed with some lines changed.
  Outcome edited(const std::string& topology, const std::function<void(Lines&)>& edit) const {
    Lines lines;
    std::istringstream text(scratch.read("r.jsonl"));
    for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
    edit(lines);
    std::string out;
    for (const Json& line : lines) out += line.dump() + "\n";
    return ttmesh({"replay", scratch.write("e.jsonl", out), "-t", topology});
  }

  ScratchFolder scratch;
  nlohmann::json json;
};

/// The first line of an op in a recording.
std::ptrdiff_t line_of(const Lines& lines, const std::string& op) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].value("op", "") == op) return static_cast<std::ptrdiff_t>(i);
  }
  ADD_FAILURE() << "no " << op;
  return 0;
}

Json& command_of(Lines& lines, const std::string& op) {
  return lines[static_cast<std::size_t>(line_of(lines, op))];
}

class ReplayedRun : public testing::TestWithParam<const char*> {};

TEST_P(ReplayedRun, TakesAsLongAsTheRun) {
  const Recorded recorded(joined(small_mlp(GetParam()), {"--timing-only"}));
  const nlohmann::json replayed = recorded.replayed({"-t", GetParam()});
  EXPECT_EQ(replayed["virtual_ns"], recorded.json["virtual_ns"]);
  EXPECT_EQ(replayed["ops"], recorded.json["ops"]);
}

INSTANTIATE_TEST_SUITE_P(Meshes, ReplayedRun, testing::Values("t3k", "tg", "t3k:1x8:ring"));

TEST(Replay, NeedsNoValuesThatTheRunHad) {
  const Recorded recorded(small_mlp("t3k"));
  EXPECT_EQ(recorded.replayed({"-t", "t3k"})["virtual_ns"], recorded.json["virtual_ns"]);
}

TEST(Replay, DrawsTheSameJitterAndLosses) {
  const Arguments settings{"--set", "link.jitter=1us", "--set", "link(0->1).loss=1e-2", "--seed",
                           "7"};
  const Recorded recorded(joined(small_mlp("t3k:1x8:ring"), settings));
  const nlohmann::json replayed = recorded.replayed(joined({"-t", "t3k:1x8:ring"}, settings));
  EXPECT_EQ(replayed["virtual_ns"], recorded.json["virtual_ns"]);
  EXPECT_NE(recorded.replayed({"-t", "t3k:1x8:ring"})["virtual_ns"], replayed["virtual_ns"]);
}

class ReplayedCcl : public testing::TestWithParam<const char*> {};

TEST_P(ReplayedCcl, TakesAsLongAtEverySize) {
  const Recorded recorded({"ccl", GetParam(), "-t", "t3k:1x8:ring", "-b", "4K", "-e", "64K", "-f",
                           "4", "-n", "3", "--timing-only"});
  const nlohmann::json replayed = recorded.replayed({"-t", "t3k:1x8:ring"});
  const nlohmann::json& results = recorded.json["results"];
  ASSERT_EQ(replayed["parts"].size(), results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const double ns = results[i]["out_of_place"]["time"].get<double>() * 3 * 1e3;
    EXPECT_NEAR(replayed["parts"][i].get<double>(), ns, 1.0);  // Whole nanoseconds.
  }
}

INSTANTIATE_TEST_SUITE_P(Collectives, ReplayedCcl,
                         testing::Values("all_reduce", "all_to_all_dispatch", "point_to_point",
                                         "barrier"));

TEST(Replay, TakesWhatOpAndGenerateRecord) {
  const Recorded op({"op", "matmul", "-t", "n150", "--m", "64", "--k", "64", "--n", "64"});
  EXPECT_EQ(op.replayed({"-t", "n150"})["virtual_ns"], op.json["virtual_ns"]);
  const Recorded generated({"generate", "--model", "llama-3.2-1b", "--layers", "1", "-t", "n300",
                            "--timing-only", "--max-new-tokens", "3"});
  EXPECT_EQ(generated.replayed({"-t", "n300"})["virtual_ns"], generated.json["virtual_ns"]);
}

TEST(Replay, RunsOnSeveralHosts) {
  const Recorded recorded(small_mlp("t3k"));
  EXPECT_EQ(recorded.replayed({"-t", "t3k", "--hosts", "2"})["virtual_ns"],
            recorded.json["virtual_ns"]);
}

TEST(Replay, IsSlowerWhereLinksAre) {
  const Recorded recorded(joined(small_mlp("t3k"), {"--timing-only"}));
  EXPECT_GT(recorded.replayed({"-t", "t3k", "--set", "link.latency=+5us"})["virtual_ns"],
            recorded.json["virtual_ns"]);
}

TEST(Recording, HasWhatTheMeasuredCommandsDependOnAndNoMore) {
  const Recorded recorded(joined(small_mlp("t3k"), {"--timing-only"}));
  std::istringstream text(recorded.scratch.read("r.jsonl"));
  std::vector<std::string> ops;
  bool measures = false;
  int before = 0;
  for (std::string line; std::getline(text, line);) {
    const Json json = Json::parse(line);
    measures = measures || json.value("measure", "") == "begin";
    before += json.contains("op") && !measures ? 1 : 0;
  }
  EXPECT_EQ(before, 4);  // Three weights and an input, without the pass that warms up.
}

/// An edit that the loader sees, and what it says.
struct Mistake {
  const char* name;
  std::function<void(Lines&)> edit;
  const char* says;
};

const std::vector<Mistake>& mistakes() {
  static const std::vector<Mistake> kAll{
      {"LineDropped", [](Lines& lines) { lines.erase(lines.begin() + 2); },
       "no earlier line makes"},
      {"MeasuredLineDropped",
       [](Lines& lines) { lines.erase(lines.begin() + line_of(lines, "mul")); },
       "number: is 22 after 20"},
      {"LastLineDropped", [](Lines& lines) { lines.erase(lines.end() - 2); },
       "e.jsonl:1: commands: is 15, but there are 14"},
      {"DtypeChanged",
       [](Lines& lines) { command_of(lines, "all_gather")["outputs"][0]["dtype"] = "f32"; },
       "outputs[0].dtype: is f32, but all_gather makes bfp8_b"},
      {"UnknownInput", [](Lines& lines) { command_of(lines, "all_gather")["inputs"][0] = 99; },
       "inputs[0]: is tensor 99, which no earlier line makes"},
      {"InputMissing", [](Lines& lines) { command_of(lines, "linear")["inputs"].erase(1); },
       "attributes: [linear] input b"},
      {"NoInputs",
       [](Lines& lines) { command_of(lines, "reduce_scatter")["inputs"] = Json::array(); },
       "attributes: "},
      {"ViewShrunk",
       [](Lines& lines) {
         command_of(lines, "all_gather")["view"]["shape"] = {1, 4};
       },
       "view: is mesh 0, 1x4 at row 0, column 0, but tensor 21 is on mesh 0, 2x4"},
      {"ViewOfFirstShrunk",
       [](Lines& lines) {
         command_of(lines, "random_normal")["view"]["shape"] = {1, 4};
       },
       "outputs[0].mesh: is 2x4, but the command runs on mesh 0, 1x4"},
      {"ViewTooLarge",
       [](Lines& lines) {
         command_of(lines, "all_gather")["view"]["shape"] = {3, 4};
       },
       "view: [submesh] 3x4"},
      {"NoSuchMesh", [](Lines& lines) { lines[1]["view"]["mesh"] = 7; }, "view.mesh: is 7"},
      {"AttributeMissing",
       [](Lines& lines) { command_of(lines, "all_gather")["attributes"].erase("dim"); },
       "attributes: [Attributes::get] 'dim' is absent"},
      {"AttributeOfAnotherKind",
       [](Lines& lines) { command_of(lines, "all_gather")["attributes"]["dim"] = "3"; },
       "attributes: [Attributes::get] 'dim' is absent or of another kind"},
      {"AxisOutOfRange",
       [](Lines& lines) { command_of(lines, "all_gather")["attributes"]["cluster_axis"] = 9; },
       "cluster_axis is 9"},
      {"NoLinks",
       [](Lines& lines) { command_of(lines, "all_gather")["attributes"]["num_links"] = 0; },
       "attributes.num_links: is 0"},
      {"RingOnALine",
       [](Lines& lines) { command_of(lines, "all_gather")["attributes"]["algorithm"] = "ring"; },
       "attributes: a ring is needed"},
      {"UnknownAlgorithm",
       [](Lines& lines) { command_of(lines, "all_gather")["attributes"]["algorithm"] = "magic"; },
       "no algorithm is called 'magic'"},
      {"UnknownOp", [](Lines& lines) { command_of(lines, "mul")["op"] = "zap"; },
       "op: [OpTable] no op is called 'zap'"},
      {"UnknownField", [](Lines& lines) { lines[3]["colour"] = "red"; }, "e.jsonl:4: colour: "},
      {"FieldMissing", [](Lines& lines) { lines[3].erase("view"); }, "e.jsonl:4: view: is missing"},
      {"NumberOfAnotherKind", [](Lines& lines) { lines[3]["number"] = -3; },
       "e.jsonl:4: number: is -3"},
      {"MadeTwice", [](Lines& lines) { lines[3]["outputs"][0]["id"] = 1; },
       "e.jsonl:4: outputs[0].id: is 1, which an earlier line makes"},
      {"NoCommand", [](Lines& lines) { lines[3] = 5; }, "e.jsonl:4: is no JSON object"},
      {"NoEnd", [](Lines& lines) { lines.pop_back(); }, "measure: begins and does not end"},
      {"NoHeading", [](Lines& lines) { lines.erase(lines.begin()); },
       "e.jsonl:1: ttmesh_commands: "},
      {"Empty", [](Lines& lines) { lines.clear(); }, "e.jsonl: is empty"},
  };
  return kAll;
}

TEST(EditedRecording, IsRefusedNamingLineAndField) {
  const Recorded recorded(joined(small_mlp("t3k"), {"--timing-only"}));
  for (const Mistake& mistake : mistakes()) {
    const Outcome outcome = recorded.edited("t3k", mistake.edit);
    EXPECT_EQ(outcome.exit_code, 1) << mistake.name << "\n" << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("e.jsonl:"), HasSubstr(mistake.says))) << mistake.name;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << mistake.name;
  }
}

TEST(EditedRecording, WithOtherEndsNamesTheViewTheyAreNotOn) {
  const Recorded recorded({"ccl", "point_to_point", "-t", "t3k:1x8:ring", "--to", "5", "-b", "4K",
                           "-e", "4K", "-n", "1", "-w", "0", "--timing-only"});
  for (const char* end : {"from", "to"}) {
    const Outcome outcome = recorded.edited("t3k:1x8:ring", [&](Lines& lines) {
      command_of(lines, "point_to_point")["attributes"][end] = 3;
    });
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(std::string(end) + " is chip 3, one of mesh 0, 1x1"));
  }
}

TEST(EditedRecording, WithoutTheMappingOfExpertsNamesTheInputs) {
  for (const std::string op : {"all_to_all_dispatch", "all_to_all_combine"}) {
    const Recorded recorded({"ccl", op, "-t", "t3k:1x4:ring", "-b", "4K", "-e", "4K", "-n", "1",
                             "-w", "0", "--timing-only"});
    const Outcome outcome = recorded.edited(
        "t3k:1x4:ring", [&](Lines& lines) { command_of(lines, op)["inputs"].erase(2); });
    EXPECT_EQ(outcome.exit_code, 1) << op;
    EXPECT_THAT(outcome.err, HasSubstr("[" + op + "] 2 inputs, 3 are needed"));
  }
}

// Whatever a number in a file becomes, the replay ends, and by itself.
TEST(EditedRecording, NeverHangsOrCrashes) {
  const Recorded recorded(joined(small_mlp("t3k"), {"--timing-only"}));
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    std::string edit;
    const Outcome outcome = recorded.edited("t3k", [&](Lines& lines) {
      Json flat = Json(lines).flatten();
      std::vector<std::string> numbers;
      for (const auto& [path, value] : flat.items()) {
        if (value.is_number_integer() && path.find("shape") == std::string::npos) {
          numbers.push_back(path);
        }
      }
      edit = numbers[random() % numbers.size()];
      const std::vector<std::int64_t> values{-1, 0, 1, 2, 3, 5, 1'000'000};
      flat[edit] = values[random() % values.size()];
      edit += " = " + flat[edit].dump();
      Json changed = flat.unflatten();
      // Lists and objects that are empty have come back as null.
      for (std::size_t line = 0; line < lines.size(); ++line) {
        for (const auto& [key, value] : lines[line].items()) {
          if (!changed[line][key].is_null()) lines[line][key] = changed[line][key];
        }
      }
    });
    EXPECT_THAT(outcome.exit_code, AnyOf(Eq(0), Eq(1), Eq(3))) << edit << "\n" << outcome.err;
    if (outcome.exit_code == 0) continue;
    EXPECT_THAT(outcome.err, StartsWith("ttmesh: error: ")) << edit;
  }
}

TEST(Recording, ThatCannotBeReadIsNamed) {
  for (const char* path : {"/nowhere/x.jsonl", "/tmp"}) {
    const Outcome outcome = ttmesh({"replay", path, "-t", "t3k"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(path));
  }
}

TEST(Replay, OnAnotherMeshSaysWhatDoesNotFit) {
  const Recorded recorded(joined(small_mlp("t3k"), {"--timing-only"}));
  const Outcome outcome = recorded.edited("t3k:1x8:ring", [](Lines&) {});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("e.jsonl:2: view: [submesh] 2x4"));
}

}  // namespace
}  // namespace ttmesh::cli
