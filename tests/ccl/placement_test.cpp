#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"
#include "ccl/wiring.hpp"
#include "tests/ccl/mesh_fixture.hpp"

// What the collectives accept, what they make of it, and what they say about the rest.
namespace ttmesh::ccl {
namespace {

using mesh::Distribution;
using mesh::MeshDevice;
using mesh::MeshShape;
using mesh::Placement;
using mesh::TensorSpec;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

constexpr MeshShape kMesh{4, 8};

TensorSpec spec_with(Placement rows, Placement cols, int outer_axis = 0) {
  TensorSpec spec;
  spec.shape = {1, 1, 32, 1024};
  spec.distribution = {.mesh = kMesh, .placements = {rows, cols}, .outer_axis = outer_axis};
  return spec;
}

TensorSpec inferred(const mesh::OpDefinition& op, const TensorSpec& input, int dim, int axis,
                    const std::string& memory = "dram interleaved") {
  mesh::Attributes attributes =
      to_attributes(dim, {.cluster_axis = axis, .size = 0, .num_links = 1, .topology = {}});
  attributes.set("direct", false);
  attributes.set("memory", memory);
  const std::vector<TensorSpec> inputs{input};
  return op.infer({.attributes = attributes, .inputs = inputs, .outputs = {}}).front();
}

TensorSpec gathered(const TensorSpec& input, int dim, int axis) {
  return inferred(all_gather_definition(), input, dim, axis, to_string(input.memory));
}
TensorSpec scattered(const TensorSpec& input, int dim, int axis) {
  return inferred(reduce_scatter_definition(), input, dim, axis, to_string(input.memory));
}

TEST(AllGatherPlacement, MakesAShardedDimWhole) {
  const TensorSpec output = gathered(spec_with(mesh::shard(2), mesh::shard(3)), 3, 1);
  EXPECT_EQ(output.shape, (mesh::Shape{1, 1, 32, 8192}));
  EXPECT_EQ(output.distribution.along(0), mesh::shard(2));
  EXPECT_EQ(output.distribution.along(1), mesh::replicate());
}

TEST(AllGatherPlacement, StacksTheTermsOfASum) {
  const TensorSpec output = gathered(spec_with(mesh::partial(), mesh::shard(3)), 1, 0);
  EXPECT_EQ(output.shape, (mesh::Shape{1, 4, 32, 1024}));
  EXPECT_EQ(output.distribution.along(0), mesh::stacked(1));
  EXPECT_TRUE(owes_sum(output.distribution));
}

TEST(AllGatherPlacement, KeepsASumThatTheOtherAxisOwes) {
  const TensorSpec output = gathered(spec_with(mesh::partial(), mesh::shard(3)), 3, 1);
  EXPECT_EQ(output.distribution.along(0), mesh::partial());
}

TEST(AllGatherPlacement, OfTheInnerAxisLeavesTheOuterOne) {
  const TensorSpec output = gathered(spec_with(mesh::shard(3), mesh::shard(3), 1), 3, 0);
  EXPECT_EQ(output.distribution.along(0), mesh::replicate());
  EXPECT_EQ(output.distribution.along(1), mesh::shard(3));
  EXPECT_EQ(output.distribution.outer_axis, 0);
}

TEST(AllGatherPlacement, RefusesTheOuterOfTwoNestedAxes) {
  EXPECT_THAT(refusal([] { (void)gathered(spec_with(mesh::shard(3), mesh::shard(3), 0), 3, 0); }),
              HasSubstr("[all_gather] dim 3 is cut along cluster_axis 0 and each part again along "
                        "cluster_axis 1; gather along the inner axis first: cluster_axis 1"));
}

TEST(AllGatherPlacement, RefusesWhatEveryChipHasAlready) {
  EXPECT_THAT(refusal([] { (void)gathered(spec_with(mesh::replicate(), mesh::shard(3)), 3, 0); }),
              HasSubstr("[all_gather] input is Replicate along cluster_axis 0"));
  EXPECT_THAT(refusal([] { (void)gathered(spec_with(mesh::stacked(1), mesh::shard(3)), 3, 0); }),
              HasSubstr("[all_gather] input is Stacked along cluster_axis 0"));
}

TEST(AllGatherPlacement, RefusesAnotherDimThanTheShardedOne) {
  EXPECT_THAT(refusal([] { (void)gathered(spec_with(mesh::shard(2), mesh::shard(3)), 3, 0); }),
              HasSubstr("[all_gather] input is sharded on dim 2 along cluster_axis 0, not on dim "
                        "3; gather dim 2 there"));
}

TEST(AllGatherPlacement, RefusesToStackTermsAlongAShardedDim) {
  EXPECT_THAT(refusal([] { (void)gathered(spec_with(mesh::partial(), mesh::shard(3)), 3, 0); }),
              HasSubstr("[all_gather] terms cannot be stacked along dim 3"));
}

TEST(ReduceScatterPlacement, CutsTheSum) {
  const TensorSpec output = scattered(spec_with(mesh::shard(2), mesh::partial()), 3, 1);
  EXPECT_EQ(output.shape, (mesh::Shape{1, 1, 32, 128}));
  EXPECT_EQ(output.distribution.along(0), mesh::shard(2));
  EXPECT_EQ(output.distribution.along(1), mesh::shard(3));
}

TEST(ReduceScatterPlacement, NestsWithinTheOtherAxis) {
  EXPECT_EQ(scattered(spec_with(mesh::partial(), mesh::shard(3)), 3, 0).distribution.outer_axis, 1);
  EXPECT_EQ(scattered(spec_with(mesh::shard(3), mesh::partial()), 3, 1).distribution.outer_axis, 0);
}

TEST(ReduceScatterPlacement, RefusesWhatOwesNoSum) {
  EXPECT_THAT(
      refusal([] { (void)scattered(spec_with(mesh::replicate(), mesh::shard(3)), 3, 0); }),
      HasSubstr("owes no sum along cluster_axis 0, Partial is needed; mesh_partition cuts"));
}

TEST(ReduceScatterPlacement, RefusesFractionsOfTiles) {
  TensorSpec spec = spec_with(mesh::replicate(), mesh::partial());
  spec.shape = {1, 1, 32, 128};
  EXPECT_THAT(refusal([&] { (void)scattered(spec, 3, 1); }),
              HasSubstr("[reduce_scatter] dim 3 of [1, 1, 32, 128] does not cut into 8 slices of "
                        "whole tiles, a multiple of 256 is needed"));
  spec.layout = mesh::Layout::RowMajor;
  EXPECT_EQ(scattered(spec, 3, 1).shape, (mesh::Shape{1, 1, 32, 16}));
}

class CollectiveOptions : public testing::Test {
 protected:
  ~CollectiveOptions() override { device_.close(); }

