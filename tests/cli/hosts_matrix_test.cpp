#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "cli/collectives.hpp"
#include "tests/cli/command.hpp"
#include "tests/cli/mpirun.hpp"

// Whatever carries messages between however many hosts: the same values, times and traces.
namespace ttmesh::cli {
namespace {

/// A command line that is short enough for a test and has values.
struct Program {
  std::string name;
  std::vector<std::string> words;
};

std::vector<Program> programs() {
  const std::vector<std::string> mlp{"--dim",          "512",   "--hidden-dim", "1024",
                                     "--weight-dtype", "mixed", "--seed",       "7"};
  const auto run = [&](const std::string& module, const std::string& topology) {
    std::vector<std::string> words{"run", module, "-t", topology};
    words.insert(words.end(), mlp.begin(), mlp.end());
    return words;
  };
  std::vector<Program> all{{"Mlp1d", run("mlp_1d", "t3k:1x8:ring")},
                           {"Mlp2d", run("mlp_2d", "tg")}};
  for (const Collective& collective : collectives()) {
    std::vector<std::string> words{"ccl", std::string(collective.name),
                                   "-t",  "t3k:1x8:ring",
                                   "-b",  "4K",
                                   "-e",  "1M",
                                   "-f",  "16",
                                   "-n",  "2",
                                   "-c",  "1"};
    if (collective.extra == CclExtra::Ends) words.insert(words.end(), {"--from", "1", "--to", "6"});
    std::string name;
    for (const char letter : collective.name) {
      if (letter != '_') name += letter;
    }
    all.push_back({name, words});
  }
  return all;
}

/// What a run leaves, without what may differ: wall time, when, and by how many. Errors are summed
/// over all values in float64: another value anywhere would show in their last digits.
struct Leavings {
  nlohmann::json results;
  std::string trace;
};

void drop_wall(nlohmann::json& json) {
  for (const char* key : {"args", "wall_ms", "wall_us", "hosts", "start_time", "end_time"}) {
    if (json.is_object()) json.erase(key);
  }
  for (auto& each : json) {
    if (each.is_structured()) drop_wall(each);
  }
}

Leavings leavings_of(const Program& program, const std::string& transport, int hosts) {
  const ScratchFolder scratch;
  std::vector<std::string> words = program.words;
  words.insert(words.end(), {"--json", scratch.path("json"), "--trace", scratch.path("trace")});
  if (transport != "mpi" && hosts > 1) {
    words.insert(words.end(), {"--hosts", std::to_string(hosts), "--transport", transport});
  }
  const Outcome outcome = transport == "mpi" ? ttmesh_by_ranks(hosts, words) : ttmesh(words);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_FALSE(outcome.left_processes);
  Leavings found{nlohmann::json::parse(scratch.read("json"), nullptr, false),
                 scratch.read("trace")};
  EXPECT_FALSE(found.results.is_discarded());
  EXPECT_GT(found.trace.size(), 1000U);
  drop_wall(found.results);
  return found;
}

/// One process's.
const Leavings& expected_of(const Program& program) {
  static std::map<std::string, Leavings> known;
  const auto found = known.find(program.name);
  if (found != known.end()) return found->second;
  return known.emplace(program.name, leavings_of(program, "none", 1)).first->second;
}

class HostsMatrix : public testing::TestWithParam<std::tuple<Program, std::string, int>> {};

INSTANTIATE_TEST_SUITE_P(All, HostsMatrix,
                         testing::Combine(testing::ValuesIn(programs()),
                                          testing::Values("unix", "tcp", "mpi"),
                                          testing::Values(2, 4)),
                         [](const auto& each) {
                           return std::get<0>(each.param).name + "_" + std::get<1>(each.param) +
                                  "_" + std::to_string(std::get<2>(each.param));
                         });

TEST_P(HostsMatrix, GivesWhatOneProcessGives) {
  const auto& [program, transport, hosts] = GetParam();
  if (transport == "mpi" && !has_mpirun()) GTEST_SKIP() << "no mpirun, or no MPI in ttmesh";
  const Leavings found = leavings_of(program, transport, hosts);
  EXPECT_EQ(found.results, expected_of(program).results);
  EXPECT_TRUE(found.trace == expected_of(program).trace);  // Too long to print.
}

}  // namespace
}  // namespace ttmesh::cli
