#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/load.hpp"
#include "ops/add.hpp"
#include "ops/concat.hpp"
#include "ops/deallocate.hpp"
#include "ops/fast_reduce_nc.hpp"
#include "ops/full.hpp"
#include "ops/matmul.hpp"
#include "ops/mesh_partition.hpp"
#include "ops/mul.hpp"
#include "ops/op_table.hpp"
#include "ops/place_as.hpp"
#include "ops/random_normal.hpp"
#include "ops/reference_matmul.hpp"
#include "ops/reshape.hpp"
#include "ops/slice.hpp"
#include "ops/to_memory_config.hpp"
#include "ops/transpose.hpp"
#include "ops/typecast.hpp"

namespace ttmesh::ops {
namespace {

using mesh::DataType;
using mesh::replicate;
using mesh::Shape;
using mesh::shard;
using mesh::TensorSpec;

class OpsOnDevice : public testing::Test {
 protected:
  static mesh::MeshDevice open(mesh::OpenOptions options = {}) {
    auto table = std::make_shared<mesh::OpTable>();
    register_ops(*table);
    return mesh::open(mesh::load_topology("t3k"), table, std::move(options));
  }

  void TearDown() override { device.close(); }

  TensorSpec spec(const Shape& global, mesh::Placement rows, mesh::Placement cols,
                  DataType dtype = DataType::Float32) const {
    const mesh::Distribution distribution{.mesh = device.shape(), .placements = {rows, cols}};
    return {.shape = mesh::local_shape(global, distribution),
            .dtype = dtype,
            .distribution = distribution};
  }

  mesh::Tensor random(const TensorSpec& of, std::uint64_t stream) {
    return random_normal(device, of, {.key = {.seed = 1, .stream = stream}});
  }

  mesh::MeshDevice device = open();
};

std::vector<float> floats_of(const mesh::Tensor& tensor) { return mesh::to_host(tensor).floats(); }

TEST_F(OpsOnDevice, MultipliesByAColumnShardedWeight) {
  const auto x = random(spec({1, 1, 32, 64}, replicate(), replicate()), 1);
  const auto w = random(spec({1, 1, 64, 128}, replicate(), shard(3)), 2);
  const auto y = linear(x, w);
  EXPECT_EQ(y.global_shape(), (Shape{1, 1, 32, 128}));
  std::vector<float> want(std::size_t{32} * 128);
  matmul_f32(floats_of(x), floats_of(w), want, {.m = 32, .k = 64, .n = 128});
  const std::vector<float> got = floats_of(y);
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-4);
}

TEST_F(OpsOnDevice, SumsTermsOfARowShardedProduct) {
  const auto x = random(spec({1, 1, 32, 64}, replicate(), shard(3)), 1);
  const auto w = random(spec({1, 1, 64, 96}, replicate(), shard(2)), 2);
  const auto y = linear(x, w);
  ASSERT_EQ(y.distribution().along(1), mesh::partial());
  EXPECT_THROW(mesh::to_host(y), std::invalid_argument);
  std::vector<float> got(std::size_t{32} * 96, 0.0F);
  const auto terms = mesh::shards_to_host(y);
  for (std::size_t col = 0; col < 4; ++col) {
    for (std::size_t i = 0; i < got.size(); ++i) got[i] += terms[col].floats()[i];
  }
  std::vector<float> want(std::size_t{32} * 96);
  matmul_f32(floats_of(x), floats_of(w), want, {.m = 32, .k = 64, .n = 96});
  for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 1e-4);
}

TEST_F(OpsOnDevice, RunsTheGateOfAnMlp) {
  const TensorSpec sharded = spec({1, 1, 32, 128}, replicate(), shard(3));
  const auto gate = random(sharded, 1);
  const auto up = random(sharded, 2);
  const auto y = mul(gate, up, {.input_a_activation = Activation::Silu});
  const std::vector<float> a = floats_of(gate);
  const std::vector<float> b = floats_of(up);
  const std::vector<float> got = floats_of(y);
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], a[i] / (1 + std::exp(-a[i])) * b[i], 1e-5);
  }
}

