#include "ops/mesh_partition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <vector>

#include "tests/ops/op_trial.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::replicate;
using mesh::shard;
using mesh::TensorSpec;
using ::testing::HasSubstr;

TensorSpec placed(mesh::Shape shape, mesh::Placement rows, mesh::Placement cols) {
  return {.shape = std::move(shape),
          .dtype = DataType::Float32,
          .distribution = {.mesh = {2, 4}, .placements = {rows, cols}}};
}

OpTrial trial(const TensorSpec& input, int dim, int axis) {
  return OpTrial("mesh_partition",
                 {{"dim", std::int64_t{dim}}, {"cluster_axis", std::int64_t{axis}}}, {input});
}

TEST(MeshPartition, GivesEachChipOfALineItsPart) {
  const TensorSpec input = placed({2, 8}, replicate(), replicate());
  const mesh::Shard x = shard_with(input, {0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17});
  const std::vector<float> whole = floats(x);
  for (int row = 0; row < 2; ++row) {
    for (int col = 0; col < 4; ++col) {
      const auto first = static_cast<float>(2 * col);
      EXPECT_THAT(floats(trial(input, -1, 1).run({x}, {row, col})),
                  testing::ElementsAre(first, first + 1, first + 10, first + 11));
      EXPECT_THAT(floats(trial(input, 0, 0).run({x}, {row, col})),
                  testing::ElementsAreArray(std::span(whole).subspan(row == 0 ? 0 : 8, 8)));
    }
  }
}

TEST(MeshPartition, IsTheSameForChipsAcrossTheLine) {
  const OpTrial along_columns = trial(placed({2, 8}, replicate(), replicate()), 1, 1);
  EXPECT_EQ(along_columns.position_key({0, 3}), along_columns.position_key({1, 3}));
  EXPECT_NE(along_columns.position_key({0, 2}), along_columns.position_key({0, 3}));
}

TEST(MeshPartition, ShardsAndNestsInsideAnExistingShard) {
  const auto flow = [](mesh::Placement rows, mesh::Placement cols, int dim, int axis) {
    return mesh::to_string(trial(placed({32, 64}, rows, cols), dim, axis).infer().distribution);
  };
  EXPECT_EQ(flow(replicate(), replicate(), 1, 1), "[Replicate, Shard(1)]");
  EXPECT_EQ(flow(mesh::partial(), replicate(), 1, 1), "[Partial, Shard(1)]");
  EXPECT_EQ(flow(shard(0), replicate(), 1, 1), "[Shard(0), Shard(1)]");
  EXPECT_EQ(flow(shard(1), replicate(), 1, 1), "[Shard(1), Shard(1)]");
  EXPECT_EQ(flow(replicate(), shard(1), 1, 0), "[Shard(1), Shard(1)] columns outermost");
}

TEST(MeshPartition, ReadsAndWritesOnePart) {
  const auto work =
      std::get<sim::StreamWork>(trial(placed({32, 256}, replicate(), replicate()), 1, 1).cost());
  EXPECT_EQ(work.dram_bytes, 2 * 2 * 4096);
}

TEST(MeshPartition, RefusesWhatIsNotReplicatedOrDoesNotDivide) {
  const auto infer = [](mesh::Placement cols, int dim, int axis) {
    return refusal([&] { return trial(placed({32, 6}, replicate(), cols), dim, axis).infer(); });
  };
  EXPECT_EQ(infer(shard(0), 1, 1),
            "[mesh_partition] input is Shard(0) along cluster_axis 1, needs Replicate: all_gather "
            "with cluster_axis 1 first");
  EXPECT_THAT(infer(mesh::partial(), 1, 1), HasSubstr("all_reduce with cluster_axis 1 first"));
  EXPECT_EQ(
      infer(replicate(), 1, 1),
      "[mesh_partition] dim 1 of [32, 6] does not divide over 4 chips, needs a multiple of 4");
  EXPECT_THAT(infer(replicate(), 1, 2), HasSubstr("cluster_axis is 2, needs 0 or 1"));
  EXPECT_THAT(infer(mesh::stacked(1), 1, 0), HasSubstr("needs fast_reduce_nc over it first"));
}

}  // namespace
}  // namespace ttmesh::ops
