#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "mesh/topology/host_split.hpp"
#include "mesh/topology/load.hpp"
#include "tests/cli/command.hpp"

// One mesh over several processes, as a user starts them.
namespace ttmesh::cli {
namespace {

using testing::HasSubstr;

/// The trace of a command with that number of hosts.
std::string trace_of(const std::vector<std::string>& words, int hosts) {
  const ScratchFolder folder;
  const std::string path = folder.path("trace.json");
  std::vector<std::string> all = words;
  all.insert(all.end(), {"--trace", path});
  if (hosts > 1) all.insert(all.end(), {"--hosts", std::to_string(hosts)});
  const Outcome outcome = ttmesh(all);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  std::string trace = folder.read("trace.json");
  EXPECT_GT(trace.size(), 1000U);
  return trace;
}

class Launched : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Launched, TracesAreThoseOfOneProcessToTheByte) {
  const std::string alone = trace_of(GetParam(), 1);
  for (const int hosts : {2, 4}) EXPECT_TRUE(trace_of(GetParam(), hosts) == alone) << hosts;
}

INSTANTIATE_TEST_SUITE_P(
    Commands, Launched,
    testing::Values(
        std::vector<std::string>{"run", "mlp", "--dim", "512", "--hidden-dim", "1024", "-t",
                                 "t3k:1x8:ring"},
        std::vector<std::string>{"run", "mlp", "--dim", "1024", "--hidden-dim", "2048", "-t", "tg"},
        std::vector<std::string>{"ccl", "all_reduce", "-t", "t3k:1x8:ring", "-b", "64K", "-e",
                                 "64K", "-n", "2"},
        std::vector<std::string>{"ccl", "all_to_all", "-t", "tg", "-b", "64K", "-e", "64K", "-n",
                                 "2"},
        std::vector<std::string>{"ccl", "broadcast", "-t", "tg", "--root", "9", "-b", "64K", "-e",
                                 "64K", "-n", "2"},
        std::vector<std::string>{"ccl", "point_to_point", "-t", "tg", "--to", "31", "-b", "64K",
                                 "-e", "64K", "-n", "2"},
        std::vector<std::string>{"ccl", "all_gather", "-t", "tg", "--timing-only", "-b", "1M", "-e",
                                 "1M", "-n", "2", "--set", "link(9-10).down=true"}));

TEST(Launch, OverTcpTracesAreTheSame) {
  const std::vector<std::string> alone{"ccl", "all_reduce", "-t",  "tg", "-b",
                                       "64K", "-e",         "64K", "-n", "2"};
  std::vector<std::string> tcp = alone;
  tcp.insert(tcp.end(), {"--transport", "tcp"});
  EXPECT_TRUE(trace_of(tcp, 4) == trace_of(alone, 1));
}

TEST(Launch, RefusesAnotherTransportThanTheHostsMeetOver) {
  const Outcome outcome = ttmesh({"launch", "--hosts", "2", "--transport", "tcp", "--", "ccl",
                                  "all_reduce", "-t", "t3k", "--transport", "unix"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("the hosts were started to meet over tcp"));
  EXPECT_EQ(ttmesh({"run", "mlp", "--hosts", "2", "--transport", "mpi"}).exit_code, 2);
}

TEST(Launch, RefusesWhatCannotBeDivided) {
  const Outcome outcome = ttmesh(
      {"run", "mlp", "--dim", "512", "--hidden-dim", "1024", "-t", "t3k:1x8:ring", "--hosts", "3"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("t3k:1x8:ring cannot be divided among 3 hosts"));
  EXPECT_EQ(
      ttmesh({"op", "matmul", "-t", "n150", "--m", "32", "--k", "32", "--n", "32", "--hosts", "2"})
          .exit_code,
      2);
  EXPECT_EQ(ttmesh({"launch", "--hosts", "2"}).exit_code, 2);
  EXPECT_EQ(ttmesh({"run", "--hosts", "none"}).exit_code, 2);
}

TEST(Launch, SaysOnceWhatAllHostsFind) {
  const Outcome outcome = ttmesh({"launch", "--hosts", "3", "--", "run", "mlp", "-t", "nowhere"});
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
}

TEST(Launch, RefusesHostsThatTheCommandStatesToo) {
  const Outcome counted =
      ttmesh({"launch", "--hosts", "2", "--", "run", "mlp", "-t", "tg", "--hosts", "4"});
  EXPECT_EQ(counted.exit_code, 2);
  EXPECT_THAT(counted.err, HasSubstr("starts 2 hosts, and --hosts 4 follows after --"));
  const Outcome by_hand =
      ttmesh({"launch", "--hosts", "2", "--", "run", "mlp", "-t", "tg", "--listen", "unix:x"});
  EXPECT_EQ(by_hand.exit_code, 2);
  EXPECT_THAT(by_hand.err, HasSubstr("for hosts that are started by hand"));
}

TEST(Launch, SaysWhereTheCommandBelongs) {
  const Outcome outcome = ttmesh({"launch", "--hosts", "2", "run", "mlp", "-t", "tg"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("not expected: run mlp -t tg; the command to run follows"));
}

TEST(HostSplit, TakesTheFilesHostsElseRowsElseColumns) {
  using mesh::MeshShape;
  const auto hosts_of = [](const std::string& name, int hosts) {
    return mesh::split_over_hosts(mesh::load_topology(name), hosts).meshes.front().host_shape;
  };
  EXPECT_EQ(hosts_of(TTMESH_SOURCE_DIR "/topologies/dual_galaxy.yaml", 2), (MeshShape{1, 2}));
  EXPECT_EQ(hosts_of("tg", 2), (MeshShape{2, 1}));
  EXPECT_EQ(hosts_of("t3k:1x8:ring", 4), (MeshShape{1, 4}));
}

}  // namespace
}  // namespace ttmesh::cli
