#include "mesh/tensor/tensor_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TensorSpec tiled(const Shape& shape, DataType dtype) {
  return {.shape = shape, .dtype = dtype, .layout = Layout::Tile, .memory = {}, .distribution = {}};
}

TensorSpec row_major(const Shape& shape, DataType dtype) {
  return {
      .shape = shape, .dtype = dtype, .layout = Layout::RowMajor, .memory = {}, .distribution = {}};
}

TEST(TensorSpec, CountsBytesInWholeTiles) {
  EXPECT_EQ(chip_bytes(tiled({1, 1, 32, 8192}, DataType::Bfloat16)), 256 * 2048);
  EXPECT_EQ(chip_bytes(tiled({1, 1, 1, 33}, DataType::Bfp8B)), 2 * 1088);
  EXPECT_EQ(chip_bytes(tiled({2, 33, 32}, DataType::Bfp4B)), 4 * 576);
  EXPECT_EQ(chip_bytes(tiled({5}, DataType::Float32)), 4096);
}

TEST(TensorSpec, CountsRowMajorPagesByRows) {
  const TensorSpec spec = row_major({2, 3, 5}, DataType::UInt16);
  EXPECT_EQ(page_count(spec), 6);
  EXPECT_EQ(page_bytes(spec), 10);
  EXPECT_EQ(chip_bytes(spec), 60);
}

TEST(TensorSpec, RejectsBlockFloatsInRowMajorLayout) {
  EXPECT_THAT(
      [] {
        validate(row_major({32, 32}, DataType::Bfp8B));
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("bfp8_b in row-major layout")));
}

TEST(TensorSpec, RejectsAnEmptyDim) {
  EXPECT_THAT(
      [] {
        validate(tiled({1, 0, 32}, DataType::Bfloat16));
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("dim 1 of [1, 0, 32] has extent 0")));
}

TEST(TensorSpec, RejectsAPlacementOfAMissingDim) {
  TensorSpec spec = tiled({32, 32}, DataType::Bfloat16);
  spec.distribution = {.mesh = {2, 4}, .placements = {replicate(), shard(2)}};
  EXPECT_THAT([&] { validate(spec); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("dim 2 of a tensor of rank 2")));
}

TEST(TensorSpec, PrintsEverythingButValues) {
  TensorSpec spec = tiled({1, 1, 32, 1024}, DataType::Bfloat16);
  spec.memory = kL1Interleaved;
  spec.distribution = {.mesh = {2, 4}, .placements = {replicate(), shard(3)}};
  EXPECT_EQ(to_string(spec), "[1, 1, 32, 1024] bf16 tile l1 [Replicate, Shard(3)]");
}

TEST(MemoryConfig, ParsesWhatItPrints) {
  for (const BufferType buffer : {BufferType::Dram, BufferType::L1}) {
    EXPECT_EQ(parse_memory_config(to_string(MemoryConfig{buffer})), MemoryConfig{buffer});
    for (const MemoryLayout layout :
         {MemoryLayout::HeightSharded, MemoryLayout::WidthSharded, MemoryLayout::BlockSharded}) {
      for (const int cores : {0, 1, 32}) {
        const MemoryConfig memory{buffer, layout, cores};
        EXPECT_EQ(parse_memory_config(to_string(memory)), memory) << to_string(memory);
      }
    }
  }
}

TEST(MemoryConfig, PrintsBufferLayoutAndCores) {
  EXPECT_EQ(to_string(MemoryConfig{BufferType::L1, MemoryLayout::WidthSharded, 32}),
            "l1 width_sharded/32");
  EXPECT_EQ(to_string(kDramInterleaved), "dram");
}

TEST(MemoryConfig, RejectsWhatItDoesNotKnow) {
  for (const char* text : {"", "sram", "l1 sharded", "l1 width_sharded/0", "l1 width_sharded/x",
                           "l1 width_sharded/3x", "l1 ", "dram/2", "l1 width_sharded/"}) {
    EXPECT_THAT([&] { return parse_memory_config(text); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("needs dram or l1")))
        << text;
  }
}

}  // namespace
}  // namespace ttmesh::mesh
