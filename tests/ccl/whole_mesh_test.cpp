#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/place_as.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// Collectives without a cluster_axis: all chips of a mesh.
namespace ttmesh::ccl {
namespace {

using mesh::HostTensor;
using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;

struct Place {
  const char* name;
  const char* topology;
  Topology used;
  std::vector<std::string> settings;
};

class WholeMesh : public testing::TestWithParam<Place> {
 protected:
  WholeMesh() : device_(test::open_mesh(GetParam().topology, false, GetParam().settings)) {}
  ~WholeMesh() override { device_.close(); }

  /// Every chip's own term of `shape`, Partial along both axes.
  Tensor terms(const Shape& shape) {
    const test::OwnShards own = test::write_shards(device_, shape);
    sum_.assign(own.of.front().size(), 0.0F);
    for (const std::vector<float>& term : own.of) {
      for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] += term[i];
    }
    return ops::place_as(own.tensor, {mesh::partial(), mesh::partial()});
  }
  void expect_sum_everywhere(const Tensor& tensor) const {
    for (const HostTensor& shard : mesh::shards_to_host(tensor)) EXPECT_EQ(shard.floats(), sum_);
  }

  MeshDevice device_;
  std::vector<float> sum_;
};

TEST_P(WholeMesh, AllReduceSumsOverAllChips) {
  const Tensor input = terms({1, 1, 32, 1024});
  expect_sum_everywhere(all_reduce(input, {.topology = GetParam().used}));
}

TEST_P(WholeMesh, AllReduceTakesEveryAlgorithm) {
  const Tensor input = terms({1, 1, 32, 1024});
  for (const char* algorithm : {"two_axis", "axis_by_axis", "fastest"}) {
    expect_sum_everywhere(all_reduce(input, {.topology = GetParam().used, .algorithm = algorithm}));
  }
}

TEST_P(WholeMesh, AllReduceOfFewTilesGoesAxisByAxis) {
  const Tensor input = terms({1, 1, 32, 32});
  EXPECT_EQ(
      choice_of(device_, input.spec(), AllReduceOptions{.topology = GetParam().used}).algorithm,
      "axis_by_axis");
  expect_sum_everywhere(all_reduce(input, {.topology = GetParam().used}));
}

TEST_P(WholeMesh, ReduceScatterCutsRowsFirstAndAllGatherUndoesIt) {
  const Tensor slices =
      reduce_scatter(terms({1, 1, 32, 1024}), {.dim = 3, .topology = GetParam().used});
  EXPECT_EQ(slices.shape(), (Shape{1, 1, 32, 1024 / device_.shape().size()}));
  EXPECT_EQ(mesh::to_host(slices).floats(), sum_);
  const Tensor rows_first =
      mesh::from_host(device_, {.shape = {1, 1, 32, 1024}, .values = sum_},
                      {.distribution = mesh::shard_tensor_2d_mesh(device_.shape(), {3, 3})});
  const std::vector<HostTensor> found = mesh::shards_to_host(slices);
  const std::vector<HostTensor> expected = mesh::shards_to_host(rows_first);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].floats(), expected[i].floats()) << "chip " << i;
  }
  expect_sum_everywhere(all_gather(slices, {.dim = 3, .topology = GetParam().used}));
}

INSTANTIATE_TEST_SUITE_P(
    Meshes, WholeMesh,
    testing::Values(
        Place{"Mesh", "galaxy:4x8:line", Topology::Linear, {}},
        Place{"Torus", "galaxy:4x8:ring", Topology::Ring, {}},
        Place{"TallTorus", "galaxy:8x4:ring", Topology::Ring, {}},
        Place{"TorusWithAGap", "galaxy:4x8:ring", Topology::Ring, {"link(9-10).down=true"}},
        Place{"MeshWithGaps",
              "galaxy:4x8:line",
              Topology::Linear,
              {"link(9-10).down=true", "link(12-13).down=true", "link(3-11).down=true"}}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace ttmesh::ccl
