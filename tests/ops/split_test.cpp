#include "ops/split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <span>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/topology/load.hpp"
#include "ops/concat.hpp"
#include "ops/op_table.hpp"
#include "ops/random_normal.hpp"
#include "tests/ops/refusal.hpp"

namespace ttmesh::ops {
namespace {

TEST(Split, CutsPartsThatConcatJoins) {
  auto table = std::make_shared<mesh::OpTable>();
  register_ops(*table);
  mesh::MeshDevice device = mesh::open(mesh::load_topology("t3k"), table);
  const auto x = random_normal(
      device,
      {.shape = {1, 1, 32, 80},
       .dtype = mesh::DataType::Float32,
       .distribution = {.mesh = device.shape(), .placements = {mesh::shard(2), mesh::shard(3)}}},
      {.key = {.seed = 1, .stream = 1}});
  const auto parts = split(x, {.split_size = 32, .dim = -1});
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[1].shape(), (mesh::Shape{1, 1, 32, 32}));
  EXPECT_EQ(parts[2].shape(), (mesh::Shape{1, 1, 32, 16}));
  EXPECT_EQ(mesh::to_host(concat(parts, 3)).floats(), mesh::to_host(x).floats());
  EXPECT_EQ(refusal([&] { return split(x, {.split_size = 0}); }),
            "[split] split_size 0, needs at least 1");
  device.close();
}

}  // namespace
}  // namespace ttmesh::ops
