#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/place_as.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// Values through a device, against the unsharded sum or concatenation.
namespace ttmesh::ccl {
namespace {

using mesh::DataType;
using mesh::HostTensor;
using mesh::MeshDevice;
using mesh::MeshShape;
using mesh::Shape;
using mesh::Tensor;
using test::line_of;
using test::open_mesh;
using test::slice_of;
using test::sum_on_line;
using test::Terms;
using test::write_terms;

using Machine = std::tuple<const char*, Topology, DataType, int>;

std::string topology_text(const char* shape, Topology topology) {
  return std::string("t3k:") + shape + (topology == Topology::Ring ? ":ring" : ":line");
}

class CollectiveValues : public testing::TestWithParam<Machine> {
 protected:
  CollectiveValues()
      : device_(open_mesh(topology_text(std::get<0>(GetParam()), std::get<1>(GetParam())))) {}
  ~CollectiveValues() override { device_.close(); }

  MeshShape shape() const { return device_.shape(); }
  Topology topology() const { return std::get<1>(GetParam()); }
  DataType dtype() const { return std::get<2>(GetParam()); }
  int axis() const { return std::get<3>(GetParam()); }
  int size() const { return shape().extent(axis()); }

  Terms terms(const Shape& term) const {
    return write_terms(device_, {.shape = term, .summed_axis = axis(), .dtype = dtype()});
  }
  static std::vector<std::vector<float>> shards(const Tensor& tensor) {
    std::vector<std::vector<float>> values;
    for (const HostTensor& shard : mesh::shards_to_host(tensor)) values.push_back(shard.floats());
    return values;
  }
  int place(int chip) const { return axis() == 0 ? chip / shape().cols : chip % shape().cols; }

