#include "mesh/tensor/host_tensor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <random>
#include <stdexcept>

#include "mesh/tensor/convert.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::array kMeshes{MeshShape{1, 1}, MeshShape{1, 2}, MeshShape{1, 8}, MeshShape{4, 8},
                             MeshShape{8, 4}};

HostTensor random_tensor(const Shape& shape) {
  std::mt19937 random(21);
  std::normal_distribution<float> normal;
  std::vector<float> all(static_cast<std::size_t>(shape.volume()));
  for (float& value : all) value = normal(random);
  return {.shape = shape, .values = std::move(all)};
}

TensorSpec spec_of(const Shape& global, DataType dtype, const Distribution& distribution) {
  return {.shape = local_shape(global, distribution),
          .dtype = dtype,
          .layout = Layout::Tile,
          .memory = {},
          .distribution = distribution};
}

std::vector<Shard> shards_of(const HostTensor& global, const TensorSpec& spec) {
  std::vector<Shard> shards;
  const MeshShape mesh = spec.distribution.mesh;
  for (int row = 0; row < mesh.rows; ++row) {
    for (int col = 0; col < mesh.cols; ++col) shards.push_back(shard_of(global, spec, {row, col}));
  }
  return shards;
}

struct Cut {
  Placement rows;
  Placement cols;
  int outer_axis = 0;
};

class RoundTrip : public ::testing::TestWithParam<std::tuple<MeshShape, Cut, DataType>> {};

INSTANTIATE_TEST_SUITE_P(
    Meshes, RoundTrip,
    ::testing::Combine(::testing::ValuesIn(kMeshes),
                       ::testing::Values(Cut{replicate(), replicate()}, Cut{replicate(), shard(2)},
                                         Cut{shard(0), shard(2)}, Cut{shard(2), shard(0)},
                                         Cut{shard(1), replicate()}, Cut{shard(2), shard(2), 0},
                                         Cut{shard(2), shard(2), 1}, Cut{shard(0), shard(0), 1}),
                       ::testing::Values(DataType::Float32, DataType::Bfloat16, DataType::Bfp8B,
                                         DataType::Bfp4B)));

// Local rows are whole runs of 16 or whole rows, so rounding parts is rounding the whole.
TEST_P(RoundTrip, GivesBackTheRoundedTensor) {
  const auto& [mesh, cut, dtype] = GetParam();
  const Shape global{32, 8, 512};
  const Distribution distribution{
      .mesh = mesh, .placements = {cut.rows, cut.cols}, .outer_axis = cut.outer_axis};
  const HostTensor tensor = random_tensor(global);
  const TensorSpec spec = spec_of(global, dtype, distribution);
  const HostTensor back = compose(shards_of(tensor, spec), spec);
  std::vector<float> expected = tensor.floats();
  quantise(expected, expected, dtype, global[-1]);
  EXPECT_EQ(back.shape, global);
  EXPECT_EQ(back.floats(), expected);
}

HostTensor counting_tensor(const Shape& shape) {
  std::vector<std::int32_t> all(static_cast<std::size_t>(shape.volume()));
  std::iota(all.begin(), all.end(), 0);
  return {.shape = shape, .values = std::move(all)};
}

TEST(ShardOf, TakesTheChipsPart) {
  const HostTensor tensor = counting_tensor({4, 6});
  const TensorSpec spec =
      spec_of({4, 6}, DataType::Int32, {.mesh = {2, 3}, .placements = {shard(0), shard(1)}});
  EXPECT_EQ(std::get<std::vector<std::int32_t>>(to_host(shard_of(tensor, spec, {1, 2})).values),
            (std::vector<std::int32_t>{16, 17, 22, 23}));
}

TEST(ShardOf, NestsPartsByTheOuterAxis) {
  const HostTensor tensor = counting_tensor({6});
  Distribution distribution{.mesh = {2, 3}, .placements = {shard(0), shard(0)}};
  const auto part = [&](Coordinate chip) {
    return std::get<std::vector<std::int32_t>>(
        to_host(shard_of(tensor, spec_of({6}, DataType::Int32, distribution), chip)).values)[0];
  };
  EXPECT_EQ(part({1, 0}), 3);
  distribution.outer_axis = 1;
  EXPECT_EQ(part({1, 0}), 1);
}

TEST(ShardOf, RoundsEachRowOfTheShard) {
  HostTensor tensor = random_tensor({2, 24});
  std::get<std::vector<float>>(tensor.values)[0] = 1000.0F;
  const TensorSpec spec =
      spec_of({2, 24}, DataType::Bfp4B, {.mesh = {1, 2}, .placements = {replicate(), shard(1)}});
  const HostTensor back = to_host(shard_of(tensor, spec, {0, 1}));
  std::vector<float> expected;
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t i = 12; i < 24; ++i) expected.push_back(tensor.floats()[row * 24 + i]);
  }
  quantise(expected, expected, DataType::Bfp4B, 12);
  EXPECT_EQ(back.floats(), expected);
}

