#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> small_model() {
  return {"generate",     "--model",       "llama-3.2-1b",     "--layers", "1",       "-t",
          "t3k:1x4:line", "--timing-only", "--max-new-tokens", "3",        "--batch", "2"};
}

TEST(Generate, ReportsTimesOfAPublishedModel) {
  const json result = json_of(small_model());
  EXPECT_EQ(result["users"], 2);
  EXPECT_TRUE(result["tokens"].is_null());
  EXPECT_GT(result["ttft_ns"], 0);
  EXPECT_GT(result["tokens_per_s_user"], 0);
  EXPECT_EQ(result["decode_steps"], 2);
  EXPECT_FALSE(result["layers"].empty());
  EXPECT_FALSE(result["ops"].empty());
}

TEST(Generate, PrintsTables) {
  const Outcome outcome = ttmesh(small_model());
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("time to first token"), HasSubstr("tokens/s/user"),
                                 HasSubstr("layers.0"), HasSubstr("sampling")));
}

TEST(Generate, WritesTraceAndTableOfOps) {
  const ScratchFolder folder;
  std::vector<std::string> arguments = small_model();
  arguments.insert(arguments.end(), {"--trace", folder.path("t.json"), "--ops-csv",
                                     folder.path("ops.csv"), "--print-program"});
  const Outcome outcome = ttmesh(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("; decode.layers.0.attention_1d.decode_forward"));
  EXPECT_THAT(folder.read("ops.csv"), HasSubstr("MatmulDeviceOperation"));
  EXPECT_FALSE(json::parse(folder.read("t.json")).empty());
}

void refused(const std::vector<std::string>& arguments, int exit_code, const char* text) {
  std::vector<std::string> all{"generate", "-t", "n150"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Outcome outcome = ttmesh(all);
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(text));
  EXPECT_EQ(outcome.out, "");
}

TEST(Generate, RefusesWhatItCannotRun) {
  refused({}, 2, "needs one of --model-dir DIR and --model NAME");
  refused({"--model", "gpt-2"}, 2, "'gpt-2' is unknown");
  refused({"--model", "mixtral-8x7b"}, 2, "is no dense decoder");
  refused({"--model", "llama-3.2-1b", "--prompt-ids", "1,,2"}, 2, "--prompt-ids has ''");
  refused({"--model", "llama-3.2-1b", "--prompt-ids", "1;2", "--batch", "3"}, 2, "2 prompts");
  refused({"--model", "llama-3.2-1b", "--prompt-ids", "128256"}, 2, "needs 0 to 128255");
  refused({"--model", "llama-3.3-70b", "--timing-only"}, 2, "GiB of DRAM on each chip");
  refused({"--model-dir", "/nowhere"}, 1, "/nowhere/config.json: cannot read");
}

TEST(Generate, ListsWhatIsWrongWithAModelDirectory) {
  const ScratchFolder folder;
  folder.write("config.json", R"({"model_type":"gpt2"})");
  refused({"--model-dir", folder.path("")}, 1,
          "needs one of arcee (ArceeForCausalLM), llama (LlamaForCausalLM)");
  folder.write("config.json", R"({"model_type":"llama","hidden_size":64})");
  refused({"--model-dir", folder.path("")}, 1, "vocab_size: is missing");
}

TEST(Generate, GivesTheSameOnTwoHosts) {
  std::vector<std::string> arguments{"generate", "--model",      "llama-3.2-1b", "--layers",
                                     "1",        "-t",           "t3k:1x2:line", "--max-new-tokens",
                                     "2",        "--prompt-ids", "5,6"};
  const json one = json_of(arguments);
  arguments.insert(arguments.end(), {"--hosts", "2"});
  const json two = json_of(arguments);
  EXPECT_EQ(one["tokens"], two["tokens"]);
  EXPECT_EQ(one["virtual_ns"], two["virtual_ns"]);
}

}  // namespace
}  // namespace ttmesh::cli
