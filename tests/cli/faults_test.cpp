#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio.hpp>
#include <csignal>
#include <random>
#include <string>
#include <vector>

#include "mesh/transport/address.hpp"
#include "mesh/transport/handshake.hpp"
#include "tests/cli/running.hpp"
#include "tests/scratch_folder.hpp"

// What becomes of a run on several hosts when one of them, or somebody else, misbehaves.
namespace ttmesh::cli {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A run that goes on until something happens to it: a row of its table is minutes away.
std::vector<std::string> long_run() {
  return {"ccl", "all_reduce", "-t",      "t3k:1x8:ring", "-b", "64K", "-e",
          "64K", "-n",         "1000000", "-w",           "0",  "-c",  "0"};
}
/// The last word of the table's head, which is printed once all hosts are there.
constexpr const char* kHead = "#wrong";

class Faults : public testing::TestWithParam<std::string> {
 protected:
  Faults() : run(words()) {}

  static std::vector<std::string> words() {
    std::vector<std::string> all{"launch", "--hosts", "3", "--transport", GetParam(), "--"};
    std::vector<std::string> command = long_run();
    command[3] = "t3k:1x6:ring";
    all.insert(all.end(), command.begin(), command.end());
    return all;
  }

  void expect_failed_run() {
    const Outcome outcome = run.finish();
    EXPECT_EQ(outcome.exit_code, 3) << outcome.err;
    EXPECT_FALSE(outcome.left_processes);
    EXPECT_THAT(run.left_files(), IsEmpty());
    // The head of the table, and no row after it.
    const std::size_t head = outcome.out.rfind('\n', outcome.out.size() - 2);
    EXPECT_EQ(outcome.out[head + 1], '#') << outcome.out;
  }

  Running run;
};

INSTANTIATE_TEST_SUITE_P(Launch, Faults, testing::Values("unix", "tcp"),
                         [](const auto& each) { return each.param; });

TEST_P(Faults, AKilledHostEndsTheRunAndIsNamedWithItsChips) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  kill(run.host(1), SIGKILL);
  expect_failed_run();
  // Said once, by the survivor that was first, if both say the same.
  EXPECT_THAT(run.err(),
              AllOf(HasSubstr("[1] ended by signal 9"),
                    ContainsRegex("\\[[02]\\] ttmesh: error: host 1 \\(chips 2, 3\\) is lost")));
}

TEST(LostHost, IsReportedWithTheCommandThatCameLast) {
  Running run({"launch", "--hosts", "3", "--", "ccl", "all_reduce", "-t", "t3k:1x6:ring", "-b",
               "1536", "-e", "96M", "-i", "1536", "-n", "20", "-w", "0", "--timing-only"});
  ASSERT_TRUE(run.await_out("\n        1536 ")) << run.err();  // The first of many rows.
  kill(run.host(1), SIGKILL);
  EXPECT_EQ(run.finish().exit_code, 3);
  EXPECT_THAT(run.err(), ContainsRegex("host 1 .*#[0-9]+ [a-z_]+"));
}

TEST(LostHost, IsReportedWhileRank0DoesNotWaitForTheMesh) {
  Running run({"launch", "--hosts", "2", "--", "ccl", "all_reduce", "-t", "t3k:1x8:ring", "-b",
               "4K", "-e", "64M", "-i", "4K", "-n", "1", "-w", "0", "--timing-only"});
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  ASSERT_TRUE(run.await_full_out()) << run.err();
  kill(run.host(1), SIGKILL);
  EXPECT_TRUE(run.await_err("[0] ttmesh: error: host 1 (chips 4, 5, 6, 7) is lost")) << run.err();
  EXPECT_EQ(run.finish().exit_code, 3);
  EXPECT_THAT(run.err(), ContainsRegex("the last command was #[0-9]+ [a-z_]+"));
}

