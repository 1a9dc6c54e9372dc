#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "tests/cli/running.hpp"

// Hosts that are started by hand, on what may be several machines.
namespace ttmesh::cli {
namespace {

using testing::HasSubstr;

/// Options that the other hosts must learn from rank 0, as they change virtual time.
const std::vector<std::string> kCommand{"ccl",    "all_reduce",
                                        "-t",     "t3k:1x6:ring",
                                        "-b",     "48K",
                                        "-e",     "48K",
                                        "-n",     "2",
                                        "--seed", "7",
                                        "--set",  "link.jitter=200ns",
                                        "--set",  "link(0-1).latency=+2us"};

class Joining : public testing::Test {
 protected:
  Joining() : token_file(folder.write("token", "a secret of the tests\n")) {
    chmod(token_file.c_str(), 0600);
  }

  std::vector<std::string> with(std::vector<std::string> words,
                                const std::vector<std::string>& more) const {
    words.insert(words.end(), more.begin(), more.end());
    words.insert(words.end(), {"--token-file", token_file});
    return words;
  }
  std::vector<std::string> traced(const std::string& name,
                                  const std::vector<std::string>& more) const {
    std::vector<std::string> words = with(kCommand, more);
    words.insert(words.end(), {"--trace", folder.path(name)});
    return words;
  }
  /// The address that a host says it listens at.
  static std::string address_of(Running& host, const std::string& before) {
    EXPECT_TRUE(host.await_err(before)) << host.err();
    const std::size_t begin = host.err().find(before) + before.size();
    std::size_t end = host.err().find('\n', begin);
    while (end == std::string::npos && host.await_err("\n")) end = host.err().find('\n', begin);
    return host.err().substr(begin, end - begin);
  }
  void expect_same_trace(const std::string& name) const {
    std::vector<std::string> words = kCommand;
    words.insert(words.end(), {"--trace", folder.path("alone")});
    ASSERT_EQ(ttmesh(words).exit_code, 0);
    const std::string trace = folder.read(name);
    EXPECT_GT(trace.size(), 1000U);
    EXPECT_TRUE(trace == folder.read("alone"));  // Too long to print.
  }
  static void expect_success(Running& run) {
    const Outcome outcome = run.finish();
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  }

