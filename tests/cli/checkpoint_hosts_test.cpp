#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "mesh/transport/address.hpp"
#include "tests/cli/running.hpp"
#include "tests/models/model_folder.hpp"
#include "tests/transport/counting_relay.hpp"

// A model's weights on two hosts, which read them from files of their own.
namespace ttmesh::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string golden_config() {
  const fs::path path = fs::path(TTMESH_SOURCE_DIR) / "tests/golden/llama/config.json";
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class CheckpointHosts : public testing::Test {
 protected:
  std::vector<std::string> generate() const {
    return {"generate",
            "--model-dir",
            model.path(),
            "-t",
            "t3k:1x2:line",
            "--prompt-ids",
            "5,6",
            "--json",
            "-",
            "--threads",
            "1",
            "--max-new-tokens",
            "2",
            "--weight-dtype",
            "bf16"};
  }
  std::string at(const std::string& name) const {
    return "unix:" + (sockets.path() / name).string();
  }
  std::vector<std::string> rank_0() const {
    std::vector<std::string> words = generate();
    words.insert(words.end(), {"--hosts", "2", "--listen", at("0.socket")});
    return words;
  }
  fs::path weights() const { return model.path() / "model.safetensors"; }

  /// What comes of a run where the other host finds `there` in place of the model's folder.
  std::pair<Outcome, Outcome> outcomes_with(const fs::path& there) const {
    const std::string command = "mount --bind " + there.string() + " " + model.path().string() +
                                " && exec " + TTMESH_COMMAND + " host --connect " + at("0.socket");
    Running second(Running::Program{{"unshare", "-m", "sh", "-c", command}});
    Running first(rank_0());
    Outcome a = first.finish();
    Outcome b = second.finish();
    return {std::move(a), std::move(b)};
  }
  static bool has_namespaces() { return std::system("unshare -m true 2>/dev/null") == 0; }

  modules::ModelFolder model{golden_config(), {.bf16 = true}};
  modules::ModelFolder other{golden_config(), {.bf16 = true}};
  mesh::SocketDirectory sockets;
};

void expect_one_error(const std::pair<Outcome, Outcome>& outcomes, const std::string& file,
                      const std::string& why) {
  const auto& [first, second] = outcomes;
  EXPECT_EQ(first.exit_code, 1) << first.err;
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("host 1 fails in"), HasSubstr(file), HasSubstr(why)));
  const std::string error = first.err.substr(first.err.find("ttmesh: error"));
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
}

TEST_F(CheckpointHosts, ReadTheirOwnPartsAndSendNone) {
  const mesh::CountingRelay relay(sockets.path() / "relay", sockets.path() / "0.socket");
  Running other_host({"host", "--connect", at("relay")});
  Running first(rank_0());
  const Outcome outcome = first.finish();
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(other_host.finish().exit_code, 0);
  EXPECT_LT(relay.bytes(), static_cast<std::int64_t>(fs::file_size(weights()) / 4));

  const Outcome alone = ttmesh(generate());
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["tokens"],
            nlohmann::json::parse(alone.out)["tokens"]);
}

TEST_F(CheckpointHosts, RefuseAFileThatOneOfThemLacks) {
  if (!has_namespaces()) GTEST_SKIP() << "no mount namespaces here: needs root and unshare";
  fs::remove(other.path() / "model.safetensors");
  expect_one_error(outcomes_with(other.path()), weights(), "cannot read: No such file");
}

TEST_F(CheckpointHosts, RefuseAFileThatIsCutShortOnOneOfThem) {
  if (!has_namespaces()) GTEST_SKIP() << "no mount namespaces here: needs root and unshare";
  fs::resize_file(other.path() / "model.safetensors", 9000);
  expect_one_error(outcomes_with(other.path()), weights(), "it has 9000 bytes");
}

TEST_F(CheckpointHosts, RefuseAFileWithOtherValuesOnOneOfThem) {
  if (!has_namespaces()) GTEST_SKIP() << "no mount namespaces here: needs root and unshare";
  const fs::path file = other.path() / "model.safetensors";
  std::fstream stream(file, std::ios::binary | std::ios::in | std::ios::out);
  stream.seekp(static_cast<std::streamoff>(fs::file_size(file) - 1));
  stream.put('\0');
  stream.close();
  expect_one_error(outcomes_with(other.path()), weights(), "needs the same file on every host");
}

}  // namespace
}  // namespace ttmesh::cli