  MeshDevice device_;
};

TEST_P(CollectiveValues, AllGatherGivesEveryChipTheConcatenationAlongItsLine) {
  const Shape local{1, 1, 64, 32};
  const Shape whole = local.with(3, 32 * size());
  const HostTensor global = test::whole_numbers(whole.with(0, shape().extent(1 - axis())), 100, 11);
  std::array<std::optional<int>, 2> dims{};
  dims[static_cast<std::size_t>(axis())] = 3;
  dims[static_cast<std::size_t>(1 - axis())] = 0;
  const Tensor input = mesh::from_host(
      device_, global,
      {.dtype = dtype(), .distribution = mesh::shard_tensor_2d_mesh(shape(), dims)});

  const Tensor output =
      all_gather(input, {.dim = 3, .cluster_axis = axis(), .topology = topology()});
  EXPECT_EQ(output.shape(), whole);
  const auto found = shards(output);
  for (int chip = 0; chip < shape().size(); ++chip) {
    const int other = axis() == 0 ? chip % shape().cols : chip / shape().cols;
    EXPECT_EQ(found[static_cast<std::size_t>(chip)],
              slice_of(global.floats(), global.shape, 0, other, shape().extent(1 - axis())))
        << "chip " << chip;
  }
}

TEST_P(CollectiveValues, ReduceScatterGivesEveryChipItsSliceOfTheSum) {
  const Shape term{1, 1, 32, 64 * size()};
  const Terms input = terms(term);
  const Tensor output =
      reduce_scatter(input.tensor, {.dim = 3, .cluster_axis = axis(), .topology = topology()});
  EXPECT_EQ(output.shape(), term.with(3, 64));
  const auto found = shards(output);
  for (int chip = 0; chip < shape().size(); ++chip) {
    EXPECT_EQ(found[static_cast<std::size_t>(chip)],
              slice_of(sum_on_line(input, shape(), axis(), chip), term, 3, place(chip), size()))
        << "chip " << chip;
  }
}

TEST_P(CollectiveValues, ReduceScatterCutsRowsOfTiles) {
  const Shape term{1, 1, 32 * size(), 32};
  const Terms input = terms(term);
  const auto found = shards(
      reduce_scatter(input.tensor, {.dim = -2, .cluster_axis = axis(), .topology = topology()}));
  for (int chip = 0; chip < shape().size(); ++chip) {
    EXPECT_EQ(found[static_cast<std::size_t>(chip)],
              slice_of(sum_on_line(input, shape(), axis(), chip), term, 2, place(chip), size()))
        << "chip " << chip;
  }
}

TEST_P(CollectiveValues, AllReduceGivesEveryChipTheSum) {
  const Shape term{1, 1, 32, 32 * size()};
  const Terms input = terms(term);
  const Tensor output = all_reduce(input.tensor, {.cluster_axis = axis(), .topology = topology()});
  EXPECT_EQ(output.distribution().along(axis()), mesh::replicate());
  const auto found = shards(output);
  for (int chip = 0; chip < shape().size(); ++chip) {
    EXPECT_EQ(found[static_cast<std::size_t>(chip)], sum_on_line(input, shape(), axis(), chip))
        << "chip " << chip;
  }
}

TEST_P(CollectiveValues, AllReduceOfATileThatDoesNotCutGathersAndAdds) {
  const Shape term{1, 1, 32, 32};
  const Terms input = terms(term);
  const Tensor output = all_reduce(input.tensor, {.cluster_axis = axis(), .topology = topology()});
  EXPECT_EQ(output.shape(), term);
  const auto found = shards(output);
  for (int chip = 0; chip < shape().size(); ++chip) {
    EXPECT_EQ(found[static_cast<std::size_t>(chip)], sum_on_line(input, shape(), axis(), chip))
        << "chip " << chip;
  }
}

std::string machine_name(const testing::TestParamInfo<Machine>& machine) {
  const auto& [shape, topology, dtype, axis] = machine.param;
  return std::string("Mesh") + shape + to_string(topology) + "_" + std::string(mesh::name(dtype)) +
         "_axis" + std::to_string(axis);
}

INSTANTIATE_TEST_SUITE_P(Rows, CollectiveValues,
                         testing::Combine(testing::Values("1x2", "1x3", "1x4", "1x8"),
                                          testing::Values(Topology::Linear, Topology::Ring),
                                          testing::Values(DataType::Float32, DataType::Bfloat16,
                                                          DataType::Bfp8B),
                                          testing::Values(1)),
                         machine_name);

INSTANTIATE_TEST_SUITE_P(Meshes, CollectiveValues,
                         testing::Combine(testing::Values("4x8", "8x4"),
                                          testing::Values(Topology::Linear, Topology::Ring),
                                          testing::Values(DataType::Float32, DataType::Bfloat16,
                                                          DataType::Bfp8B),
                                          testing::Values(0, 1)),
                         machine_name);

/// Terms that round when they are added.
Tensor fractional_terms(const MeshDevice& device, const Shape& term) {
  HostTensor global = test::whole_numbers(term.with(1, device.shape().cols), 1000, 3);
  for (float& value : std::get<std::vector<float>>(global.values)) value /= 7.0F;
  const Tensor own = mesh::from_host(
      device, global, {.distribution = mesh::shard_tensor_to_mesh(device.shape(), 1)});
  return ops::place_as(own, {mesh::replicate(), mesh::partial()});
}

TEST(AllReduce, LeavesTheSameBitsOnEveryChip) {
  MeshDevice device = open_mesh("t3k:1x8:ring");
  const Tensor input = fractional_terms(device, {1, 1, 32, 512});
  for (const Topology topology : {Topology::Linear, Topology::Ring}) {
    const std::vector<HostTensor> sums =
        mesh::shards_to_host(all_reduce(input, {.topology = topology}));
    for (const HostTensor& sum : sums) EXPECT_EQ(sum.floats(), sums.front().floats());
  }
  device.close();
}

TEST(AllReduce, IsTheSameEveryTime) {
  std::vector<std::vector<float>> sums;
  for (int run = 0; run < 2; ++run) {
    MeshDevice device = open_mesh("t3k:1x8:ring");
    const Tensor sum =
        all_reduce(fractional_terms(device, {1, 1, 32, 512}), {.topology = Topology::Ring});
    sums.push_back(mesh::to_host(sum).floats());
    device.close();
  }
  EXPECT_EQ(sums[0], sums[1]);
}

TEST(ReduceScatter, CutsRowMajorTensorsByElements) {
  MeshDevice device = open_mesh("t3k:1x4:ring");
  const Shape term{1, 1, 1, 20};
  const Terms input = write_terms(device, {.shape = term, .layout = mesh::Layout::RowMajor});
  const std::vector<HostTensor> slices =
      mesh::shards_to_host(reduce_scatter(input.tensor, {.dim = 3, .topology = Topology::Ring}));
  for (int chip = 0; chip < 4; ++chip) {
    EXPECT_EQ(slices[static_cast<std::size_t>(chip)].floats(),
              slice_of(sum_on_line(input, device.shape(), 1, chip), term, 3, chip, 4));
  }
  device.close();
}

TEST(ReduceScatter, CutsLeadingDims) {
  MeshDevice device = open_mesh("t3k:1x4:line");
  const HostTensor global = test::whole_numbers({16, 1, 32, 32}, 8, 5);
  const Tensor own = mesh::from_host(
      device, global, {.distribution = mesh::shard_tensor_to_mesh(device.shape(), 0)});
  const Tensor terms = ops::place_as(own, {mesh::replicate(), mesh::partial()});
  const Tensor output = reduce_scatter(terms, {.dim = 0});
  EXPECT_EQ(output.shape(), (Shape{1, 1, 32, 32}));
  const HostTensor sum = mesh::to_host(output);
  for (std::size_t i = 0; i < sum.floats().size(); ++i) {
    float expected = 0;
    for (std::size_t chip = 0; chip < 4; ++chip) {
      expected += global.floats()[chip * sum.floats().size() + i];
    }
    ASSERT_EQ(sum.floats()[i], expected);
  }
  device.close();
}

TEST(AllGather, UndoesANestedReduceScatterFromTheInnerAxisOut) {
  MeshDevice device = open_mesh("t3k:2x4:line");
  const Shape whole{1, 1, 32, 512};
  const HostTensor global = test::whole_numbers(whole, 8, 9);
  const Tensor columns =
      mesh::from_host(device, global,
                      {.distribution = mesh::shard_tensor_2d_mesh(
                           device.shape(), {std::nullopt, std::optional<int>(3)})});
  const Tensor terms = ops::place_as(columns, {mesh::partial(), mesh::shard(3)});
  const Tensor nested = reduce_scatter(terms, {.dim = 3, .cluster_axis = 0});
  EXPECT_EQ(nested.shape(), (Shape{1, 1, 32, 64}));
  EXPECT_EQ(nested.distribution().outer_axis, 1);

  std::vector<float> doubled = global.floats();
  for (float& value : doubled) value *= 2;
  EXPECT_EQ(mesh::to_host(nested).floats(), doubled);
  EXPECT_THROW((void)all_gather(nested, {.dim = 3, .cluster_axis = 1}), std::invalid_argument);
  const Tensor inner = all_gather(nested, {.dim = 3, .cluster_axis = 0});
  const Tensor all = all_gather(inner, {.dim = 3, .cluster_axis = 1});
  for (const HostTensor& shard : mesh::shards_to_host(all)) EXPECT_EQ(shard.floats(), doubled);
  device.close();
}

}  // namespace
}  // namespace ttmesh::ccl