  ScratchFolder folder;
  std::string token_file;
};

TEST_F(Joining, HostsConnectToRank0AndLearnAllFromIt) {
  Running rank_0(traced("trace", {"--hosts", "3", "--listen", "tcp:127.0.0.1:0"}));
  const std::string address = address_of(rank_0, "waits for hosts at ");
  Running second(with({"host", "--connect", address}, {}));
  Running third(with({"host", "--connect", address}, {}));
  expect_success(rank_0);
  expect_success(second);
  expect_success(third);
  EXPECT_THAT(second.err(), HasSubstr("of 3"));
  expect_same_trace("trace");
}

TEST_F(Joining, Rank0CallsHostsThatWait) {
  Running first(with({"host", "--listen", "tcp:127.0.0.1:0"}, {}));
  Running second(with({"host", "--listen", "tcp:127.0.0.2:0"}, {}));
  const std::string one = address_of(first, "waits for rank 0 at ");
  const std::string two = address_of(second, "waits for rank 0 at ");
  Running rank_0(traced("trace", {"--connect", one, "--connect", two}));
  expect_success(rank_0);
  expect_success(first);
  expect_success(second);
  EXPECT_THAT(first.err(), HasSubstr("is host 1 of 3"));
  EXPECT_THAT(second.err(), HasSubstr("is host 2 of 3"));
  expect_same_trace("trace");
}

TEST_F(Joining, BothWaysGoTogether) {
  Running waiting(with({"host", "--listen", "tcp:127.0.0.1:0"}, {}));
  Running rank_0(traced("trace", {"--hosts", "3", "--listen", "tcp:127.0.0.1:0", "--connect",
                                  address_of(waiting, "waits for rank 0 at ")}));
  Running calling(with({"host", "--connect", address_of(rank_0, "waits for hosts at ")}, {}));
  expect_success(rank_0);
  expect_success(waiting);
  expect_success(calling);
  EXPECT_THAT(waiting.err(), HasSubstr("is host 1 of 3"));
  expect_same_trace("trace");
}

TEST_F(Joining, UnixSocketsNeedNoToken) {
  const std::string address = "unix:" + folder.path("0.socket");
  std::vector<std::string> words = kCommand;
  words.insert(words.end(), {"--hosts", "2", "--listen", address, "--timing-only"});
  Running host({"host", "--connect", address});  // Waits for rank 0, which comes later.
  Running rank_0(words);
  expect_success(rank_0);
  expect_success(host);
  EXPECT_NE(access(folder.path("0.socket").c_str(), F_OK), 0);
  EXPECT_NE(access(folder.path("0.socket.1").c_str(), F_OK), 0);
}

TEST_F(Joining, RankBindingsOfRank0SayWhoOwnsWhat) {
  const std::string mesh = folder.write(
      "mesh.yaml", "ttmesh: 1\nsystem: t3k\nmesh: {shape: [1, 4], host_shape: [1, 2]}\n");
  const std::string bindings =
      folder.write("bindings.yaml",
                   "rank_bindings:\n- {rank: 0, mesh_id: 0, mesh_host_rank: 1}\n"
                   "- {rank: 1, mesh_id: 0, mesh_host_rank: 0}\nmesh_graph_desc_path: mesh.yaml\n");
  const std::string address = "unix:" + folder.path("0.socket");
  Running host({"host", "--connect", address});
  Running rank_0({"ccl", "all_reduce", "-t", mesh, "-b", "64K", "-e", "64K", "-n", "1000000", "-c",
                  "0", "--listen", address, "--rank-bindings", bindings});
  ASSERT_TRUE(rank_0.await_out("#wrong")) << rank_0.err();
  host.signal(SIGKILL);
  EXPECT_EQ(rank_0.finish().exit_code, 3);
  EXPECT_THAT(rank_0.err(), HasSubstr("host 1 (chips 0, 1) is lost"));
}

TEST_F(Joining, AnInterruptedHostLeavesNoSocket) {
  Running host({"host", "--listen", "unix:" + folder.path("1.socket")});
  ASSERT_TRUE(host.await_err("waits for rank 0"));
  ASSERT_EQ(access(folder.path("1.socket").c_str(), F_OK), 0);
  host.signal(SIGINT);
  (void)host.finish();
  EXPECT_NE(access(folder.path("1.socket").c_str(), F_OK), 0);
}

TEST_F(Joining, WaitingHasABound) {
  std::vector<std::string> words = kCommand;
  words.insert(words.end(),
               {"--hosts", "2", "--listen", "unix:" + folder.path("0"), "--wait", "1"});
  Running alone(words);
  Running host({"host", "--listen", "unix:" + folder.path("1"), "--wait", "1"});
  Running guest({"host", "--connect", "unix:" + folder.path("2"), "--wait", "1"});
  for (Running* each : {&alone, &host, &guest}) EXPECT_EQ(each->finish().exit_code, 3);
  EXPECT_THAT(alone.err(), HasSubstr("1 of 2 hosts are missing"));
  EXPECT_THAT(host.err(), HasSubstr("rank 0 has not called"));
  EXPECT_THAT(guest.err(), HasSubstr("no host can be reached"));
}

TEST_F(Joining, TcpNeedsAToken) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"host", "--listen", "tcp:127.0.0.1:0"},
        {"host", "--connect", "tcp:127.0.0.1:1"},
        {"run", "mlp", "--model", "llama-3.2-1b", "-t", "t3k", "--connect", "tcp:127.0.0.1:1"}}) {
    const Outcome outcome = ttmesh(words);
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("needs a secret that all hosts share"));
  }
}

TEST_F(Joining, ATokenFileThatOthersMayReadIsRefused) {
  for (const auto& [mode, why] : {std::pair(0640, "has mode 0640"), std::pair(0604, "0604")}) {
    chmod(token_file.c_str(), static_cast<mode_t>(mode));
    const Outcome outcome = ttmesh(with({"host", "--listen", "tcp:127.0.0.1:0"}, {}));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }
  EXPECT_THAT(
      ttmesh({"host", "--listen", "tcp:127.0.0.1:0", "--token-file", folder.path("none")}).err,
      HasSubstr("No such file"));
}

TEST_F(Joining, ContradictoryArgumentsAreRefused) {
  const auto refusal = [&](const std::vector<std::string>& more) {
    const Outcome outcome = ttmesh(with(kCommand, more));
    EXPECT_EQ(outcome.exit_code, 2);
    return outcome.err;
  };
  EXPECT_THAT(refusal({"--listen", "tcp:127.0.0.1:0"}), HasSubstr("needs --hosts N"));
  EXPECT_THAT(refusal({"--hosts", "3", "--connect", "tcp:127.0.0.1:1"}), HasSubstr("are 2"));
  EXPECT_THAT(refusal({"--hosts", "2", "--connect", "nowhere"}), HasSubstr("'nowhere'"));
  EXPECT_EQ(ttmesh({"host"}).exit_code, 2);
}

}  // namespace
}  // namespace ttmesh::cli
