#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ccl/all_to_all.hpp"
#include "ccl/barrier.hpp"
#include "ccl/broadcast.hpp"
#include "ccl/point_to_point.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/error.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// Values of collectives whose payloads travel on their own, through a device.
namespace ttmesh::ccl {
namespace {

using mesh::HostTensor;
using mesh::MeshDevice;
using mesh::Shape;
using mesh::Tensor;
using test::open_mesh;
using test::OwnShards;
using testing::HasSubstr;

std::vector<std::vector<float>> shards_of(const Tensor& tensor) {
  std::vector<std::vector<float>> values;
  for (const HostTensor& shard : mesh::shards_to_host(tensor)) values.push_back(shard.floats());
  return values;
}

template <typename Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

/// A mesh, intact or not, and how it is used.
struct Place {
  const char* name;
  const char* topology;
  std::vector<std::string> settings;
  Topology used;
};

class Exchanges : public testing::TestWithParam<Place> {
 protected:
  Exchanges() : device_(open_mesh(GetParam().topology, false, GetParam().settings)) {}
  ~Exchanges() override { device_.close(); }

  MeshDevice device_;
};

TEST_P(Exchanges, AllToAllTurnsOneShardingIntoAnother) {
  const auto chips = std::int64_t{device_.shape().size()};
  const Shape whole{1, 1, 32 * chips, 64 * chips};
  const HostTensor global = test::whole_numbers(whole, 8, 3);
  const auto rows_first = [&](int dim) {
    return mesh::shard_tensor_2d_mesh(device_.shape(), {dim, dim});
  };
  const Tensor by_rows = mesh::from_host(device_, global, {.distribution = rows_first(2)});
  const Tensor by_columns =
      all_to_all(by_rows, {.in_dim = 2, .out_dim = 3, .topology = GetParam().used});
  EXPECT_EQ(by_columns.shape(), (Shape{1, 1, 32 * chips, 64}));
  const Tensor expected = mesh::from_host(device_, global, {.distribution = rows_first(3)});
  EXPECT_EQ(shards_of(by_columns), shards_of(expected));
  EXPECT_EQ(mesh::to_host(by_columns).floats(), global.floats());
}

TEST_P(Exchanges, AllToAllLeavesTheOtherAxisAlone) {
  const auto [rows, cols] = device_.shape();
  const Shape whole{1, rows, std::int64_t{32} * cols, std::int64_t{32} * cols};
  const HostTensor global = test::whole_numbers(whole, 8, 4);
  const auto placed = [&](int dim) {
    return mesh::shard_tensor_2d_mesh(device_.shape(), {1, dim});
  };
  const Tensor before = mesh::from_host(device_, global, {.distribution = placed(2)});
  const Tensor after = all_to_all(before, {.in_dim = 2, .out_dim = 3, .cluster_axis = 1});
  EXPECT_EQ(shards_of(after),
            shards_of(mesh::from_host(device_, global, {.distribution = placed(3)})));
}

TEST_P(Exchanges, BroadcastGivesEveryChipTheRootsShard) {
  const OwnShards own = test::write_shards(device_, {1, 1, 32, 96});
  const auto [rows, cols] = device_.shape();
  const mesh::Coordinate root{rows - 1, cols / 2};
  const Tensor all = broadcast(own.tensor, {.root = root, .topology = GetParam().used});
  const std::size_t source = static_cast<std::size_t>(root.row * cols + root.col);
  for (const std::vector<float>& shard : shards_of(all)) EXPECT_EQ(shard, own.of[source]);
  EXPECT_EQ(all.distribution().along(0), mesh::replicate());
  EXPECT_EQ(all.distribution().along(1), mesh::replicate());
}

TEST_P(Exchanges, BroadcastAlongAnAxisTakesEachLinesOwnRoot) {
  const OwnShards own = test::write_shards(device_, {1, 1, 32, 96});
  const int cols = device_.shape().cols;
  const Tensor all = broadcast(own.tensor, {.root = {0, 1}, .cluster_axis = 1});
  const auto shards = shards_of(all);
  for (std::size_t chip = 0; chip < shards.size(); ++chip) {
    const std::size_t row = chip / static_cast<std::size_t>(cols);
    EXPECT_EQ(shards[chip], own.of[row * static_cast<std::size_t>(cols) + 1]) << "chip " << chip;
  }
}

TEST_P(Exchanges, PointToPointReplacesTheReceiversShardAlone) {
  const OwnShards own = test::write_shards(device_, {1, 1, 32, 96});
  const auto [rows, cols] = device_.shape();
  const Tensor moved = point_to_point(own.tensor, {.from = {0, cols - 1}, .to = {rows - 1, 0}});
  std::vector<std::vector<float>> expected = own.of;
  expected[static_cast<std::size_t>((rows - 1) * cols)] =
      own.of[static_cast<std::size_t>(cols - 1)];
  EXPECT_EQ(shards_of(moved), expected);
  EXPECT_EQ(moved.spec(), own.tensor.spec());
}

TEST_P(Exchanges, ABarrierHoldsEveryChipUntilTheLastIsThere) {
  barrier(device_);
  const sim::Time before = device_.synchronize();
  barrier(device_);
  EXPECT_GT(device_.synchronize(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Meshes, Exchanges,
    testing::Values(Place{"Line", "t3k:1x8:line", {}, Topology::Linear},
                    Place{"Ring", "t3k:1x8:ring", {}, Topology::Ring},
                    Place{"OddRing", "t3k:1x5:ring", {}, Topology::Ring},
                    Place{"Mesh", "t3k:2x4:line", {}, Topology::Linear},
                    Place{"Torus", "galaxy:4x4:ring", {}, Topology::Ring},
                    Place{"RingWithAGap", "t3k:1x8:ring", {"link(2-3).down=true"}, Topology::Ring},
                    Place{
                        "MeshWithAGap", "t3k:2x4:line", {"link(1-2).down=true"}, Topology::Linear},
                    Place{"TorusWithGaps",
                          "galaxy:4x4:ring",
                          {"link(0-1).down=true", "link(2-3).down=true", "link(1-5).down=true"},
                          Topology::Ring}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(PointToPoint, ReachesAnotherMeshOfTheMachine) {
  MeshDevice device = open_mesh(TTMESH_SOURCE_DIR "/topologies/galaxy_pair.yaml", {.mesh_id = 0});
  const MeshDevice other = device.mesh(1);
  const MeshDevice from = device.submesh({1, 1}, {2, 3});
  const MeshDevice to = other.submesh({1, 1}, {1, 1});
  const HostTensor values = test::whole_numbers({1, 1, 64, 64}, 8, 11);
  const Tensor sent = mesh::from_host(from, values, {});
  const Tensor received = point_to_point(sent, {.from = {0, 0}, .to = {0, 0}, .receiver = to});
  EXPECT_EQ(received.device(), to);
  EXPECT_EQ(mesh::to_host(received).floats(), values.floats());
  device.close();
}

TEST(PointToPoint, DoesNotHoldUpTheChipsOnItsWay) {
  MeshDevice device = open_mesh("t3k:1x8:line", true);
  const Tensor input = mesh::from_host(device, {.shape = {1, 1, 1024, 8192}, .values = {}}, {});
  device.start_recording();
  (void)point_to_point(input, {.from = {0, 0}, .to = {0, 7}});
  const mesh::Report report = device.report();
  std::vector<mesh::ChipId> busy;
  for (const mesh::ChipUse& use : report.uses) {
    if (name_of(report, use.use.command).op == "point_to_point") busy.push_back(use.chip);
  }
  EXPECT_THAT(busy, testing::ElementsAre(0, 7));
  device.close();
}

TEST(Unreachable, NamesTheChipsThatAreApart) {
  const std::vector<std::string> cut{"link(1-2).down=true", "link(5-6).down=true"};
  MeshDevice device = open_mesh("t3k:1x8:ring", true, cut);
  const Tensor input = mesh::from_host(device, {.shape = {1, 1, 32, 32}, .values = {}}, {});
  try {
    (void)point_to_point(input, {.from = {0, 0}, .to = {0, 3}});
    FAIL() << "no error";
  } catch (const mesh::Error& error) {
    EXPECT_EQ(error.code(), mesh::ErrorCode::Unreachable);
    EXPECT_THAT(error.what(), HasSubstr("chip 0 reaches only chips 0, 1, 6, 7"));
  }
  device.close();
}

TEST(AllToAll, RefusesWhatItCannotDo) {
  MeshDevice device = open_mesh("t3k:1x4:line", true);
  const Tensor input =
      mesh::from_host(device, {.shape = {1, 1, 128, 128}, .values = {}},
                      {.distribution = mesh::shard_tensor_to_mesh(device.shape(), 2)});
  EXPECT_THAT(refusal([&] { (void)all_to_all(input, {.in_dim = 3, .out_dim = 2}); }),
              HasSubstr("along cluster_axis 1, Shard(3) is needed"));
  EXPECT_THAT(refusal([&] { (void)all_to_all(input, {.in_dim = 2, .out_dim = 2}); }),
              HasSubstr("two dims are needed"));
  EXPECT_THAT(refusal([&] { (void)all_to_all(input, {.in_dim = 2, .out_dim = 1}); }),
              HasSubstr("does not cut into 4 slices"));
  EXPECT_THAT(refusal([&] {
                (void)all_to_all(input, {.in_dim = 2, .out_dim = 3, .topology = Topology::Ring});
              }),
              HasSubstr("Ring needs a closed line"));
  EXPECT_THAT(
      refusal([&] { (void)all_to_all(input, {.in_dim = 2, .out_dim = 3, .algorithm = "magic"}); }),
      HasSubstr("algorithm 'magic' is unknown; there are line, ring, routed and fastest"));
  device.close();
}

TEST(Broadcast, RefusesARootOutsideTheMesh) {
  MeshDevice device = open_mesh("t3k:1x4:line", true);
  const Tensor input = mesh::from_host(device, {.shape = {1, 1, 32, 32}, .values = {}}, {});
  EXPECT_THAT(refusal([&] {
                (void)broadcast(input, {.root = {0, 4}});
              }),
              HasSubstr("root is row 0, column 4, which lies outside the 1x4 mesh"));
  device.close();
}

}  // namespace
}  // namespace ttmesh::ccl
