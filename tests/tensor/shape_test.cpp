#include "mesh/tensor/shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Shape, CountsNegativeDimsFromTheEnd) {
  const Shape shape{2, 3, 5};
  EXPECT_EQ(shape[-1], 5);
  EXPECT_EQ(shape[-3], 2);
  EXPECT_EQ(shape.index(-2), 1);
}

TEST(Shape, RejectsADimOutOfRange) {
  const Shape shape{2, 3};
  EXPECT_THAT([&] { return shape[2]; }, ThrowsMessage<std::invalid_argument>(HasSubstr(
                                            "dim 2 is out of range for a tensor of rank 2")));
  EXPECT_THROW((void)shape.index(-3), std::invalid_argument);
  EXPECT_THROW((void)Shape{}.index(0), std::invalid_argument);
}

TEST(Shape, HasTheVolumeOfItsExtents) {
  EXPECT_EQ((Shape{2, 3, 5}.volume()), 30);
  EXPECT_EQ(Shape{}.volume(), 1);
}

TEST(Shape, ChangesOneExtent) { EXPECT_EQ((Shape{2, 3}.with(-1, 7)), (Shape{2, 7})); }

TEST(Shape, PrintsItsExtents) {
  EXPECT_EQ(to_string(Shape{1, 1, 32, 8192}), "[1, 1, 32, 8192]");
  EXPECT_EQ(to_string(Shape{}), "[]");
}

TEST(Shape, PadsTheLastTwoDimsToWholeTiles) {
  EXPECT_EQ(tile_padded({3, 2, 33, 31}), (Shape{3, 2, 64, 32}));
  EXPECT_EQ(tile_padded({33}), (Shape{32, 64}));
  EXPECT_EQ(tile_padded({}), (Shape{32, 32}));
}

TEST(Shape, CountsTilesWithPadding) {
  EXPECT_EQ(tile_count({1, 1, 32, 8192}), 256);
  EXPECT_EQ(tile_count({2, 1, 1, 33}), 4);
  EXPECT_EQ(tile_count({100}), 4);
}

}  // namespace
}  // namespace ttmesh::mesh