TEST_P(Faults, AStoppedHostEndsTheRun) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  kill(run.host(2), SIGSTOP);
  expect_failed_run();
  EXPECT_THAT(run.err(), HasSubstr("host 2 (chips 4, 5) is lost: has been silent"));
}

TEST_P(Faults, WithoutRank0TheOthersEnd) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  kill(run.host(0), SIGKILL);
  expect_failed_run();
  EXPECT_THAT(run.err(), HasSubstr("host 0 (chips 0, 1) is lost"));
}

TEST_P(Faults, AnInterruptEndsAllOfIt) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  run.signal(SIGINT);
  expect_failed_run();
  EXPECT_THAT(run.err(), HasSubstr("ttmesh: error: ended by signal 2, and all hosts with it"));
}

TEST_P(Faults, AnInterruptOfTheWholeGroupEndsAllOfIt) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  run.signal_group(SIGINT);
  expect_failed_run();
}

TEST_P(Faults, ATerminationEndsAllOfIt) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  run.signal(SIGTERM);
  expect_failed_run();
  EXPECT_THAT(run.err(), HasSubstr("ended by signal 15"));
}

TEST_P(Faults, NobodyWhoReadsAnErrorEndsAllOfIt) {
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  run.hang_up();
  kill(run.host(1), SIGKILL);
  const Outcome outcome = run.finish();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_FALSE(outcome.left_processes);
  EXPECT_THAT(run.left_files(), IsEmpty());
}

TEST(LaunchFaults, AnInterruptWhileHostsAreStoppedEndsThemToo) {
  std::vector<std::string> words{"launch", "--hosts", "2", "--"};
  for (const std::string& word : long_run()) words.push_back(word);
  Running run(words);
  ASSERT_TRUE(run.await_out(kHead)) << run.err();
  kill(run.host(1), SIGSTOP);
  run.signal(SIGTERM);
  const Outcome outcome = run.finish();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_FALSE(outcome.left_processes);
  EXPECT_THAT(run.left_files(), IsEmpty());
}

/// Whether somebody reads all that the pipe holds within a minute.
bool is_read(int pipe) {
  int unread = 1;
  for (int turn = 0; turn < 60'000 && unread > 0; ++turn) {
    if (ioctl(pipe, FIONREAD, &unread) != 0) return false;
    poll(nullptr, 0, 1);
  }
  return unread == 0;
}

TEST(LaunchFaults, AHostThatIsTooSlowToFindTheSameErrorLeavesTheExitCode) {
  const ScratchFolder folder;
  const std::string topology = folder.path("machine.yaml");
  ASSERT_EQ(mkfifo(topology.c_str(), 0600), 0);
  const int pipe = open(topology.c_str(), O_RDWR | O_CLOEXEC);  // Hosts wait for words.
  Running run({"launch", "--hosts", "2", "--", "ccl", "all_reduce", "-t", topology});
  ASSERT_TRUE(run.stop_host(1));
  EXPECT_EQ(write(pipe, "ttmesh: 0\n", 10), 10);
  EXPECT_TRUE(is_read(pipe));
  close(pipe);
  EXPECT_EQ(run.finish().exit_code, 1) << run.err();
  EXPECT_THAT(run.err(), Not(HasSubstr("ended by signal")));
}

/// Rank 0 of two hosts that are started by hand, and the other one.
class ByHand : public testing::Test {
 protected:
  ByHand()
      : token_file(folder.write("token", "a secret of the tests\n")), rank_0(rank_0_words(), {}) {
    EXPECT_TRUE(rank_0.await_err("waits for hosts at tcp:127.0.0.1:"));
    const std::string& err = rank_0.err();
    const std::size_t begin = err.find("tcp:127.0.0.1:");
    EXPECT_TRUE(rank_0.await_err("\n"));
    address = err.substr(begin, err.find('\n', begin) - begin);
  }

