#include "mesh/tensor/placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <vector>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Distribution over(MeshShape mesh, Placement rows, Placement cols, int outer_axis = 0) {
  return {.mesh = mesh, .placements = {rows, cols}, .outer_axis = outer_axis};
}

TEST(Distribution, PrintsOnePlacementAnAxis) {
  EXPECT_EQ(to_string(over({2, 4}, replicate(), shard(3))), "[Replicate, Shard(3)]");
  EXPECT_EQ(to_string(over({2, 4}, partial(), stacked(1))), "[Partial, Stacked(1)]");
  EXPECT_EQ(to_string(over({2, 4}, shard(2), shard(2), 1)),
            "[Shard(2), Shard(2)] columns outermost");
}

TEST(Distribution, NormalisesAxesOfOneChip) {
  EXPECT_EQ(normalised(over({1, 8}, partial(), shard(3))), over({1, 8}, replicate(), shard(3)));
  EXPECT_EQ(normalised(over({8, 1}, shard(0), stacked(1))), over({8, 1}, shard(0), replicate()));
  EXPECT_EQ(normalised(over({1, 1}, partial(), partial())), over({1, 1}, replicate(), replicate()));
}

TEST(Distribution, NormalisesTheOuterAxisWhereNothingIsNested) {
  EXPECT_EQ(normalised(over({2, 4}, shard(2), shard(3), 1)).outer_axis, 0);
  EXPECT_EQ(normalised(over({1, 4}, shard(3), shard(3), 1)).outer_axis, 0);
  EXPECT_EQ(normalised(over({2, 4}, shard(3), shard(3), 1)).outer_axis, 1);
}

TEST(Distribution, ResolvesDimsThatCountFromTheEnd) {
  EXPECT_EQ(resolved(over({2, 4}, shard(-2), stacked(-1)), 4), over({2, 4}, shard(2), stacked(3)));
  EXPECT_THROW((void)resolved(over({2, 4}, shard(4), replicate()), 4), std::invalid_argument);
}

TEST(Distribution, OwesASumWhilePartialOrStacked) {
  EXPECT_TRUE(owes_sum(over({2, 4}, replicate(), partial())));
  EXPECT_TRUE(owes_sum(over({2, 4}, stacked(0), replicate())));
  EXPECT_FALSE(owes_sum(over({2, 4}, shard(0), replicate())));
}

TEST(Distribution, NamesTheMissingCollective) {
  EXPECT_THAT(
      [] {
        require_no_partial("silu", over({2, 4}, replicate(), partial()));
      },
      ThrowsMessage<std::invalid_argument>(
          "[silu] input is Partial along cluster_axis 1; needs all_reduce or "
          "reduce_scatter with cluster_axis 1 first"));
  EXPECT_THAT(
      [] {
        require_no_partial("silu", over({2, 4}, stacked(1), replicate()));
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("fast_reduce_nc over dim 1")));
  EXPECT_NO_THROW(require_no_partial("silu", over({2, 4}, shard(0), replicate())));
}

TEST(Distribution, RejectsAnExtentThatDoesNotDivide) {
  EXPECT_THAT(
      [] {
        return local_shape({1, 1, 32, 100}, over({4, 8}, replicate(), shard(3)));
      },
      ThrowsMessage<std::invalid_argument>(
          "[local_shape] dim 3 of [1, 1, 32, 100] has extent 100, which does not divide "
          "over 8 chips, needs a multiple of 8"));
  EXPECT_THROW((void)local_shape({16}, over({4, 8}, shard(0), shard(0))), std::invalid_argument);
}

TEST(Distribution, GivesNestedPartsInOrderOfTheOuterAxis) {
  const Shape local{4};
  const Distribution rows_first = over({2, 3}, shard(0), shard(0), 0);
  const Distribution columns_first = over({2, 3}, shard(0), shard(0), 1);
  EXPECT_EQ(local_origin(local, rows_first, {1, 2}), (Shape{(1 * 3 + 2) * 4}));
  EXPECT_EQ(local_origin(local, columns_first, {1, 2}), (Shape{(2 * 2 + 1) * 4}));
}

struct Case {
  MeshShape mesh;
  Placement rows;
  Placement cols;
  int outer_axis;
};

class EveryDistribution : public ::testing::TestWithParam<Case> {
 protected:
  Distribution distribution() const {
    return over(GetParam().mesh, GetParam().rows, GetParam().cols, GetParam().outer_axis);
  }
};

std::vector<Case> cases() {
  std::vector<Case> cases;
  const std::vector<Placement> kinds{replicate(), shard(0), shard(2)};
  for (const MeshShape mesh :
       {MeshShape{1, 1}, MeshShape{1, 2}, MeshShape{1, 8}, MeshShape{4, 8}, MeshShape{8, 4}}) {
    for (const Placement& rows : kinds) {
      for (const Placement& cols : kinds) {
        for (const int outer : {0, 1}) cases.push_back({mesh, rows, cols, outer});
      }
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Meshes, EveryDistribution, ::testing::ValuesIn(cases()));

TEST_P(EveryDistribution, GivesBackTheGlobalShape) {
  const Shape global{64, 3, 96};
  EXPECT_EQ(global_shape(local_shape(global, distribution()), distribution()), global);
}

TEST_P(EveryDistribution, KeepsShapesWhenNormalised) {
  const Shape local{2, 3, 5};
  EXPECT_EQ(global_shape(local, normalised(distribution())), global_shape(local, distribution()));
}

TEST_P(EveryDistribution, CoversTheGlobalTensorWithTheDistinctParts) {
  const Distribution dist = distribution();
  const Shape local{2, 3, 5};
  const Shape global = global_shape(local, dist);
  std::set<std::vector<std::int64_t>> origins;
  for (int row = 0; row < dist.mesh.rows; ++row) {
    for (int col = 0; col < dist.mesh.cols; ++col) {
      const Shape origin = local_origin(local, dist, {row, col});
      for (int dim = 0; dim < local.rank(); ++dim) {
        EXPECT_EQ(origin[dim] % local[dim], 0);
        EXPECT_LE(origin[dim] + local[dim], global[dim]);
      }
      origins.insert({origin.dims().begin(), origin.dims().end()});
    }
  }
  EXPECT_EQ(static_cast<std::int64_t>(origins.size()), global.volume() / local.volume());
}

}  // namespace
}  // namespace ttmesh::mesh
