#include "calibration/measurements.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace ttmesh::calibration {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::filesystem::path written(const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "measurements.csv";
  std::ofstream(file) << text;
  return file;
}

TEST(Measurements, AreReadByColumnName) {
  const std::vector<Row> rows = read_csv(written("size,note\r\n8,\"a, b\"\n16,c\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("size"), "8");
  EXPECT_EQ(rows[0].at("note"), "a, b");
  EXPECT_EQ(rows[1].at("note"), "c");
}

TEST(Measurements, NameTheLineThatLacksAField) {
  EXPECT_THAT([] { (void)read_csv(written("a,b\n1,2\n3\n")); },
              ThrowsMessage<std::runtime_error>(
                  HasSubstr("measurements.csv:3 has 1 fields, the header has 2")));
}

TEST(Measurements, NameTheFileThatIsMissing) {
  EXPECT_THAT([] { (void)read_csv("no/such.csv"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("no/such.csv cannot be read")));
}

TEST(Measurements, NameTheColumnThatHoldsNoNumber) {
  const Row row{{"size", "8x"}, {"time", "1.5"}};
  EXPECT_EQ(number(row, "time"), 1.5);
  EXPECT_THAT([&] { (void)whole_number(row, "size"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("column size holds '8x'")));
  EXPECT_THAT([&] { (void)number(row, "cost"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("there is no column cost")));
}

}  // namespace
}  // namespace ttmesh::calibration
