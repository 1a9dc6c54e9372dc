#include "tests/cli/command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace ttmesh::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Split, CutsAtTheFirstSeparator) {
  const CommandLine line = split({"sweep", "--over", "x=1", "--", "run", "--", "y"});
  EXPECT_THAT(line.own, testing::ElementsAre("sweep", "--over", "x=1"));
  EXPECT_THAT(line.passed_on, testing::ElementsAre("run", "--", "y"));
  EXPECT_TRUE(line.has_separator);
}

TEST(Split, KeepsEverythingWithoutASeparator) {
  const CommandLine line = split({"topo", "show", "tg"});
  EXPECT_THAT(line.own, testing::ElementsAre("topo", "show", "tg"));
  EXPECT_THAT(line.passed_on, IsEmpty());
  EXPECT_FALSE(line.has_separator);
}

TEST(Command, HelpNamesEveryCommandWithAnExample) {
  const Outcome outcome = ttmesh({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.err, IsEmpty());
  for (const char* command : {"topo", "run", "op", "ccl", "sweep"}) {
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\n  ttmesh ") + command + " ")) << command;
  }
}

TEST(Command, PrintsItsVersion) {
  const Outcome outcome = ttmesh({"--version"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, testing::MatchesRegex("ttmesh [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

/// Arguments that are wrong usage.
class WrongUsage : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(WrongUsage, ExitsWith2AndOneError) {
  const Outcome outcome = ttmesh(GetParam());
  EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("ttmesh: error: "));
  EXPECT_THAT(outcome.err.substr(1), testing::Not(HasSubstr("ttmesh: error: ")));
  EXPECT_FALSE(outcome.left_processes);
}

std::vector<std::string> small_matmul(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"op", "matmul", "-t", "n150", "--m",
                                     "32", "--k",    "32", "--n",  "32"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> small_run(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"run",   "mlp", "-t",           "t3k:1x2:line",
                                     "--dim", "64",  "--hidden-dim", "128"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

using Arguments = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(Any, WrongUsage,
                         testing::Values(Arguments{"topo"}, Arguments{"fly"}, Arguments{"--fly"},
                                         Arguments{"op"}, Arguments{"op", "matmul"},
                                         Arguments{"run"},
                                         Arguments{"topo", "show", "tg", "--", "x"},
                                         Arguments{"--", "run"}));

INSTANTIATE_TEST_SUITE_P(
    Op, WrongUsage,
    testing::Values(Arguments{"op", "matmul", "-t", "n150", "--m", "0", "--k", "1", "--n", "1"},
                    small_matmul({"--fidelity", "hifi5"}), small_matmul({"--grid", "8"}),
                    small_matmul({"--grid", "20x20"}), small_matmul({"--in0-memory", "sram"}),
                    small_matmul({"--dtype", "f64"}), small_matmul({"--set", "link.latency"}),
                    small_matmul({"--threads", "-1"}), small_matmul({"--system", "cray"}),
                    small_matmul({"--hosts", "0"})));

INSTANTIATE_TEST_SUITE_P(
    Run, WrongUsage,
    testing::Values(small_run({"--mode", "train"}), small_run({"--weight-dtype", "int8"}),
                    small_run({"--hosts", "0"}), small_run({"--rank-bindings"}),
                    small_run({"--transport", "pigeon"}), small_run({"--scenario"}),
                    small_run({"--ops-csv", "/nowhere/x.csv"}), small_run({"--topology", "tg"}),
                    small_run({"--model", "llama-3.1-8b"}), small_run({"--mesh", "7"}),
                    small_run({"--batch", "0"}), small_run({"--pcc", "1.5"}),
                    small_run({"--json", "/nowhere/x.json"}), Arguments{"run", "mlp", "-t", "tg"},
                    Arguments{"run", "mlp", "-t", "tg", "--dim", "64"},
                    Arguments{"run", "mlp", "-t", "tg", "--model", "gpt-9"},
                    Arguments{"run", "mlp", "--model", "llama-3.1-8b"},
                    Arguments{"run", "attention_1d", "-t", "tg", "--model", "llama-3.1-8b"}));

std::vector<std::string> small_ccl(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"ccl", "all_gather", "-t", "t3k:1x4:line"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

INSTANTIATE_TEST_SUITE_P(
    Ccl, WrongUsage,
    testing::Values(small_ccl({"-b", "4Q"}), small_ccl({"-b", "0"}),
                    small_ccl({"-b", "2K", "-e", "1K"}), small_ccl({"-n", "0"}),
                    small_ccl({"-f", "0"}), small_ccl({"-c", "2"}), small_ccl({"-d", "half"}),
                    small_ccl({"-d", "f64"}), small_ccl({"--cluster-axis", "2"}),
                    small_ccl({"--topology", "star"}), small_ccl({"--num-links", "0"}),
                    small_ccl({"--num-links", "9"}), small_ccl({"--mesh", "7"}),
                    small_ccl({"-J", "/nowhere/x.json"}), small_ccl({"--root", "1"}),
                    small_ccl({"--from", "1"}), Arguments{"ccl"},
                    Arguments{"ccl", "broadcast", "-t", "n300", "--root", "2"},
                    Arguments{"ccl", "point_to_point", "-t", "n300", "--to", "2"},
                    Arguments{"ccl", "point_to_point", "-t", "n300", "--algorithm", "line"},
                    Arguments{"ccl", "all_gather"}, Arguments{"ccl", "all_together", "-t", "tg"},
                    small_ccl({"-b", "4K", "-e", "4K", "--topology", "ring", "-J", "-"})));

INSTANTIATE_TEST_SUITE_P(
    Sweep, WrongUsage,
    testing::Values(Arguments{"sweep"}, Arguments{"sweep", "--over", "batch=1"},
                    Arguments{"sweep", "--", "run", "mlp", "-t", "n150"},
                    Arguments{"sweep", "--over", "batch=1", "--", "topo", "show", "tg"},
                    Arguments{"sweep", "--over", "batch", "--", "run", "mlp"},
                    Arguments{"sweep", "--over", "batch=", "--", "run", "mlp"},
                    Arguments{"sweep", "--over", "batch=1,,2", "--", "run", "mlp"},
                    Arguments{"sweep", "--over", "--batch=1", "--", "run", "mlp"},
                    Arguments{"sweep", "--over", "seq=1", "--over", "seq=2", "--", "run", "mlp"},
                    Arguments{"sweep", "--over", "m=1", "--csv", "/nowhere/x.csv", "--", "op"},
                    Arguments{"sweep", "--over", "m=1", "--", "op", "matmul", "-J", "x"}));

TEST(Command, WithoutArgumentsShowsItsHelpAndExitsWith2) {
  const Outcome outcome = ttmesh({});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("Subcommands:"));
}

TEST(Command, NamesTheModelsWhenOneIsUnknown) {
  const Outcome outcome = ttmesh({"run", "mlp", "-t", "tg", "--model", "gpt-9"});
  EXPECT_THAT(outcome.err, HasSubstr("gpt-9"));
  EXPECT_THAT(outcome.err, HasSubstr("llama-3.3-70b"));
}

TEST(Command, NamesTheSystemsWhenATopologyIsUnknown) {
  const Outcome outcome = ttmesh({"topo", "show", "nosuch"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("t3k"));
}

TEST(Command, ExitsWith1WhenATopologyFileIsMissing) {
  const Outcome outcome =
      ttmesh({"run", "mlp", "-t", "missing/tg.yaml", "--model", "llama-3.1-8b"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr("missing/tg.yaml"));
}

}  // namespace
}  // namespace ttmesh::cli
