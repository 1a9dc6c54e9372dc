#include "calibration/search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace ttmesh::calibration {
namespace {

/// A narrow valley that bends: its lowest point is (1, 1).
double valley(const std::vector<double>& at) {
  return std::pow(1 - at[0], 2) + 10 * std::pow(at[1] - at[0] * at[0], 2);
}

TEST(PatternSearch, FindsTheLowestPointOfABentValley) {
  const std::vector<double> found =
      pattern_search({{-1, 0.5, -5, 5}, {2, 0.5, -5, 5}}, valley, {.finest = 1e-6});
  EXPECT_NEAR(found[0], 1, 0.01);
  EXPECT_NEAR(found[1], 1, 0.01);
}

TEST(PatternSearch, StaysWithinItsBounds) {
  const std::vector<double> found =
      pattern_search({{5, 1, 2, 9}}, [](const std::vector<double>& at) { return at[0]; });
  EXPECT_EQ(found, std::vector<double>{2});
}

TEST(PatternSearch, KeepsTheStartWhereNothingIsLower) {
  const std::vector<double> found =
      pattern_search({{3, 1, 0, 9}}, [](const std::vector<double>&) { return 1.0; });
  EXPECT_EQ(found, std::vector<double>{3});
}

TEST(PatternSearch, GivesTheSameEachTime) {
  const std::vector<Coordinate> start{{-1, 0.5, -5, 5}, {2, 0.5, -5, 5}};
  EXPECT_EQ(pattern_search(start, valley), pattern_search(start, valley));
}

}  // namespace
}  // namespace ttmesh::calibration
