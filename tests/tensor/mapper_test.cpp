#include "mesh/tensor/mapper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

HostTensor counting_tensor(const Shape& shape) {
  std::vector<float> all(static_cast<std::size_t>(shape.volume()));
  std::iota(all.begin(), all.end(), 0.0F);
  return {.shape = shape, .values = std::move(all)};
}

// What each chip holds under a mapper, row-major.
std::vector<HostTensor> distributed(const HostTensor& global, const Distribution& distribution) {
  const TensorSpec spec{.shape = local_shape(global.shape, distribution),
                        .dtype = DataType::Float32,
                        .layout = Layout::RowMajor,
                        .memory = {},
                        .distribution = distribution};
  std::vector<HostTensor> shards;
  for (int row = 0; row < distribution.mesh.rows; ++row) {
    for (int col = 0; col < distribution.mesh.cols; ++col) {
      shards.push_back(to_host(shard_of(global, spec, {row, col})));
    }
  }
  return shards;
}

TEST(ReplicateTensorToMesh, GivesEveryChipAllOfIt) {
  const HostTensor tensor = counting_tensor({2, 3});
  for (const HostTensor& shard : distributed(tensor, replicate_tensor_to_mesh({2, 4}))) {
    EXPECT_EQ(shard.values, tensor.values);
  }
}

TEST(ShardTensorToMesh, GivesConsecutivePartsToChipsInRowMajorOrder) {
  const std::vector<HostTensor> shards =
      distributed(counting_tensor({1, 8}), shard_tensor_to_mesh({2, 4}, 1));
  for (std::size_t i = 0; i < shards.size(); ++i) {
    EXPECT_EQ(shards[i].floats(), std::vector<float>{static_cast<float>(i)});
  }
}

TEST(ShardTensorToMesh, ReplicatesAlongAnAxisOfOneChip) {
  EXPECT_EQ(to_string(shard_tensor_to_mesh({1, 8}, 3)), "[Replicate, Shard(3)]");
  EXPECT_EQ(to_string(shard_tensor_to_mesh({1, 1}, 3)), "[Replicate, Replicate]");
}

TEST(ShardTensor2dMesh, TakesDimsByMeshAxis) {
  const std::vector<HostTensor> shards =
      distributed(counting_tensor({4, 2}), shard_tensor_2d_mesh({2, 2}, {1, 0}));
  // Chips of one row differ in tensor dim 0, chips of one column in dim 1.
  EXPECT_EQ(shards[0].floats(), (std::vector<float>{0, 2}));
  EXPECT_EQ(shards[1].floats(), (std::vector<float>{4, 6}));
  EXPECT_EQ(shards[2].floats(), (std::vector<float>{1, 3}));
  EXPECT_EQ(shards[3].floats(), (std::vector<float>{5, 7}));
}

TEST(ShardTensor2dMesh, ReplicatesWhereNoDimIsGiven) {
  EXPECT_EQ(to_string(shard_tensor_2d_mesh({4, 8}, {std::nullopt, 3})), "[Replicate, Shard(3)]");
  EXPECT_EQ(to_string(shard_tensor_2d_mesh({4, 8}, {2, std::nullopt})), "[Shard(2), Replicate]");
}

TEST(ShardTensor2dMesh, TakesDimsFromTheEndOnceTheRankIsKnown) {
  EXPECT_EQ(resolved(shard_tensor_2d_mesh({4, 8}, {-1, -2}), 4),
            shard_tensor_2d_mesh({4, 8}, {3, 2}));
}

TEST(ConcatMeshToTensor, UndoesShardTensorToMesh) {
  const HostTensor tensor = counting_tensor({2, 8, 3});
  for (const MeshShape mesh : {MeshShape{1, 1}, MeshShape{1, 8}, MeshShape{2, 4}}) {
    const HostTensor back =
        concat_mesh_to_tensor(distributed(tensor, shard_tensor_to_mesh(mesh, 1)), -2);
    EXPECT_EQ(back.shape, tensor.shape);
    EXPECT_EQ(back.values, tensor.values);
  }
}

TEST(ConcatMeshToTensor, StacksReplicas) {
  const HostTensor back = concat_mesh_to_tensor(
      distributed(counting_tensor({1, 2}), replicate_tensor_to_mesh({1, 3})), 0);
  EXPECT_EQ(back.shape, (Shape{3, 2}));
  EXPECT_EQ(back.floats(), (std::vector<float>{0, 1, 0, 1, 0, 1}));
}

TEST(ConcatMesh2dToTensor, UndoesShardTensor2dMesh) {
  const HostTensor tensor = counting_tensor({8, 3, 16});
  for (const MeshShape mesh :
       {MeshShape{1, 1}, MeshShape{1, 8}, MeshShape{4, 8}, MeshShape{8, 4}}) {
    const HostTensor back = concat_mesh_2d_to_tensor(
        distributed(tensor, shard_tensor_2d_mesh(mesh, {0, 2})), mesh, {0, 2});
    EXPECT_EQ(back.shape, tensor.shape);
    EXPECT_EQ(back.values, tensor.values);
  }
}

TEST(ConcatMesh2dToTensor, RejectsEqualDims) {
  const std::vector<HostTensor> shards(4, counting_tensor({2, 2}));
  EXPECT_THAT(
      [&] {
        return concat_mesh_2d_to_tensor(shards, {2, 2}, {1, -1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("dims are 1 and -1")));
}

TEST(ConcatMesh2dToTensor, RejectsAnotherNumberOfShards) {
  const std::vector<HostTensor> shards(3, counting_tensor({2, 2}));
  EXPECT_THAT(
      [&] {
        return concat_mesh_2d_to_tensor(shards, {2, 2}, {0, 1});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("3 shards, needs 4 for a 2x2 mesh")));
}

TEST(ConcatMeshToTensor, RejectsShardsThatDoNotFit) {
  EXPECT_THAT(
      [] {
        return concat_mesh_to_tensor({counting_tensor({2, 2}), counting_tensor({3, 2})}, 1);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("[3, 2] after one of [2, 2]")));
  EXPECT_THROW((void)concat_mesh_to_tensor({}, 0), std::invalid_argument);
  EXPECT_THROW(
      (void)concat_mesh_to_tensor(
          {counting_tensor({1}), {.shape = {1}, .values = std::vector<std::int32_t>{1}}}, 0),
      std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::mesh
