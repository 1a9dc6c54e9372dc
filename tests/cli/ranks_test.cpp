#include "cli/ranks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "mesh/transport/transport.hpp"
#include "tests/cli/command.hpp"
#include "tests/cli/mpirun.hpp"

// Places that somebody else than ttmesh gives to its processes.
namespace ttmesh::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

using Variables = std::map<std::string, std::string>;

std::optional<RankPlace> place_in(const Variables& variables) {
  return rank_place([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(RankPlace, ComesFromMpirun) {
  const auto place = place_in({{"OMPI_COMM_WORLD_RANK", "2"}, {"OMPI_COMM_WORLD_SIZE", "4"}});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 2);
  EXPECT_EQ(place->ranks, 4);
  EXPECT_EQ(place->launcher, "mpirun");
}

TEST(RankPlace, ComesFromAStepOfSlurm) {
  const auto place = place_in({{"SLURM_PROCID", "1"},
                               {"SLURM_STEP_NUM_TASKS", "2"},
                               {"SLURM_NTASKS", "8"},
                               {"SLURM_STEP_ID", "0"}});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 1);
  EXPECT_EQ(place->ranks, 2);
}

TEST(RankPlace, ComesFromMpirunWithinSlurm) {
  const auto place = place_in({{"SLURM_PROCID", "0"},
                               {"SLURM_STEP_NUM_TASKS", "2"},
                               {"SLURM_STEP_ID", "0"},
                               {"OMPI_COMM_WORLD_RANK", "3"},
                               {"OMPI_COMM_WORLD_SIZE", "4"}});
  ASSERT_TRUE(place);
  EXPECT_EQ(place->rank, 3);
}

TEST(RankPlace, IsNoneInABatchScript) {
  EXPECT_FALSE(place_in({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}}));
}

TEST(RankPlace, IsNoneForOneProcess) {
  EXPECT_FALSE(place_in({}));
  EXPECT_FALSE(place_in({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}}));
  EXPECT_FALSE(place_in({{"SLURM_PROCID", "0"},
                         {"SLURM_STEP_NUM_TASKS", "1"},
                         {"SLURM_NTASKS", "8"},
                         {"SLURM_STEP_ID", "4294967290"}}));
}