  mesh::Tensor terms(const MeshDevice& device, int axis) const {
    return test::write_terms(device, {.shape = {1, 1, 32, 256}, .summed_axis = axis}).tensor;
  }

  MeshDevice device_ = test::open_mesh("t3k:2x4:line", true);
};

TEST_F(CollectiveOptions, RefuseARingWhereTheLineIsOpen) {
  const mesh::Tensor input = terms(device_, 1);
  EXPECT_EQ(refusal([&] {
              (void)reduce_scatter(input,
                                   {.dim = 3, .cluster_axis = 1, .topology = Topology::Ring});
            }),
            "[reduce_scatter] topology Ring needs a closed line; chips 0-1-2-3 of cluster_axis 1 "
            "are open; use Linear or a torus");
}

TEST_F(CollectiveOptions, TakeARingOfTwoAsALine) {
  const mesh::Tensor input = terms(device_, 0);
  EXPECT_NO_THROW(
      (void)reduce_scatter(input, {.dim = 3, .cluster_axis = 0, .topology = Topology::Ring}));
}

TEST_F(CollectiveOptions, RefuseMoreLinksThanJoinTwoChips) {
  const mesh::Tensor input = terms(device_, 1);
  EXPECT_EQ(
      refusal([&] { (void)reduce_scatter(input, {.dim = 3, .cluster_axis = 1, .num_links = 3}); }),
      "[reduce_scatter] num_links is 3, but 2 join chips 0 and 1; at most 2 can be used");
  EXPECT_THAT(
      refusal([&] { (void)reduce_scatter(input, {.dim = 3, .cluster_axis = 1, .num_links = 0}); }),
      HasSubstr("num_links is 0, at least 1 is needed"));
}

TEST_F(CollectiveOptions, RefuseAnAxisThatOwesNoSumOnAGrid) {
  const mesh::Tensor input = terms(device_, 1);
  EXPECT_THAT(refusal([&] { (void)all_reduce(input, {}); }),
              HasSubstr("[all_reduce] input [Shard(0), Partial] owes no sum along cluster_axis 0, "
                        "Partial is needed on both"));
  EXPECT_THAT(refusal([&] { (void)all_reduce(input, {.cluster_axis = 2}); }),
              HasSubstr("[all_reduce] cluster_axis is 2, 0 (chips of a column) or 1"));
}

TEST_F(CollectiveOptions, RefuseADimOutOfRange) {
  const mesh::Tensor input = terms(device_, 1);
  EXPECT_EQ(refusal([&] { (void)all_gather(input, {.dim = 4, .cluster_axis = 1}); }),
            "[all_gather] dim 4 is out of range for a tensor of rank 4");
}

TEST_F(CollectiveOptions, NameTheAllReduceThatHasNothingToAdd) {
  const mesh::Tensor input = terms(device_, 1);
  EXPECT_THAT(refusal([&] { (void)all_reduce(input, {.cluster_axis = 0}); }),
              HasSubstr("[all_reduce] input [Shard(0), Partial] owes no sum along cluster_axis 0"));
}

TEST_F(CollectiveOptions, TakeTheUsableLinksByDefault) {
  device_.record_program();
  const mesh::Tensor input = terms(device_, 1);
  (void)reduce_scatter(input, {.dim = -1, .cluster_axis = 1});
  const mesh::Attributes& attributes = device_.program().back()->attributes;
  EXPECT_EQ(attributes.integer("num_links"), device_.topology().usable_links);
  EXPECT_EQ(attributes.integer("dim"), 3);
  EXPECT_EQ(attributes.text("algorithm"), "line");
}

TEST_F(CollectiveOptions, PutTheOutputWhereTheyAreTold) {
  const mesh::Tensor input = terms(device_, 1);
  EXPECT_EQ(reduce_scatter(input, {.dim = 3, .cluster_axis = 1}).memory(), mesh::kDramInterleaved);
  EXPECT_EQ(
      reduce_scatter(input, {.dim = 3, .cluster_axis = 1, .memory = mesh::kL1Interleaved}).memory(),
      mesh::kL1Interleaved);
}

TEST(CollectivesOfOneChip, ReturnTheirInputWithoutACommand) {
  MeshDevice device = test::open_mesh("t3k:1x4:line", true);
  const mesh::Tensor input =
      test::write_terms(device, {.shape = {1, 1, 32, 256}, .summed_axis = 1}).tensor;
  device.record_program();
  EXPECT_EQ(all_gather(input, {.dim = 3, .cluster_axis = 0}).id(), input.id());
  EXPECT_EQ(reduce_scatter(input, {.dim = 3, .cluster_axis = 0}).id(), input.id());
  EXPECT_EQ(all_reduce(input, {.cluster_axis = 0}).id(), input.id());
  EXPECT_TRUE(device.program().empty());
  device.close();
}

}  // namespace
}  // namespace ttmesh::ccl
