#include "cli/ccl_dtype.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "cli/collectives.hpp"
#include "tests/cli/ccl_command.hpp"
#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> names_of_all() {
  std::vector<std::string> names;
  for (const Collective& each : collectives()) {
    if (each.extra != CclExtra::Barrier) names.emplace_back(each.name);
  }
  return names;
}

/// A mesh, as typed, and a cluster_axis where it needs one.
struct Chips {
  const char* topology;
  std::optional<int> cluster_axis;
};

void PrintTo(const Chips& chips, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << chips.topology;
}

bool takes(const std::string& collective, const std::string& dtype) {
  return !find_collective(collective).needs_rows || !mesh::is_block_float(parse_ccl_dtype(dtype));
}

// Every collective that moves values on every kind of group, with sizes that do and do not divide.
class CclValues : public testing::TestWithParam<std::tuple<std::string, Chips, std::string>> {};

TEST_P(CclValues, AreRightOnEveryChip) {
  const auto& [collective, chips, dtype] = GetParam();
  if (!takes(collective, dtype)) GTEST_SKIP() << collective << " takes no tiles";
  std::vector<std::string> arguments{"ccl",  collective, "-t",    chips.topology, "-b",
                                     "1000", "-e",       "41000", "-i",           "20000",
                                     "-n",   "1",        "-d",    dtype};
  if (chips.cluster_axis && collective != "point_to_point") {
    arguments.insert(arguments.end(), {"--cluster-axis", std::to_string(*chips.cluster_axis)});
  }
  const nlohmann::json json = json_of(arguments);
  ASSERT_EQ(json["results"].size(), 3);
  for (const nlohmann::json& result : json["results"]) {
    EXPECT_EQ(result["out_of_place"]["nwrong"], 0) << result;
    EXPECT_GT(result["out_of_place"]["time"], 0.0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, CclValues,
    testing::Combine(testing::ValuesIn(names_of_all()),
                     testing::Values(Chips{"t3k:1x8:ring", {}}, Chips{"t3k:1x3:line", {}},
                                     Chips{"n300", {}}, Chips{"t3k", {}}, Chips{"t3k", 0},
                                     Chips{"tg", 1}, Chips{"bh_galaxy:4x1", {}}),
                     testing::Values("f32", "bf16")));

INSTANTIATE_TEST_SUITE_P(
    EveryFormat, CclValues,
    testing::Combine(testing::ValuesIn(names_of_all()),
                     testing::Values(Chips{"t3k:1x8:ring", {}}, Chips{"t3k", {}}, Chips{"tg", 1}),
                     testing::Values("bfp8_b", "bfp4_b", "int32", "uint32", "uint16")));

TEST(Ccl, CountsBytesOfTheNumberFormat) {
  // dtype, size and count of 10,000 bytes: whole elements, or tiles of 1,088 and 576 bytes.
  for (const auto& [dtype, size, count] : {std::tuple("int32", 10000, 2500),
                                           {"uint16", 10000, 5000},
                                           {"bfloat16", 10000, 5000},
                                           {"bfp8_b", 9 * 1088, 9 * 1024},
                                           {"bfp4_b", 17 * 576, 17 * 1024}}) {
    const nlohmann::json json = json_of(
        {"ccl", "broadcast", "-t", "t3k:1x4:ring", "-b", "10000", "-e", "10000", "-d", dtype});
    EXPECT_EQ(json["results"][0]["size"], size) << dtype;
    EXPECT_EQ(json["results"][0]["count"], count) << dtype;
  }
}

TEST(Ccl, RoundsPartsOfBlockFloatsUpToWholeTiles) {
  const nlohmann::json json = json_of(small_ccl("all_gather", {"-d", "bfp8_b"}));
  EXPECT_EQ(json["config"]["unit_elements"], 1024);
  EXPECT_EQ(json["config"]["unit_bytes"], 1088);
  EXPECT_EQ(json["results"][0]["size"], 4 * 1088);  // 3 tiles in 4 KiB, one for each of 4 chips.
  EXPECT_EQ(json["results"][0]["count"], 1024);
  EXPECT_EQ(json["results"][1]["size"], 16 * 1088);  // 15 tiles in 16 KiB.
}

TEST(Ccl, SaysThatBlockFloatsComeInTiles) {
  const std::string note =
      "# bfp8_b exists in tiles of 1024 elements, 1088 bytes: sizes are of whole tiles\n";
  EXPECT_THAT(ttmesh(small_ccl("all_gather", {"-d", "bfp8_b"})).out, HasSubstr(note));
  EXPECT_THAT(ttmesh(small_ccl("all_gather")).out, Not(HasSubstr("whole tiles")));
}

TEST(Ccl, TakesAsLongAsTheBytesOfTheFormat) {
  // A MiB of elements: 4, 2 and 17/16 bytes of each.
  const auto time = [](const char* dtype, const char* bytes) {
    const nlohmann::json json = json_of({"ccl", "all_gather", "-t", "t3k:1x8:ring", "-b", bytes,
                                         "-e", bytes, "-n", "1", "-d", dtype, "--timing-only"});
    EXPECT_EQ(json["results"][0]["count"], 1 << 17) << dtype;
    return json["results"][0]["out_of_place"]["time"].get<double>();
  };
  EXPECT_EQ(time("int32", "4M"), time("f32", "4M"));
  EXPECT_EQ(time("uint16", "2M"), time("bf16", "2M"));
  EXPECT_LT(time("bf16", "2M"), time("f32", "4M"));
  EXPECT_LT(time("bfp8_b", "1088K"), time("bf16", "2M"));
  EXPECT_LT(time("bfp4_b", "576K"), time("bfp8_b", "1088K"));
}

TEST(Ccl, KnowsFormatsByTheNamesOfNcclTestsAndTtnn) {
  for (const auto& [alias, name] : {std::pair("float", "f32"),
                                    {"float32", "f32"},
                                    {"bfloat16", "bf16"},
                                    {"bfloat8_b", "bfp8_b"},
                                    {"bfloat4_b", "bfp4_b"},
                                    {"int32", "int32"},
                                    {"uint32", "uint32"}}) {
    EXPECT_EQ(mesh::name(parse_ccl_dtype(alias)), name);
  }
}

TEST(Ccl, AnUnknownFormatListsTheKnownOnes) {
  for (const char* dtype : {"half", "uint8", ""}) {
    const Outcome outcome = ttmesh(small_ccl("all_gather", {"-d", dtype}));
    EXPECT_EQ(outcome.exit_code, 2) << dtype;
    EXPECT_THAT(outcome.err, HasSubstr("needs f32 (float, float32), bf16 (bfloat16), bfp8_b "
                                       "(bfloat8_b), bfp4_b (bfloat4_b), int32, uint32, uint16"));
  }
}

TEST(Ccl, RefusesBlockFloatsWhereTheOpTakesRows) {
  const Outcome outcome = ttmesh(small_ccl("all_to_all_dispatch", {"-d", "bfp8_b"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("[-d] all_to_all_dispatch takes row-major tensors"));
}

}  // namespace
}  // namespace ttmesh::cli