TEST(RankPlace, RefusesWhatCannotBe) {
  EXPECT_THAT(
      [] {
        (void)place_in({{"PMI_RANK", "2"}, {"PMI_SIZE", "2"}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("[PMI_RANK] rank 2 of 2")));
  EXPECT_THAT(
      [] {
        (void)place_in({{"PMI_RANK", "x"}, {"PMI_SIZE", "2"}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("'x' is no whole number")));
}

class MpiWithoutMpirun : public testing::TestWithParam<std::vector<std::string>> {};

INSTANTIATE_TEST_SUITE_P(
    Commands, MpiWithoutMpirun,
    testing::Values(std::vector<std::string>{"run", "mlp", "-t", "t3k:1x8:ring"},
                    std::vector<std::string>{"run", "mlp", "-t", "t3k:1x8:ring", "--hosts", "2"},
                    std::vector<std::string>{"ccl", "all_reduce", "-t", "t3k:1x8:ring", "--hosts",
                                             "2", "--listen", "tcp:127.0.0.1:0"}));

TEST_P(MpiWithoutMpirun, IsRefusedWithWhatToDo) {
  std::vector<std::string> words = GetParam();
  words.insert(words.end(), {"--transport", "mpi"});
  const Outcome outcome = ttmesh(words);
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr(is_built_in(mesh::TransportKind::Mpi)
                            ? "[--transport] mpi needs hosts that mpirun has started: "
                              "mpirun -n 2 ttmesh run"
                            : "this ttmesh is built without MPI: install libopenmpi-dev"));
}

TEST(MpiByLaunch, IsRefused) {
  const Outcome outcome =
      ttmesh({"launch", "--hosts", "2", "--transport", "mpi", "--", "run", "mlp", "-t", "t3k"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("[--transport] mpi"));
}

TEST(RankPlace, IsNoneForOneProcessOfALauncher) {
  const Variables alone{{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}};
  EXPECT_FALSE(place_in(alone));
  EXPECT_TRUE(has_launcher([&](const char* name) -> const char* {
    const auto found = alone.find(name);
    return found == alone.end() ? nullptr : found->second.c_str();
  }));
  EXPECT_FALSE(has_launcher([](const char*) -> const char* { return nullptr; }));
}

class UnderMpirun : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_mpirun()) GTEST_SKIP() << "no mpirun, or ttmesh is built without MPI";
  }
};

const std::vector<std::string> kRun{
    "run", "mlp",          "--dim",  "512", "--hidden-dim",   "512",
    "-t",  "t3k:1x8:ring", "--seed", "3",   "--weight-dtype", "bf16"};

std::vector<std::string> with(std::vector<std::string> words,
                              const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// What two ranks leave that each refuse their words. mpirun then need not wait for the other one.
Outcome refused_by_ranks(const std::vector<std::string>& words) {
  std::vector<std::string> all = mpirun_words(2, TTMESH_COMMAND, words);
  all.insert(all.begin() + 1, {"--mca", "odls_base_sigkill_timeout", "0"});
  const Outcome outcome = run_program(all);
  EXPECT_NE(outcome.exit_code, 0);
  return outcome;
}

TEST_F(UnderMpirun, OneRankIsAPlainRun) {
  const Outcome outcome = ttmesh_by_ranks(1, with(kRun, {"--json", "-"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["hosts"], 1);
}

TEST_F(UnderMpirun, CommandsOfOneProcessRunOnRank0) {
  const Outcome alone = ttmesh({"topo", "show", "tg"});
  const Outcome outcome = ttmesh_by_ranks(2, {"topo", "show", "tg"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, alone.out);
}

TEST_F(UnderMpirun, SweepsRunOnRank0) {
  const Outcome outcome = ttmesh_by_ranks(
      2, {"sweep", "--over", "link.latency=+0us,+1us", "--", "ccl", "all_gather", "-t",
          "t3k:1x4:line", "-b", "4K", "-e", "4K", "-n", "1", "--timing-only"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("+1us"));
}

TEST_F(UnderMpirun, AnotherNumberOfHostsIsRefused) {
  const Outcome outcome = refused_by_ranks(with(kRun, {"--hosts", "4"}));
  EXPECT_THAT(outcome.err, HasSubstr("[--hosts] 4, but mpirun has started 2 processes"));
}

TEST_F(UnderMpirun, AnotherTransportIsRefused) {
  const Outcome outcome = refused_by_ranks(with(kRun, {"--transport", "tcp"}));
  EXPECT_THAT(outcome.err, HasSubstr("[--transport] tcp, but mpirun has started the 2 hosts"));
}

TEST_F(UnderMpirun, LaunchIsRefused) {
  const Outcome outcome = refused_by_ranks(with({"launch", "--hosts", "2", "--"}, kRun));
  EXPECT_THAT(outcome.err, HasSubstr("[launch] mpirun has started 2 processes already"));
}

TEST_F(UnderMpirun, HostsOfAnotherTopologyAreTurnedAwayByBothSides) {
  std::vector<std::string> words = mpirun_words(1, TTMESH_COMMAND, kRun);
  words.insert(words.end(), {":", "-x", "LSAN_OPTIONS=detect_leaks=0", "-n", "1", TTMESH_COMMAND});
  std::vector<std::string> other = kRun;
  other[7] = "t3k:1x4:ring";
  words.insert(words.end(), other.begin(), other.end());
  const Outcome outcome = run_program(words);
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("[0] ttmesh: error: [join] rank 1 cannot be host 1: its "
                                     "topology"));
  EXPECT_THAT(outcome.err, HasSubstr("[1] ttmesh: error: [join] rank 0 cannot be host 0: its "
                                     "topology"));
}

TEST_F(UnderMpirun, RankBindingsSayWhoOwnsWhat) {
  const ScratchFolder scratch;
  (void)scratch.write("mesh.yaml",
                      "ttmesh: 1\nsystem: t3k\nmesh: {shape: [1, 4], host_shape: [1, 2]}\n");
  const std::string bindings = scratch.write(
      "bindings.yaml",
      "rank_bindings:\n- {rank: 0, mesh_id: 0, mesh_host_rank: 1}\n"
      "- {rank: 1, mesh_id: 0, mesh_host_rank: 0}\nmesh_graph_desc_path: mesh.yaml\n");
  std::vector<std::string> words = kRun;
  words[7] = scratch.path("mesh.yaml");
  const std::vector<std::string> bound = with(words, {"--rank-bindings", bindings, "--json", "-"});
  const Outcome alone = ttmesh(with(words, {"--json", "-"}));
  const Outcome swapped = ttmesh_by_ranks(2, bound);
  ASSERT_EQ(swapped.exit_code, 0) << swapped.err;
  // A sum over all errors: another value anywhere would show in its last digits.
  EXPECT_EQ(nlohmann::json::parse(swapped.out)["mean_abs_error"],
            nlohmann::json::parse(alone.out)["mean_abs_error"]);

  // What tt-run says is held against what the rank owns.
  setenv("TT_MESH_ID", "0", 1);
  setenv("TT_MESH_HOST_RANK", "0", 1);
  const Outcome wrong = refused_by_ranks(bound);
  unsetenv("TT_MESH_ID");
  unsetenv("TT_MESH_HOST_RANK");
  EXPECT_THAT(wrong.err, HasSubstr("[TT_MESH_HOST_RANK] rank 0 is host 1 of mesh 0 here, but "
                                   "tt-run says TT_MESH_HOST_RANK=0"));
}

TEST_F(UnderMpirun, BindingsOfAnotherNumberOfRanksAreRefused) {
  const ScratchFolder scratch;
  const std::string bindings = scratch.write(
      "bindings.yaml",
      "rank_bindings: [{rank: 0, mesh_id: 0}, {rank: 1, mesh_id: 0}, {rank: 2, mesh_id: 0}, "
      "{rank: 3, mesh_id: 0}]\nmesh_graph_desc_path: mesh.yaml\n");
  const Outcome outcome = refused_by_ranks(with(kRun, {"--rank-bindings", bindings}));
  EXPECT_THAT(outcome.err, HasSubstr("binds 4 ranks, but 2 hosts run"));
}

/// A run that goes on for minutes, one of whose ranks gets a signal once all are there.
Outcome with_a_signal(int signal, const std::string& mark) {
  setenv("TTMESH_TEST_MARK", mark.c_str(), 1);
  Outcome outcome;
  std::thread run([&] {
    outcome = ttmesh_by_ranks(2, {"ccl", "all_reduce", "-t", "t3k:1x8:ring", "-b", "64K", "-e",
                                  "64K", "-n", "1000000", "-c", "0"});
  });
  std::vector<pid_t> ranks;
  while (ranks.empty()) {  // ttmesh_by_ranks() ends after two minutes in any case.
    for (const pid_t each : processes_with("OMPI_COMM_WORLD_RANK", "1")) {
      const std::vector<pid_t> own = processes_with("TTMESH_TEST_MARK", mark);
      if (std::find(own.begin(), own.end(), each) != own.end()) ranks.push_back(each);
    }
  }
  kill(ranks.front(), signal);
  run.join();
  unsetenv("TTMESH_TEST_MARK");
  return outcome;
}

TEST_F(UnderMpirun, AKilledRankEndsTheRun) {
  const std::string mark = "killed " + std::to_string(getpid());
  const Outcome outcome = with_a_signal(SIGKILL, mark);
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(processes_with("TTMESH_TEST_MARK", mark), IsEmpty());
}

}  // namespace
}  // namespace ttmesh::cli
