#include "mesh/tensor/region.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Positions in the block of the elements of a region, in order.
std::vector<std::int64_t> positions(const Region& region) {
  std::vector<std::int64_t> positions;
  for (std::int64_t i = region.begin; i < region.end; ++i) {
    positions.push_back(region.offset + i / region.row_length * region.stride +
                        i % region.row_length);
  }
  return positions;
}

// The same for a slice, from its definition.
std::vector<std::int64_t> slice_positions(const Shape& shape, int dim, int index, int count) {
  std::vector<std::int64_t> positions;
  std::int64_t inner = 1;
  for (int i = dim + 1; i < shape.rank(); ++i) inner *= shape[i];
  const std::int64_t extent = shape[dim] / count;
  for (std::int64_t at = 0; at < shape.volume(); ++at) {
    const std::int64_t coordinate = at / inner % shape[dim];
    if (coordinate / extent == index) positions.push_back(at);
  }
  return positions;
}

TEST(SliceRegion, HoldsTheElementsOfTheSlice) {
  const Shape shape{2, 4, 6, 8};
  for (int dim = 0; dim < shape.rank(); ++dim) {
    for (int index = 0; index < 2; ++index) {
      EXPECT_EQ(positions(slice_region(shape, dim, index, 2)),
                slice_positions(shape, dim, index, 2))
          << dim;
    }
  }
}

TEST(SliceRegion, KeepsTheRowsOfTheTensorWhereItCan) {
  const Region region = slice_region({1, 1, 64, 20}, 2, 1, 2);
  EXPECT_EQ(region.row_length, 20);
  EXPECT_EQ(region.rows, 32);
  EXPECT_EQ(region.offset, 32 * 20);
}

TEST(SliceRegion, RejectsACountThatDoesNotDivide) {
  EXPECT_THAT(
      [] {
        return slice_region({4, 6}, 1, 0, 4);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("slice 0 of 4 of dim 1 of [4, 6]")));
  EXPECT_THROW((void)slice_region({4, 6}, 1, 2, 2), std::invalid_argument);
  EXPECT_THROW((void)slice_region({4, 6}, 1, -1, 2), std::invalid_argument);
  EXPECT_THROW((void)slice_region({4, 6}, 2, 0, 2), std::invalid_argument);
}

struct Case {
  Shape shape;
  int dim;
  int slices;
  int parts;
};

class PartOf : public ::testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Regions, PartOf,
    ::testing::Values(Case{{1, 1, 32, 1024}, 3, 8, 4}, Case{{1, 1, 2, 1024}, 3, 4, 8},
                      Case{{1, 1, 2, 1024}, 3, 4, 3}, Case{{1, 1, 1, 96}, 3, 1, 8},
                      Case{{1, 1, 3, 100}, 3, 1, 7}, Case{{1, 1, 5, 40}, 2, 5, 2},
                      Case{{2, 8, 4, 40}, 1, 2, 2}, Case{{1, 1, 32, 32}, 3, 1, 1}));

TEST_P(PartOf, CoversTheRegionInOrder) {
  const auto& [shape, dim, slices, parts] = GetParam();
  for (int slice = 0; slice < slices; ++slice) {
    const Region region = slice_region(shape, dim, slice, slices);
    std::vector<std::int64_t> all;
    for (int i = 0; i < parts; ++i) {
      const std::vector<std::int64_t> part = positions(part_of(region, i, parts));
      all.insert(all.end(), part.begin(), part.end());
    }
    EXPECT_EQ(all, positions(region));
  }
}

TEST_P(PartOf, EndsAtRowEndsOrMultiplesOf32) {
  const auto& [shape, dim, slices, parts] = GetParam();
  const Region region = slice_region(shape, dim, 0, slices);
  for (int i = 0; i < parts; ++i) {
    const Region part = part_of(region, i, parts);
    const std::int64_t column = part.end % region.row_length;
    EXPECT_EQ(region.rows >= parts ? column : column % 32, 0);
  }
}

TEST_P(PartOf, IsEvenButForOneUnit) {
  const auto& [shape, dim, slices, parts] = GetParam();
  const Region region = slice_region(shape, dim, 0, slices);
  const std::int64_t unit = region.rows >= parts ? region.row_length : 32;
  for (int i = 1; i < parts; ++i) {
    EXPECT_LE(part_of(region, i, parts).size(), part_of(region, i - 1, parts).size() + unit);
    EXPECT_GE(part_of(region, i, parts).size() + 2 * unit, part_of(region, 0, parts).size());
  }
}

TEST_P(PartOf, CutsAPartAgain) {
  const auto& [shape, dim, slices, parts] = GetParam();
  const Region region = part_of(slice_region(shape, dim, 0, slices), parts - 1, parts);
  std::vector<std::int64_t> all;
  for (int i = 0; i < 3; ++i) {
    const std::vector<std::int64_t> part = positions(part_of(region, i, 3));
    all.insert(all.end(), part.begin(), part.end());
  }
  EXPECT_EQ(all, positions(region));
}

TEST(PartOf, GivesTheRemainderToTheLowerParts) {
  const Region region = slice_region({1, 1, 5, 64}, 2, 0, 1);
  EXPECT_EQ(part_of(region, 0, 3).size(), 2 * 64);
  EXPECT_EQ(part_of(region, 1, 3).size(), 2 * 64);
  EXPECT_EQ(part_of(region, 2, 3).size(), 64);
}

TEST(PartOf, RejectsAPartOutOfRange) {
  EXPECT_THAT(
      [] {
        return part_of(slice_region({4, 32}, 1, 0, 1), 2, 2);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("part 2 of 2")));
  EXPECT_THROW((void)part_of(Region{}, 0, 0), std::invalid_argument);
}

TEST(PartOf, IsEmptyOfAnEmptyRegion) { EXPECT_EQ(part_of(Region{}, 1, 2).size(), 0); }

}  // namespace
}  // namespace ttmesh::mesh