TEST_F(OpsOnDevice, MovesValuesWithoutChangingThem) {
  const auto x = random(spec({1, 1, 32, 64}, replicate(), replicate()), 1);
  const std::vector<float> want = floats_of(x);
  const auto left = slice(x, {.begin = {0, 0, 0, 0}, .end = {1, 1, 32, 16}});
  const auto right = slice(x, {.begin = {0, 0, 0, 16}, .end = {1, 1, 32, 64}});
  EXPECT_EQ(floats_of(concat(std::array{left, right}, -1)), want);
  const auto turned = transpose(x, {.dim0 = -1, .dim1 = -2});
  EXPECT_EQ(floats_of(transpose(turned, {.dim0 = 2, .dim1 = 3})), want);
  const auto moved = to_memory_config(x, mesh::kL1Interleaved);
  EXPECT_EQ(floats_of(reshape(moved, {1, 32, 1, -1})), want);
  EXPECT_EQ(floats_of(mesh_partition(x, {.dim = 3, .cluster_axis = 1})), want);
  EXPECT_EQ(typecast(x, DataType::Float32).id(), x.id());
  EXPECT_EQ(reshape(x, {1, 1, -1, 64}).id(), x.id());
}

TEST_F(OpsOnDevice, NestsPartitionsInEitherOrder) {
  const auto x = random(spec({1, 1, 32, 64}, replicate(), replicate()), 1);
  for (const int first : {0, 1}) {
    const auto outer = mesh_partition(x, {.dim = 3, .cluster_axis = first});
    const auto inner = mesh_partition(outer, {.dim = 3, .cluster_axis = 1 - first});
    EXPECT_EQ(inner.shape(), (Shape{1, 1, 32, 8}));
    EXPECT_EQ(floats_of(inner), floats_of(x));
    EXPECT_EQ(floats_of(add(inner, 0.0F)), floats_of(x));
  }
}

TEST_F(OpsOnDevice, SumsOverADimInPlaceOfACollective) {
  const auto x = random(spec({4, 1, 32, 32}, replicate(), replicate()), 1);
  const auto y = fast_reduce_nc(x, {.dims = {0}});
  EXPECT_EQ(y.shape(), (Shape{1, 1, 32, 32}));
  const std::vector<float> terms = floats_of(x);
  EXPECT_FLOAT_EQ(floats_of(y)[5], terms[5] + terms[1029] + terms[2053] + terms[3077]);
}

TEST_F(OpsOnDevice, DeclaresABiasAsATermOfASum) {
  const auto x = random(spec({1, 1, 32, 64}, replicate(), shard(3)), 1);
  const auto w = random(spec({1, 1, 64, 32}, replicate(), shard(2)), 2);
  const auto bias = full(device, spec({1, 1, 1, 32}, replicate(), replicate()), 0.25);
  EXPECT_THROW((void)linear(x, w, {.bias = bias}), std::invalid_argument);
  const auto term = place_as(bias, {replicate(), mesh::partial()});
  EXPECT_EQ(linear(x, w, {.bias = term}).distribution().along(1), mesh::partial());
}

TEST_F(OpsOnDevice, ShowsOptionsInTheProgram) {
  device.record_program();
  const auto x = random(spec({1, 1, 32, 64}, replicate(), replicate()), 1);
  const auto y = mul(x, 2.0F);
  ASSERT_EQ(device.program().size(), 2U);
  EXPECT_THAT(to_string(*device.program()[1]),
              testing::HasSubstr("activation=none dtype=f32 memory=dram scalar=2"));
}

TEST_F(OpsOnDevice, RefusesADeallocatedTensor) {
  const auto x = zeros(device, spec({1, 1, 32, 64}, replicate(), replicate()));
  deallocate(x);
  EXPECT_THROW((void)add(x, x), std::invalid_argument);
}

TEST_F(OpsOnDevice, TakesTheSameVirtualTimeWithoutValues) {
  const auto run = [this](const mesh::MeshDevice& opened) {
    device.close();
    device = opened;
    const auto x = random(spec({1, 1, 32, 64}, replicate(), replicate()), 1);
    const auto w = random(spec({1, 1, 64, 128}, replicate(), shard(3)), 2);
    const auto y = linear(x, w, {.activation = Activation::Silu, .dtype = DataType::Bfp8B});
    const auto z = add(y, y);
    return device.synchronize();
  };
  EXPECT_EQ(run(open()), run(open({.timing_only = true})));
}

}  // namespace
}  // namespace ttmesh::ops
