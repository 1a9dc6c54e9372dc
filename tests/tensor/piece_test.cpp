#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "mesh/tensor/convert.hpp"
#include "mesh/tensor/region.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/sum.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

template <typename T>
BlockPtr block_of(const Shape& shape, HeldType type, const std::vector<T>& all) {
  auto buffer = std::make_shared<Buffer>(all.size() * sizeof(T));
  std::ranges::copy(all, values<T>(*buffer).begin());
  return std::make_shared<const Block>(shape, type, std::move(buffer));
}

// Random values of `shape`, rounded to `dtype`.
BlockPtr random_block(const Shape& shape, DataType dtype, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> all(static_cast<std::size_t>(shape.volume()));
  for (float& value : all) value = normal(random) * std::exp2(3 * normal(random));
  if (dtype == DataType::Float32) return block_of(shape, HeldType::Float32, all);
  std::vector<Bfloat16> held(all.size());
  quantise(all, held, dtype, shape[-1]);
  return block_of(shape, HeldType::Bfloat16, held);
}

std::vector<float> floats(const Block& block) {
  const std::shared_ptr<const Buffer> plain = block.plain();
  if (block.type() == HeldType::Float32) {
    return {values<float>(*plain).begin(), values<float>(*plain).end()};
  }
  std::vector<float> all(plain->size() / sizeof(Bfloat16));
  to_float(values<Bfloat16>(*plain), all);
  return all;
}

Piece whole(const BlockPtr& block) {
  return {.block = block, .region = slice_region(block->shape(), 0, 0, 1), .bytes = 0};
}

struct Case {
  Shape shape;
  int dim;
  int slices;
  int parts;
};

class Pieces : public ::testing::TestWithParam<std::tuple<Case, DataType>> {};

INSTANTIATE_TEST_SUITE_P(Regions, Pieces,
                         ::testing::Combine(::testing::Values(Case{{1, 1, 32, 256}, 3, 4, 2},
                                                              Case{{1, 1, 1, 512}, 3, 2, 3},
                                                              Case{{1, 1, 2, 320}, 3, 2, 4},
                                                              Case{{1, 1, 3, 40}, 3, 1, 4},
                                                              Case{{1, 1, 6, 20}, 2, 3, 2},
                                                              Case{{2, 4, 3, 64}, 1, 2, 3},
                                                              Case{{1, 1, 2, 200}, 3, 2, 5}),
                                            ::testing::Values(DataType::Float32, DataType::Bfloat16,
                                                              DataType::Bfp8B, DataType::Bfp4B)));

// The sum of two slices, made as a reduction makes it: part by part, each part's sum again added to
// that part of a third block.
TEST_P(Pieces, AddUpToTheSumOfTheBlocks) {
  const auto& [cut, dtype] = GetParam();
  const BlockPtr a = random_block(cut.shape, dtype, 1);
  const BlockPtr b = random_block(cut.shape, dtype, 2);
  const BlockPtr c = random_block(cut.shape, dtype, 3);

  const auto sum_of = [&](const std::vector<float>& x, const std::vector<float>& y) {
    std::vector<float> sums(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) sums[i] = x[i] + y[i];
    return sums;
  };
  for (int slice = 0; slice < cut.slices; ++slice) {
    const Region region = slice_region(cut.shape, cut.dim, slice, cut.slices);
    const Shape local = cut.shape.with(cut.dim, cut.shape[cut.dim] / cut.slices);
    std::vector<Piece> sums;
    for (int i = 0; i < cut.parts; ++i) {
      const Region part = part_of(region, i, cut.parts);
      const Piece first = add({a, part, 64}, {b, part, 64}, dtype);
      EXPECT_EQ(first.bytes, 64);
      sums.push_back(add({c, part, 64}, first, dtype));
    }
    const BlockPtr joined = join(sums, local);

    const auto values_of_slice = [&](const BlockPtr& block) {
      return floats(*join({{block, region, 0}}, local));
    };
    std::vector<float> expected = sum_of(values_of_slice(a), values_of_slice(b));
    quantise(expected, expected, dtype, local[-1]);
    expected = sum_of(expected, values_of_slice(c));
    quantise(expected, expected, dtype, local[-1]);
    EXPECT_EQ(floats(*joined), expected);
  }
}

TEST_P(Pieces, JoinToTheBlockTheyWereCutFrom) {
  const auto& [cut, dtype] = GetParam();
  const BlockPtr block = random_block(cut.shape, dtype, 4);
  std::vector<BlockPtr> slices;
  for (int slice = 0; slice < cut.slices; ++slice) {
    const Region region = slice_region(cut.shape, cut.dim, slice, cut.slices);
    std::vector<Piece> parts;
    for (int i = 0; i < cut.parts; ++i) parts.push_back({block, part_of(region, i, cut.parts), 0});
    slices.push_back(join(parts, cut.shape.with(cut.dim, cut.shape[cut.dim] / cut.slices)));
  }
  EXPECT_EQ(floats(*flatten(Shard(slices, cut.dim))), floats(*block));
}

TEST(Join, GivesTheBlockItselfWhenThePiecesAreAllOfIt) {
  const BlockPtr block = random_block({1, 1, 8, 64}, DataType::Bfloat16, 5);
  std::vector<Piece> parts;
  for (int i = 0; i < 4; ++i) parts.push_back({block, part_of(whole(block).region, i, 4), 0});
  EXPECT_EQ(join(parts, block->shape()), block);
  const BlockPtr other = join(parts, {8, 64});
  EXPECT_EQ(other->shape(), (Shape{8, 64}));
  EXPECT_EQ(other->plain(), block->plain());
}

