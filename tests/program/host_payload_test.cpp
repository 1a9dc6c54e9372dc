#include "mesh/program/host_payload.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <tuple>
#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "mesh/topology/load.hpp"

namespace ttmesh::mesh {
namespace {

Topology galaxy(MeshShape hosts) {
  Topology topology = load_topology("tg");
  topology.meshes.front().host_shape = hosts;
  return topology;
}

/// A write of 1, 2, 3, .. to the whole mesh, two tiles of each sharded dim on a chip.
CommandPtr write_of(const Distribution& distribution, MeshView view) {
  auto command = std::make_shared<Command>();
  command->op = "write";
  command->view = view;
  command->output_view = view;
  command->output_specs = {{.shape = {2, 1, 64, 64},
                            .dtype = DataType::Bfloat16,
                            .distribution = normalised(distribution)}};
  const TensorSpec& spec = command->output_specs.front();
  HostTensor values{.shape = global_shape(spec.shape, spec.distribution), .values = {}};
  std::vector<float> floats(static_cast<std::size_t>(values.shape.volume()));
  std::iota(floats.begin(), floats.end(), 1.0F);
  values.values = std::move(floats);
  command->attributes = to_attributes(spec);
  command->payload = std::make_shared<const HostTensor>(std::move(values));
  return command;
}

Shard written(const Command& command, Coordinate chip) {
  const OpCall call{command.attributes, command.input_specs, command.output_specs};
  return written_shard(
      {.call = call, .inputs = {}, .chip = chip, .payload = command.payload.get()});
}

class HostPayload : public testing::TestWithParam<std::tuple<MeshShape, Distribution>> {};

TEST_P(HostPayload, LeavesEveryChipItsShard) {
  const auto& [hosts, distribution] = GetParam();
  const Topology topology = galaxy(hosts);
  const MeshDescription& mesh = topology.meshes.front();
  const CommandPtr all = write_of(distribution, {mesh.id, {}, mesh.shape});
  for (ChipId chip = 0; chip < mesh.shape.size(); ++chip) {
    const CommandPtr own = for_host(all, topology, topology.host_of(chip));
    const Coordinate at = mesh.coordinate(chip);
    EXPECT_EQ(to_host(written(*own, at)).floats(), to_host(written(*all, at)).floats()) << chip;
  }
}

const MeshShape kGalaxy{4, 8};

INSTANTIATE_TEST_SUITE_P(
    Write, HostPayload,
    testing::Combine(
        testing::Values(MeshShape{1, 1}, MeshShape{2, 1}, MeshShape{1, 4}, MeshShape{2, 2},
                        MeshShape{4, 8}),
        testing::Values(
            Distribution{.mesh = kGalaxy, .placements = {shard(2), shard(3)}},
            Distribution{.mesh = kGalaxy, .placements = {shard(3), replicate()}},
            Distribution{.mesh = kGalaxy, .placements = {replicate(), shard(0)}},
            Distribution{.mesh = kGalaxy, .placements = {replicate(), replicate()}},
            Distribution{.mesh = kGalaxy, .placements = {shard(3), shard(3)}},
            Distribution{.mesh = kGalaxy, .placements = {shard(3), shard(3)}, .outer_axis = 1})));

std::int64_t values_for(const CommandPtr& command, const Topology& topology, int rank) {
  return for_host(command, topology, rank)->payload->shape.volume();
}

TEST(HostPayload, IsNoMoreThanTheHostsChipsHold) {
  const Topology topology = galaxy({2, 2});
  const CommandPtr both =
      write_of({.mesh = kGalaxy, .placements = {shard(2), shard(3)}}, {0, {}, kGalaxy});
  const CommandPtr rows =
      write_of({.mesh = kGalaxy, .placements = {shard(2), replicate()}}, {0, {}, kGalaxy});
  for (int rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(values_for(both, topology, rank), both->payload->shape.volume() / 4);
    EXPECT_EQ(values_for(rows, topology, rank), rows->payload->shape.volume() / 2);
  }
}

TEST(HostPayload, OfAPartOfTheMeshStaysWhole) {
  const CommandPtr part =
      write_of({.mesh = {1, 8}, .placements = {replicate(), shard(3)}}, {0, {1, 0}, {1, 8}});
  EXPECT_EQ(for_host(part, galaxy({2, 2}), 1), part);
}

}  // namespace
}  // namespace ttmesh::mesh
