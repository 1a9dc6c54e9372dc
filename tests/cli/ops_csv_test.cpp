#include "cli/ops_csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/csv.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::HasSubstr;

using Row = std::map<std::string, std::string>;

std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream text(line + ",");
  for (std::string cell; std::getline(text, cell, ',');) cells.push_back(cell);
  return cells;
}

std::vector<Row> rows_of(const std::string& csv) {
  std::istringstream lines(csv);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = cells(line);
  std::vector<Row> rows;
  while (std::getline(lines, line)) {
    const std::vector<std::string> values = cells(line);
    EXPECT_EQ(values.size(), names.size()) << line;
    Row row;
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = values[i];
    rows.push_back(row);
  }
  return rows;
}

/// The table that a run with more arguments writes.
std::string table_of(std::vector<std::string> arguments) {
  const ScratchFolder scratch;
  arguments.insert(arguments.end(), {"--ops-csv", scratch.path("ops.csv")});
  const Outcome outcome = ttmesh(arguments);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  return scratch.read("ops.csv");
}

std::vector<std::string> mlp(const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"run",   "mlp", "-t",           "t3k:1x8:ring",
                                     "--dim", "512", "--hidden-dim", "1024"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::int64_t number(const Row& row, const std::string& column) {
  return std::stoll(row.at(column));
}

TEST(OpsCsv, HasARowForEachOpOnEachChip) {
  const std::vector<Row> rows = rows_of(table_of(mlp({})));
  ASSERT_EQ(rows.size(), 6 * 8);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("DEVICE ID"), std::to_string(i % 8));
    EXPECT_EQ(rows[i].at("OP TYPE"), "tt_dnn_device");
    EXPECT_EQ(rows[i].at("DEVICE ARCH"), "wormhole_b0");
  }
  EXPECT_EQ(rows.front().at("OP CODE"), "MatmulDeviceOperation");
  EXPECT_EQ(rows.front().at("MATH FIDELITY"), "HiFi2");
  EXPECT_EQ(rows.front().at("INPUT_0_X_PAD[LOGICAL]"), "512[512]");
  EXPECT_EQ(rows.front().at("INPUT_0_LAYOUT"), "TILE");
  EXPECT_EQ(rows.front().at("INPUT_1_DATATYPE"), "BFLOAT8_B");
  EXPECT_THAT(rows.front().at("OUTPUT_0_MEMORY"), testing::StartsWith("DEV_0_"));
}

TEST(OpsCsv, HasTheColumnsOfTheProfilerInTheirOrder) {
  const std::string csv = table_of(mlp({"--timing-only"}));
  const std::vector<std::string> names = cells(csv.substr(0, csv.find('\n')));
  const auto place = [&](const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    EXPECT_NE(found, names.end()) << name;
    return found - names.begin();
  };
  EXPECT_EQ(place("OP CODE"), 0);
  EXPECT_EQ(place("DEVICE ARCH"), 4);
  EXPECT_EQ(place("DEVICE KERNEL DURATION [ns]"), 18);
  EXPECT_EQ(place("INPUT_0_W_PAD[LOGICAL]"), place("DISPATCH GO SEND WAIT TIME [ns]") + 1);
  EXPECT_EQ(place("OUTPUT_0_MEMORY") + 1, place("METAL TRACE ID"));
  EXPECT_EQ(place("NPE CONG IMPACT (%)"), static_cast<std::ptrdiff_t>(names.size()) - 1);
}

TEST(OpsCsv, AccountsForEveryNanosecondOfAChip) {
  const ScratchFolder scratch;
  const nlohmann::json json = json_of(mlp({"--ops-csv", scratch.path("ops.csv")}));
  std::map<std::string, std::int64_t> total;
  for (const Row& row : rows_of(scratch.read("ops.csv"))) {
    total[row.at("DEVICE ID")] +=
        number(row, "DEVICE FW DURATION [ns]") + number(row, "OP TO OP LATENCY [ns]");
    EXPECT_LT(number(row, "DEVICE FW START CYCLE"), number(row, "DEVICE FW END CYCLE"));
  }
  ASSERT_EQ(total.size(), 8);
  std::int64_t longest = 0;
  for (const auto& [chip, time] : total) longest = std::max(longest, time);
  // What is before the first op counts for no op, and each figure is rounded up.
  EXPECT_NEAR(static_cast<double>(longest), json["virtual_ns"].get<double>(), 1000);
}

TEST(OpsCsv, DurationsDoNotDependOnValuesOrThreads) {
  const std::string usual = table_of(mlp({}));
  EXPECT_EQ(table_of(mlp({"--timing-only"})), usual);
  EXPECT_EQ(table_of(mlp({"--threads", "1"})), usual);
}

TEST(OpsCsv, LeavesEmptyWhatIsNotModelled) {
  for (const Row& row : rows_of(table_of(mlp({"--timing-only"})))) {
    for (const char* column : {"PROGRAM HASH", "PM IDEAL [ns]", "NOC UTIL (%)",
                               "DEVICE BRISC KERNEL DURATION [ns]", "METAL TRACE ID"}) {
      EXPECT_EQ(row.at(column), "") << column;
    }
  }
}

TEST(OpsCsv, ListsCollectivesOfAllSizes) {
  const std::vector<Row> rows = rows_of(table_of(
      {"ccl", "all_reduce", "-t", "t3k:1x4:ring", "-b", "4K", "-e", "8K", "-f", "2", "-n", "3"}));
  ASSERT_EQ(rows.size(), 2 * 3 * 2 * 4);  // Sizes, iterations, scatter and gather, chips.
  EXPECT_EQ(rows[0].at("OP CODE"), "ReduceScatterDeviceOperation");
  EXPECT_EQ(rows[4].at("OP CODE"), "AllGatherDeviceOperation");
  EXPECT_EQ(rows[0].at("CORE COUNT"), "");
  for (const Row& row : rows) EXPECT_LT(number(row, "OP TO OP LATENCY [ns]"), 1000);
  EXPECT_EQ(rows[0].at("INPUT_0_LAYOUT"), "ROW_MAJOR");
  EXPECT_THAT(rows[0].at("ATTRIBUTES"), HasSubstr("'cluster_axis': '1'"));
}

TEST(OpsCsv, ListsTheOneOp) {
  const std::vector<Row> rows = rows_of(table_of(
      {"op", "matmul", "-t", "p150", "--m", "40", "--k", "64", "--n", "64", "--grid", "4x2"}));
  ASSERT_EQ(rows.size(), 1);
  EXPECT_EQ(rows[0].at("CORE COUNT"), "8");
  EXPECT_EQ(rows[0].at("DEVICE ARCH"), "blackhole");
  EXPECT_EQ(rows[0].at("INPUT_0_Y_PAD[LOGICAL]"), "64[40]");
}

TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv_line({"a", "b c", ""}), "a,b c,\n");
  EXPECT_EQ(csv_line({"1,2", "say \"x\"", "two\nlines"}),
            "\"1,2\",\"say \"\"x\"\"\",\"two\nlines\"\n");
}

}  // namespace
}  // namespace ttmesh::cli
