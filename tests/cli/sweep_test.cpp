#include "cli/sweep.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/child.hpp"
#include "cli/sweep_axis.hpp"
#include "cli/sweep_plot.hpp"
#include "cli/sweep_points.hpp"
#include "cli/sweep_rows.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

using Words = std::vector<std::string>;

Words lines_of(const std::string& text) {
  std::istringstream stream(text);
  Words lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

Words cells(const std::string& line) {
  std::istringstream stream(line + ",");
  Words cells;
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

const Words kMlp{"--",    "run", "mlp",          "-t",  "t3k:1x4:ring",
                 "--dim", "256", "--hidden-dim", "512", "--timing-only"};

Words sweep(Words own, const Words& command) {
  own.insert(own.begin(), "sweep");
  own.insert(own.end(), command.begin(), command.end());
  return own;
}

TEST(SweepPoints, AreAllCombinationsLastKeyFastest) {
  const std::vector<SweepKey> keys{parse_sweep_key("a=1,2"), parse_sweep_key("b=x,y,z")};
  const std::vector<SweepPoint> points = sweep_points(keys);
  ASSERT_THAT(points, SizeIs(6));
  EXPECT_THAT(points[0], ElementsAre(0, 0));
  EXPECT_THAT(points[1], ElementsAre(0, 1));
  EXPECT_THAT(points[5], ElementsAre(1, 2));
}

TEST(SweepPoints, KeysBecomeOptionsSettingsAndWords) {
  const auto with = [](const char* key, const Words& command) {
    return command_at(command, {parse_sweep_key(key)}, {0});
  };
  EXPECT_THAT(with("batch=8", {"run", "mlp"}), ElementsAre("run", "mlp", "--batch=8"));
  EXPECT_THAT(with("t=tg", {"run", "mlp"}), ElementsAre("run", "mlp", "-t", "tg"));
  EXPECT_THAT(with("m=32", {"op", "matmul"}), ElementsAre("op", "matmul", "--m=32"));
  EXPECT_THAT(with("link(axis:0).latency=+2us", {"run"}),
              ElementsAre("run", "--set", "link(axis:0).latency=+2us"));
  EXPECT_THAT(with("collective=all_gather", {"ccl", "-t", "tg"}),
              ElementsAre("ccl", "all_gather", "-t", "tg"));
}

TEST(SweepAxis, ReadsNumbersWithUnits) {
  const SweepAxis plain = axis_of(parse_sweep_key("batch=1,8,32"));
  EXPECT_TRUE(plain.is_number);
  EXPECT_FALSE(plain.is_logarithmic);
  EXPECT_THAT(plain.positions, ElementsAre(1, 8, 32));
  const SweepAxis times = axis_of(parse_sweep_key("link.latency=+500ns,+2us"));
  EXPECT_EQ(times.label, "link.latency (added us)");
  EXPECT_THAT(times.positions, ElementsAre(0.5, 2));
  const SweepAxis sizes = axis_of(parse_sweep_key("b=4K,64K,1M"));
  EXPECT_TRUE(sizes.is_logarithmic);
  EXPECT_EQ(sizes.ticks.front().label, "4 KiB");
  EXPECT_EQ(axis_of(parse_sweep_key("link.bandwidth=x0.5,x2")).label, "link.bandwidth (factor)");
  EXPECT_TRUE(axis_of(parse_sweep_key("seq=16,1600")).is_logarithmic);
}

TEST(SweepAxis, NumbersWhatIsNoNumber) {
  for (const char* key : {"t=t3k,tg", "x=1,two", "x=+1us,1us", "x=1GB/s,1Gb/s", "x=0x10,1"}) {
    EXPECT_FALSE(axis_of(parse_sweep_key(key)).is_number) << key;
  }
}

TEST(Sweep, WritesARowForEachPoint) {
  const ScratchFolder scratch;
  const Outcome outcome = ttmesh(sweep({"--over", "mode=decode,prefill", "--over",
                                        "link.latency=+0us,+5us", "--csv", scratch.path("x")},
                                       kMlp));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(lines_of(outcome.out), SizeIs(1 + 4));
  const Words lines = lines_of(scratch.read("x"));
  ASSERT_THAT(lines, SizeIs(1 + 4));
  EXPECT_THAT(lines[0], StartsWith("mode,link.latency,module,topology,mesh_shape,chips,"));
  EXPECT_THAT(lines[0], testing::EndsWith(",exit_code,error"));
  const auto virtual_ns = [&](std::size_t line) { return std::stoll(cells(lines[line])[12]); };
  EXPECT_EQ(cells(lines[0])[12], "virtual_ns");  // The column 'mode' is there once.
  EXPECT_LT(virtual_ns(1), virtual_ns(2));       // A slower link.
  EXPECT_LT(virtual_ns(1), virtual_ns(3));       // More tokens.
  EXPECT_FALSE(outcome.left_processes);
}

TEST(Sweep, GivesWhatTheCommandGivesOnItsOwn) {
  const nlohmann::json alone = json_of({kMlp.begin() + 1, kMlp.end()});
  const Outcome outcome = ttmesh(sweep({"--over", "seed=0", "--csv", "-"}, kMlp));
  const Words row = cells(lines_of(outcome.out).at(1));
  EXPECT_EQ(std::stoll(row[12]), alone["virtual_ns"].get<std::int64_t>());
}

TEST(Sweep, AFailingPointIsARowAndTheSweepGoesOn) {
  const Outcome outcome = ttmesh(sweep({"--over", "batch=0,32", "--csv", "-"}, kMlp));
  EXPECT_EQ(outcome.exit_code, 2);
  const Words lines = lines_of(outcome.out);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[1], HasSubstr(",2,"));
  EXPECT_THAT(lines[1], HasSubstr("--batch"));
  EXPECT_THAT(cells(lines[2]), Not(testing::Contains(HasSubstr("--batch"))));
  EXPECT_EQ(cells(lines[2])[14], "0");
}

TEST(Sweep, KeepsTheSizesBeforeOneThatFails) {
  const Outcome outcome = ttmesh(
      sweep({"--over", "n=1", "--csv", "-"}, {"--", "ccl", "all_gather", "-t", "t3k:1x4:ring", "-b",
                                              "1G", "-e", "256G", "-f", "256", "--timing-only"}));
  EXPECT_EQ(outcome.exit_code, 3);
  const Words lines = lines_of(outcome.out);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[1], StartsWith("1,1073741824,"));
  EXPECT_THAT(lines[2], HasSubstr("out of DRAM"));
}

