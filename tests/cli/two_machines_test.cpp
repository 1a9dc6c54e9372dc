#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/cli/running.hpp"

// Hosts in network namespaces of their own: two machines, as far as TCP can tell.
namespace ttmesh::cli {
namespace {

using testing::HasSubstr;

/// Two namespaces with a cable between them, 10.77.0.1 and 10.77.0.2.
class Network {
 public:
  Network() {
    const std::string a = name(0);
    const std::string b = name(1);
    works_ = ip("netns add " + a) && ip("netns add " + b) &&
             ip("link add eth0 netns " + a + " type veth peer name eth0 netns " + b) &&
             ip("-n " + a + " addr add 10.77.0.1/24 dev eth0") &&
             ip("-n " + b + " addr add 10.77.0.2/24 dev eth0") &&
             ip("-n " + a + " link set eth0 up") && ip("-n " + b + " link set eth0 up");
  }
  ~Network() {
    for (const int machine : {0, 1}) (void)ip("netns del " + name(machine));
  }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  bool works() const { return works_; }
  void cut() const { EXPECT_TRUE(ip("-n " + name(0) + " link set eth0 down")); }

  Running::Program on(int machine, const std::vector<std::string>& arguments) const {
    Running::Program program{.words = {"ip", "netns", "exec", name(machine), TTMESH_COMMAND}};
    program.words.insert(program.words.end(), arguments.begin(), arguments.end());
    return program;
  }

 private:
  static std::string name(int machine) {
    return "ttmesh" + std::to_string(getpid()) + (machine == 0 ? "a" : "b");
  }
  static bool ip(const std::string& words) {
    return std::system(("ip " + words + " 2>/dev/null").c_str()) == 0;
  }

  bool works_ = false;
};

class TwoMachines : public testing::Test {
 protected:
  TwoMachines() : token_file(folder.write("token", "a secret of the tests\n")) {
    chmod(token_file.c_str(), 0600);
  }
  void SetUp() override {
    if (!network.works()) GTEST_SKIP() << "no network namespaces here: needs root and iproute2";
  }

  std::vector<std::string> with_token(std::vector<std::string> words) const {
    words.insert(words.end(), {"--token-file", token_file});
    return words;
  }

  Network network;
  ScratchFolder folder;
  std::string token_file;
};

const std::vector<std::string> kRun{"run",          "mlp", "--dim",    "256",
                                    "--hidden-dim", "512", "-t",       "t3k:1x8:ring",
                                    "--hosts",      "2",   "--listen", "tcp:10.77.0.1:4000"};

TEST_F(TwoMachines, RunOneMesh) {
  Running host(network.on(1, with_token({"host", "--connect", "tcp:10.77.0.1:4000"})));
  Running rank_0(network.on(0, with_token(kRun)));
  EXPECT_EQ(rank_0.finish().exit_code, 0) << rank_0.err();
  EXPECT_EQ(host.finish().exit_code, 0) << host.err();
}

TEST_F(TwoMachines, EndWhenTheCableIsCut) {
  std::vector<std::string> words{"ccl", "all_reduce", "-t", "t3k:1x8:ring", "-b", "64K",
                                 "-e",  "64K",        "-n", "1000000",      "-c", "0"};
  words.insert(words.end(), {"--hosts", "2", "--listen", "tcp:10.77.0.1:4000"});
  Running rank_0(network.on(0, with_token(words)));
  Running host(network.on(1, with_token({"host", "--connect", "tcp:10.77.0.1:4000"})));
  ASSERT_TRUE(rank_0.await_out("#wrong")) << rank_0.err();
  network.cut();
  EXPECT_EQ(rank_0.finish().exit_code, 3);
  EXPECT_EQ(host.finish().exit_code, 3);
  EXPECT_THAT(rank_0.err(), HasSubstr("host 1 (chips 4, 5, 6, 7) is lost: has been silent"));
  EXPECT_THAT(host.err(), HasSubstr("host 0 (chips 0, 1, 2, 3) is lost: has been silent"));
}

}  // namespace
}  // namespace ttmesh::cli
