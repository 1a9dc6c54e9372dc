#include "mesh/tensor/shard.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

BlockPtr block_from(const Shape& shape, std::int32_t first) {
  auto buffer = std::make_shared<Buffer>(static_cast<std::size_t>(shape.volume()) * 4);
  const auto all = values<std::int32_t>(*buffer);
  std::iota(all.begin(), all.end(), first);
  return std::make_shared<const Block>(shape, HeldType::Int32, std::move(buffer));
}

std::vector<std::int32_t> contents(const Block& block) {
  const std::shared_ptr<const Buffer> plain = block.plain();
  const auto all = values<std::int32_t>(*plain);
  return {all.begin(), all.end()};
}

TEST(Shard, OfOneBlockHasItsShapeAndFlattensToIt) {
  const BlockPtr block = block_from({2, 3}, 0);
  const Shard shard(block);
  EXPECT_EQ(shard.shape(), (Shape{2, 3}));
  EXPECT_EQ(flatten(shard), block);
  EXPECT_EQ(&shard.block(), block.get());
}

TEST(Shard, AddsExtentsAlongItsDim) {
  const Shard shard({block_from({2, 3}, 0), block_from({2, 4}, 0)}, -1);
  EXPECT_EQ(shard.shape(), (Shape{2, 7}));
  EXPECT_EQ(shard.dim(), 1);
}

TEST(Shard, FlattensBlocksOneAfterAnother) {
  EXPECT_EQ(contents(*flatten(Shard({block_from({1, 2, 2}, 0), block_from({1, 1, 2}, 10)}, 1))),
            (std::vector<std::int32_t>{0, 1, 2, 3, 10, 11}));
  EXPECT_EQ(contents(*flatten(Shard({block_from({2, 2}, 0), block_from({2, 1}, 10)}, 1))),
            (std::vector<std::int32_t>{0, 1, 10, 2, 3, 11}));
  EXPECT_EQ(contents(*flatten(Shard({block_from({2, 1, 2}, 0), block_from({2, 2, 2}, 10)}, 1))),
            (std::vector<std::int32_t>{0, 1, 10, 11, 12, 13, 2, 3, 14, 15, 16, 17}));
}

TEST(Shard, RejectsBlocksThatDoNotFit) {
  EXPECT_THAT(
      [] {
        Shard({block_from({2, 3}, 0), block_from({3, 3}, 0)}, 1);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("[3, 3] after one of [2, 3]")));
  EXPECT_THROW(Shard({block_from({2, 3}, 0), block_from({2, 3, 1}, 0)}, 1), std::invalid_argument);
  EXPECT_THROW(Shard({block_from({2, 3}, 0), nullptr}, 1), std::invalid_argument);
  EXPECT_THROW(Shard(std::vector<BlockPtr>{}, 0), std::invalid_argument);
  EXPECT_THROW(Shard(BlockPtr{}), std::invalid_argument);
  const auto other = std::make_shared<const Block>(Shape{2, 3}, HeldType::Float32,
                                                   std::make_shared<const Buffer>(24));
  EXPECT_THAT(
      [&] {
        Shard({block_from({2, 3}, 0), other}, 1);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("different types")));
}

TEST(Shard, WithoutValuesHasAShapeOnly) {
  const Shard shard(Shape{4, 4});
  EXPECT_FALSE(shard.has_values());
  EXPECT_EQ(reshaped(shard, {2, 8}).shape(), (Shape{2, 8}));
  EXPECT_FALSE(reshaped(shard, {2, 8}).has_values());
  EXPECT_THAT([&] { return flatten(shard); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("timing-only")));
}

TEST(Reshaped, SharesTheBufferOfOneBlock) {
  const BlockPtr block = block_from({2, 6}, 0);
  const Shard shard = reshaped(Shard(block), {3, 4});
  EXPECT_EQ(shard.shape(), (Shape{3, 4}));
  EXPECT_EQ(shard.block().plain(), block->plain());
}

TEST(Reshaped, KeepsTheBlockUnderItsOwnShape) {
  const BlockPtr block = block_from({2, 6}, 0);
  EXPECT_EQ(reshaped(Shard(block), {2, 6}).blocks().front(), block);
}

TEST(Reshaped, SharesTheBuffersOfBlocksInMemoryOrder) {
  const std::vector<BlockPtr> blocks{block_from({1, 2, 6}, 0), block_from({1, 4, 6}, 100)};
  const Shard shard = reshaped(Shard(blocks, 1), {1, 1, 12, 3});
  ASSERT_EQ(shard.blocks().size(), 2U);
  EXPECT_EQ(shard.shape(), (Shape{1, 1, 12, 3}));
  EXPECT_EQ(shard.blocks()[1]->plain(), blocks[1]->plain());
  EXPECT_EQ(contents(*flatten(shard)), contents(*flatten(Shard(blocks, 1))));
}

TEST(Reshaped, FlattensBlocksThatInterleave) {
  const Shard shard({block_from({2, 2}, 0), block_from({2, 4}, 100)}, 1);
  const Shard other = reshaped(shard, {3, 4});
  EXPECT_EQ(other.blocks().size(), 1U);
  EXPECT_EQ(contents(other.block()), contents(*flatten(shard)));
}

TEST(Reshaped, FlattensBlocksThatAreNoWholeSlices) {
  const Shard shard({block_from({1, 6}, 0), block_from({2, 6}, 100)}, 0);
  const Shard other = reshaped(shard, {2, 9});
  EXPECT_EQ(other.blocks().size(), 1U);
  EXPECT_EQ(contents(other.block()), contents(*flatten(shard)));
}

TEST(Reshaped, RejectsAnotherVolume) {
  EXPECT_THAT(
      [] {
        return reshaped(Shard(block_from({2, 3}, 0)), {7});
      },
      ThrowsMessage<std::invalid_argument>("[reshaped] [2, 3] has 6 values, [7] needs 7"));
}

}  // namespace
}  // namespace ttmesh::mesh