TEST(ShardOf, KeepsEveryIntegerType) {
  const Distribution distribution{.mesh = {1, 2}, .placements = {replicate(), shard(0)}};
  const HostTensor wide{.shape = {2}, .values = std::vector<std::uint32_t>{1, 0xffffffffU}};
  const HostTensor narrow{.shape = {2}, .values = std::vector<std::uint16_t>{1, 0xffff}};
  const TensorSpec wide_spec = spec_of({2}, DataType::UInt32, distribution);
  const TensorSpec narrow_spec = spec_of({2}, DataType::UInt16, distribution);
  EXPECT_EQ(compose(shards_of(wide, wide_spec), wide_spec).values, wide.values);
  EXPECT_EQ(compose(shards_of(narrow, narrow_spec), narrow_spec).values, narrow.values);
}

TEST(ShardOf, RejectsWhatDoesNotFitTheSpec) {
  const HostTensor tensor = random_tensor({4, 8});
  const TensorSpec spec =
      spec_of({4, 8}, DataType::Bfloat16, {.mesh = {1, 2}, .placements = {replicate(), shard(1)}});
  EXPECT_THAT(
      [&] {
        return shard_of(random_tensor({4, 4}), spec, {0, 0});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("needs [4, 8]")));
  EXPECT_THAT(
      [&] {
        return shard_of(tensor, spec, {1, 0});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("chip (1, 0), needs one of a 1x2")));
  EXPECT_THAT(
      [&] {
        return shard_of(counting_tensor({4, 8}), spec, {0, 0});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("another type than bf16")));
  const HostTensor cut{.shape = {4, 8}, .values = std::vector<float>(31)};
  EXPECT_THAT(
      [&] {
        return shard_of(cut, spec, {0, 0});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("31 values for [4, 8], needs 32")));
  TensorSpec owing = spec;
  owing.distribution.placements[1] = partial();
  EXPECT_THROW((void)shard_of(tensor, owing, {0, 0}), std::invalid_argument);
}

TEST(Compose, TakesReplicasFromTheFirstChipThatHoldsThem) {
  const Distribution distribution{.mesh = {2, 2}, .placements = {replicate(), shard(0)}};
  const TensorSpec spec = spec_of({2}, DataType::Int32, distribution);
  std::vector<Shard> shards = shards_of(counting_tensor({2}), spec);
  const HostTensor other{.shape = {2}, .values = std::vector<std::int32_t>{7, 8}};
  shards[2] = shard_of(other, spec, {1, 0});
  shards[3] = shard_of(other, spec, {1, 1});
  EXPECT_EQ(compose(shards, spec).values, counting_tensor({2}).values);
}

TEST(Compose, ReadsShardsOfSeveralBlocks) {
  const Distribution distribution{.mesh = {1, 2}, .placements = {replicate(), replicate()}};
  const TensorSpec spec = spec_of({2, 4}, DataType::Int32, distribution);
  const TensorSpec half =
      spec_of({2, 4}, DataType::Int32, {.mesh = {1, 2}, .placements = {replicate(), shard(1)}});
  const std::vector<Shard> halves = shards_of(counting_tensor({2, 4}), half);
  const Shard gathered({halves[0].blocks()[0], halves[1].blocks()[0]}, 1);
  EXPECT_EQ(compose({gathered, gathered}, spec).values, counting_tensor({2, 4}).values);
}

TEST(Compose, RejectsShardsThatDoNotFitTheSpec) {
  const Distribution distribution{.mesh = {1, 2}, .placements = {replicate(), shard(0)}};
  const TensorSpec spec = spec_of({4}, DataType::Int32, distribution);
  const std::vector<Shard> shards = shards_of(counting_tensor({4}), spec);
  EXPECT_THAT([&] { return compose({shards[0]}, spec); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("1 shards, needs 2 for a 1x2 mesh")));
  EXPECT_THAT(
      [&] {
        return compose({shards[0], Shard(Shape{3})}, spec);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("shard 1 has shape [3], needs [2]")));
  EXPECT_THROW((void)compose({shards[0], Shard(Shape{2})}, spec), std::invalid_argument);
  TensorSpec owing = spec;
  owing.distribution.placements[1] = partial();
  EXPECT_THAT([&] { return compose(shards, owing); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Partial along cluster_axis 1")));
  TensorSpec typed = spec;
  typed.dtype = DataType::UInt16;
  EXPECT_THAT([&] { return compose(shards, typed); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("not held as uint16")));
}

}  // namespace
}  // namespace ttmesh::mesh
