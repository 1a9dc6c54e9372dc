#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "ops/place_as.hpp"
#include "ops/to_memory_config.hpp"
#include "tests/ops/op_trial.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

TensorSpec owing() {
  return {.shape = {1, 1, 32, 64},
          .distribution = {.mesh = {2, 4}, .placements = {mesh::partial(), mesh::shard(3)}}};
}

TEST(ToMemoryConfig, MovesTheTensorWithinItsChip) {
  const OpTrial trial("to_memory_config", {{"memory", std::string("l1 width_sharded/32")}},
                      {owing()});
  EXPECT_EQ(trial.infer().memory,
            (mesh::MemoryConfig{mesh::BufferType::L1, mesh::MemoryLayout::WidthSharded, 32}));
  EXPECT_EQ(trial.infer().distribution, owing().distribution);
  const auto work = std::get<sim::StreamWork>(trial.cost());
  EXPECT_EQ(work.dram_bytes, 2 * 2048);
  EXPECT_EQ(work.l1_bytes, 2 * 2048);
  EXPECT_EQ(work.tiles, 0);
  const mesh::Shard x = random_shard(owing(), 1);
  EXPECT_EQ(trial.run({x}).blocks(), x.blocks());
}

TEST(PlaceAs, DeclaresPlacementsAndTouchesNothingElse) {
  TensorSpec declared = owing();
  declared.distribution.placements = {mesh::shard(-2), mesh::partial()};
  const OpTrial trial("place_as", mesh::to_attributes(declared), {owing()});
  EXPECT_EQ(mesh::to_string(trial.infer().distribution), "[Shard(2), Partial]");
  EXPECT_EQ(trial.infer().shape, owing().shape);
  EXPECT_TRUE(std::holds_alternative<sim::NoWork>(trial.cost()));
  const mesh::Shard x = random_shard(owing(), 1);
  EXPECT_EQ(trial.run({x}).blocks(), x.blocks());
}

TEST(PlaceAs, RefusesADimOutOfRange) {
  TensorSpec declared = owing();
  declared.distribution.placements = {mesh::shard(4), mesh::replicate()};
  EXPECT_THROW(OpTrial("place_as", mesh::to_attributes(declared), {owing()}).infer(),
               std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::ops
