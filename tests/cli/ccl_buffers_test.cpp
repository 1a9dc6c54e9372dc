#include "cli/ccl_buffers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cli/byte_size.hpp"
#include "cli/ccl_dtype.hpp"
#include "cli/ccl_measure.hpp"
#include "cli/ccl_report.hpp"
#include "cli/collectives.hpp"
#include "modules/open.hpp"

namespace ttmesh::cli {
namespace {

std::vector<std::int64_t> zeros(const CclBuffers& buffers, const CclCall&, int, int) {
  return std::vector<std::int64_t>(static_cast<std::size_t>(buffers.part * buffers.groups.size()));
}

TEST(Ccl, CountsEveryWrongElementOnEveryChip) {
  mesh::MeshDevice device = modules::open("t3k:1x4:ring");
  Collective false_claim = find_collective("all_gather");
  false_claim.expected = zeros;
  const CclCall call{.groups = {device.shape(), 1}};
  const CclResult result = measure(device, {.collective = &false_claim, .call = call}, 4096);
  EXPECT_EQ(result.wrong, 4 * 1024);  // None of the values happens to be zero.
  EXPECT_EQ(wrong_in_all({result, result}), 8 * 1024);
}

TEST(CclBuffers, HaveSumsThatAreExactForAnyNumberOfChips) {
  for (const mesh::DataType dtype : {mesh::DataType::Bfloat16, mesh::DataType::Bfp8B,
                                     mesh::DataType::Bfp4B, mesh::DataType::UInt16}) {
    for (const int chips : {2, 8, 32, 1000}) {
      const CclBuffers buffers{
          .groups = {{1, chips}, 1}, .part = 1024, .dtype = dtype, .adds = true};
      std::int64_t largest = 0;
      for (std::int64_t i = 0; i < 200; ++i) {
        std::int64_t magnitudes = 0;
        for (int chip = 0; chip < chips; ++chip) magnitudes += std::abs(buffers.value(chip, i));
        largest = std::max(largest, magnitudes);
      }
      EXPECT_LE(largest, largest_exact(dtype)) << mesh::name(dtype) << " " << chips;
      EXPECT_GT(largest, 0);
    }
  }
}

TEST(ByteSize, IsReadAsNcclTestsReadsIt) {
  EXPECT_EQ(parse_byte_size("-b", "512"), 512);
  EXPECT_EQ(parse_byte_size("-b", "4K"), 4096);
  EXPECT_EQ(parse_byte_size("-b", "1.5m"), 3 << 19);
  EXPECT_EQ(parse_byte_size("-b", "2G"), std::int64_t{2} << 30);
  EXPECT_EQ(parse_byte_size("-b", "1T"), std::int64_t{1} << 40);
  for (const char* wrong : {"", "K", "-1", "0", "0.1", "4KB", "1/2K", "2T", "1e3", "four",
                            "99999999999999999999", "0.000000000000000001T"}) {
    EXPECT_THROW((void)parse_byte_size("-b", wrong), std::invalid_argument) << wrong;
  }
}

TEST(ByteSize, IsWrittenForPeople) {
  EXPECT_EQ(byte_size_text(64), "64 B");
  EXPECT_EQ(byte_size_text(4096), "4 KiB");
  EXPECT_EQ(byte_size_text(3 << 19), "1.5 MiB");
  EXPECT_EQ(byte_size_text(std::int64_t{1} << 30), "1 GiB");
}

TEST(CclBuffers, TakeRowsAsLongAsTiles) {
  EXPECT_EQ(row_length(1), 1);
  EXPECT_EQ(row_length(512), 512);
  EXPECT_EQ(row_length(1 << 20), 1024);
  EXPECT_EQ(row_length(3000), 1000);
  EXPECT_EQ(row_length(2053), 2053);  // A prime.
}

}  // namespace
}  // namespace ttmesh::cli
