#include "calibration/measurements.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/scratch_folder.hpp"

namespace ttmesh::calibration {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<Row> read(const std::string& text) {
  const ScratchFolder folder;
  return read_csv(folder.write("measurements.csv", text));
}

TEST(Measurements, AreReadByColumnName) {
  const std::vector<Row> rows = read("size,note\r\n8,\"a, b\"\n16,c\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("size"), "8");
  EXPECT_EQ(rows[0].at("note"), "a, b");
  EXPECT_EQ(rows[1].at("note"), "c");
}

TEST(Measurements, NameTheLineThatLacksAField) {
  EXPECT_THAT([] { (void)read("a,b\n1,2\n3\n"); },
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