TEST(Sweep, SweepsCollectivesAndOps) {
  const Outcome ccl = ttmesh(sweep(
      {"--over", "collective=all_gather,all_reduce"},
      {"--", "ccl", "-t", "t3k:1x4:ring", "-b", "4K", "-e", "16K", "-f", "4", "--timing-only"}));
  EXPECT_EQ(ccl.exit_code, 0) << ccl.err;
  EXPECT_THAT(lines_of(ccl.out), SizeIs(1 + 4));
  const Outcome op = ttmesh(sweep({"--over", "m=32,64", "--over", "fidelity=lofi,hifi4"},
                                  {"--", "op", "matmul", "-t", "n150", "--k", "64", "--n", "64"}));
  EXPECT_EQ(op.exit_code, 0) << op.err;
  EXPECT_THAT(lines_of(op.out), SizeIs(1 + 4));
}

/// The plot of rows that were not run.
std::string plot_of(const Words& command, const std::vector<SweepKey>& keys,
                    const std::vector<SweepRow>& rows) {
  return sweep_plot("x.svg", {command, keys, rows});
}

SweepRow op_row(SweepPoint point, const char* virtual_ns) {
  return {.point = std::move(point), .values = {"matmul", virtual_ns, "1.5", "compute"}};
}

TEST(SweepPlot, HasALineForEachCombinationOfTheOtherKeys) {
  const std::vector<SweepKey> keys{parse_sweep_key("fidelity=lofi,hifi4"),
                                   parse_sweep_key("m=32,64")};
  const std::string plot =
      plot_of({"op", "matmul"}, keys,
              {op_row({0, 0}, "1000"), op_row({0, 1}, "2000"), op_row({1, 0}, "4000")});
  EXPECT_THAT(plot, HasSubstr("title 'fidelity=lofi'"));
  EXPECT_THAT(plot, HasSubstr("title 'fidelity=hifi4'"));
  EXPECT_THAT(plot, HasSubstr("set xlabel 'm'"));
  EXPECT_THAT(plot, HasSubstr("set ylabel 'virtual time (us)'"));
  EXPECT_THAT(plot, HasSubstr("32 1\n64 2\n"));
}

TEST(SweepPlot, DrawsBarsWhereNothingIsANumber) {
  const std::vector<SweepKey> keys{parse_sweep_key("t=t3k,tg")};
  EXPECT_THAT(plot_of({"op"}, keys, {op_row({0}, "1000"), op_row({1}, "2000")}),
              HasSubstr("with boxes"));
}

TEST(SweepPlot, TakesNothingInTextForACommand) {
  const std::vector<SweepKey> keys{parse_sweep_key("m=1,2")};
  const std::string plot = plot_of({"op", "it's `date`\n\"x\""}, keys, {op_row({0}, "1000")});
  EXPECT_THAT(plot, HasSubstr("title 'ttmesh op it''s `date` \"x\"'"));
}

TEST(SweepPlot, NeedsAResult) {
  const std::vector<SweepKey> keys{parse_sweep_key("m=1,2")};
  SweepRow failed = op_row({0}, "");
  failed.error = "no";
  EXPECT_THROW((void)plot_of({"op"}, keys, {failed}), std::invalid_argument);
}

TEST(Sweep, DrawsAPlot) {
  if (run_child({"gnuplot", "--version"}).exit_code != 0) GTEST_SKIP() << "gnuplot is not there";
  const ScratchFolder scratch;
  const Outcome outcome =
      ttmesh(sweep({"--over", "link.latency=+0us,+2us", "--plot", scratch.path("x.svg")},
                   {"--", "ccl", "all_reduce", "-t", "t3k:1x4:ring", "-b", "4K", "-e", "64K", "-f",
                    "4", "--timing-only"}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string svg = scratch.read("x.svg");
  for (const char* text :
       {"<svg", "link.latency=+2us", "simulated time (us)", "bus bandwidth (GB/s)", "16 KiB"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
}

TEST(Child, KeepsOutputAndExitCode) {
  const ChildOutcome outcome = run_child({"sh", "-c", "echo a; echo b >&2; exit 7"});
  EXPECT_EQ(outcome.exit_code, 7);
  EXPECT_EQ(outcome.out, "a\n");
  EXPECT_EQ(outcome.err, "b\n");
  EXPECT_EQ(run_child({"sh", "-c", "kill -9 $$"}).exit_code, 3);
  EXPECT_EQ(run_child({"no-such-program"}).exit_code, 127);
}

}  // namespace
}  // namespace ttmesh::cli