TEST(Join, CopiesPiecesOutOfOrder) {
  const BlockPtr block = block_of<std::int32_t>({2, 2}, HeldType::Int32, {0, 1, 2, 3});
  const Region region = slice_region({2, 2}, 0, 0, 1);
  const BlockPtr joined =
      join({{block, part_of(region, 1, 2), 0}, {block, part_of(region, 0, 2), 0}}, {2, 2});
  const std::shared_ptr<const Buffer> plain = joined->plain();
  const auto all = values<std::int32_t>(*plain);
  EXPECT_EQ(std::vector<std::int32_t>(all.begin(), all.end()),
            (std::vector<std::int32_t>{2, 3, 0, 1}));
}

TEST(Join, HasNoBlockWithoutValues) {
  EXPECT_EQ(join({{nullptr, slice_region({4, 4}, 0, 0, 1), 32}}, {4, 4}), nullptr);
}

TEST(Join, RejectsPiecesThatDoNotFit) {
  const BlockPtr block = random_block({4, 32}, DataType::Float32, 6);
  EXPECT_THAT(
      [&] {
        return join({whole(block)}, {4, 33});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("128 elements for [4, 33]")));
  Piece outside = whole(block);
  outside.region.offset = 1;
  EXPECT_THAT(
      [&] {
        return join({outside}, {4, 32});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("reaches element 128")));
  EXPECT_THROW((void)join({}, {4, 32}), std::invalid_argument);
  EXPECT_THROW((void)join({whole(block), {nullptr, {}, 0}}, {4, 32}), std::invalid_argument);
}

TEST(Add, WrapsIntegersAround) {
  const BlockPtr a = block_of<std::int32_t>({1, 2}, HeldType::Int32, {0x7fffffff, -5});
  const BlockPtr b = block_of<std::int32_t>({1, 2}, HeldType::Int32, {1, 3});
  const Piece sum = add(whole(a), whole(b), DataType::Int32);
  const std::shared_ptr<const Buffer> plain = sum.block->plain();
  EXPECT_EQ(values<std::int32_t>(*plain)[0], static_cast<std::int32_t>(0x80000000U));
  EXPECT_EQ(values<std::int32_t>(*plain)[1], -2);

  const BlockPtr c = block_of<std::uint16_t>({1, 1}, HeldType::UInt16, {0xffff});
  const Piece twice = add(whole(c), whole(c), DataType::UInt16);
  EXPECT_EQ(values<std::uint16_t>(*twice.block->plain())[0], 0xfffe);
}

TEST(Sum, TakesTheMemoryOfAnOperandThatNobodyElseRefersTo) {
  const BlockPtr term = random_block({4, 32}, DataType::Float32, 9);
  for (const bool first : {true, false}) {
    Piece own = sum(whole(term), whole(term), DataType::Float32);
    const std::byte* memory = own.block->plain()->data();
    std::vector<float> expected = floats(*own.block);
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += floats(*term)[i];
    const Piece both = first ? sum(std::move(own), whole(term), DataType::Float32)
                             : sum(whole(term), std::move(own), DataType::Float32);
    EXPECT_EQ(both.block->plain()->data(), memory);
    EXPECT_EQ(floats(*both.block), expected);
  }
}

TEST(Sum, LeavesOperandsThatSomebodyRefersToAsTheyAre) {
  const BlockPtr term = random_block({4, 32}, DataType::Float32, 10);
  const Piece own = sum(whole(term), whole(term), DataType::Float32);
  const std::vector<float> before = floats(*own.block);
  const Piece both = sum(own, own, DataType::Float32);
  EXPECT_NE(both.block->plain(), own.block->plain());
  EXPECT_EQ(floats(*own.block), before);
}

TEST(Sum, LeavesABlockAsItIsOfWhichAnOperandIsAPart) {
  const BlockPtr term = random_block({2, 32}, DataType::Float32, 11);
  Piece part = whole(random_block({4, 32}, DataType::Float32, 12));
  part.region = slice_region({4, 32}, 0, 1, 2);
  const Piece both = sum(whole(term), std::move(part), DataType::Float32);
  EXPECT_EQ(both.block->plain()->size(), 2 * 32 * sizeof(float));
}

TEST(Add, KeepsSizesWithoutValues) {
  const Region region = slice_region({4, 64}, 1, 1, 2);
  const Piece sum = add({nullptr, region, 256}, {nullptr, region, 256}, DataType::Bfp8B);
  EXPECT_EQ(sum.block, nullptr);
  EXPECT_EQ(sum.region.size(), region.size());
  EXPECT_EQ(sum.bytes, 256);
}

TEST(Add, RejectsPiecesThatDoNotFit) {
  const BlockPtr a = random_block({4, 32}, DataType::Float32, 7);
  const BlockPtr b = random_block({4, 16}, DataType::Float32, 8);
  EXPECT_THAT([&] { return add(whole(a), whole(b), DataType::Float32); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("128 and 64 elements")));
  EXPECT_THAT([&] { return add(whole(a), whole(a), DataType::Bfp8B); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("not held as bfp8_b")));
  Piece outside = whole(a);
  outside.region.stride = 33;
  EXPECT_THROW((void)add(outside, whole(a), DataType::Float32), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