  std::vector<std::string> rank_0_words() {
    chmod(token_file.c_str(), 0600);
    std::vector<std::string> words{"ccl", "all_reduce", "-t", "t3k:1x8:ring", "-b", "4K", "-e",
                                   "1M",  "-f",         "2",  "-n",           "20"};
    for (const char* word : {"--hosts", "2", "--listen", "tcp:127.0.0.1:0", "--token-file"}) {
      words.emplace_back(word);
    }
    words.push_back(token_file);
    return words;
  }

  std::vector<std::string> host_words() const {
    return {"host", "--connect", address, "--token-file", token_file};
  }

  ScratchFolder folder;
  std::string token_file;
  Running rank_0;
  std::string address;
};

/// Somebody at rank 0's port.
class Stranger {
 public:
  explicit Stranger(const std::string& address) : socket_(context_) {
    const mesh::Address parsed = mesh::parse_address(address);
    socket_.connect({asio::ip::make_address(parsed.name), parsed.port});
  }

  void say(const std::vector<std::byte>& bytes) {
    asio::error_code ended;
    asio::write(socket_, asio::buffer(bytes), ended);
  }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
};

std::vector<std::byte> garbage() {
  std::mt19937 random(1);
  std::vector<std::byte> bytes(100'000);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

TEST_F(ByHand, StrangersAtThePortDoNotHarmTheRun) {
  const Stranger silent(address);  // Says nothing, and stays.
  { const Stranger gone(address); }
  Stranger(address).say(garbage());
  const std::vector<std::byte> hello =
      mesh::encode_hello(mesh::FrameKind::Hello,
                         {.identity = {.token = "a guess"}, .window_bytes = 1, .address = {}})
          .head;
  Stranger(address).say({hello.begin(), hello.end() - 5});
  Stranger(address).say(hello);
  ASSERT_TRUE(rank_0.await_err("its token is not that of this run"));

  Running host(host_words());
  ASSERT_TRUE(rank_0.await_out(kHead)) << rank_0.err();
  Stranger(address).say(garbage());  // While the run is going on.
  const Stranger half_open(address);
  const Outcome outcome = rank_0.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(host.finish().exit_code, 0) << host.err();
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("is no ttmesh host"), HasSubstr("turned tcp:127.0.0.1"),
                                 Not(HasSubstr("a secret"))));
}

TEST_F(ByHand, LateAndWrongHostsAreTurnedAwayOnBothSides) {
  const std::string other_token = folder.write("other", "another secret\n");
  chmod(other_token.c_str(), 0600);
  Running wrong({"host", "--connect", address, "--token-file", other_token});
  EXPECT_EQ(wrong.finish().exit_code, 3);
  EXPECT_THAT(wrong.err(), HasSubstr("its token is not that of this run"));
  ASSERT_TRUE(rank_0.await_err("its token is not that of this run"));

  Running older(host_words(), {"DNNL_MAX_CPU_ISA=SSE41"});
  EXPECT_EQ(older.finish().exit_code, 3);
  EXPECT_THAT(older.err(), AllOf(HasSubstr("its CPU path"), HasSubstr("SSE41")));
  ASSERT_TRUE(rank_0.await_err("its CPU path"));

  Running host(host_words());
  ASSERT_TRUE(rank_0.await_out(kHead)) << rank_0.err();
  Running late(host_words());
  EXPECT_EQ(late.finish().exit_code, 3);
  EXPECT_THAT(late.err(), HasSubstr("turned this host away"));
  EXPECT_EQ(rank_0.finish().exit_code, 0) << rank_0.err();
  EXPECT_EQ(host.finish().exit_code, 0) << host.err();
}

TEST_F(ByHand, AKilledHostIsReported) {
  Running host(host_words());
  ASSERT_TRUE(rank_0.await_out(kHead)) << rank_0.err();
  kill(host.process(), SIGKILL);
  const Outcome outcome = rank_0.finish();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("host 1 (chips 4, 5, 6, 7) is lost"));
}

}  // namespace
}  // namespace ttmesh::cli
