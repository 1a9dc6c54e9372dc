#include "modules/accuracy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

namespace ttmesh::modules {
namespace {

TEST(Accuracy, OfEqualValuesIsPerfect) {
  const std::vector<float> values{1, -2, 3, 0.5};
  const Accuracy accuracy = measure_accuracy(values, values);
  EXPECT_DOUBLE_EQ(accuracy.pcc, 1);
  EXPECT_EQ(accuracy.max_abs_error, 0);
  EXPECT_EQ(accuracy.mean_abs_error, 0);
  EXPECT_DOUBLE_EQ(accuracy.reference_rms, std::sqrt((1 + 4 + 9 + 0.25) / 4));
}

TEST(Accuracy, MatchesPearsonsFormula) {
  const std::vector<float> values{1, 2, 3, 5};
  const std::vector<float> reference{2, 1, 4, 3};
  // Means 2.75 and 2.5; sums of products 3.5, 8.75 and 5.
  EXPECT_NEAR(measure_accuracy(values, reference).pcc, 3.5 / std::sqrt(8.75 * 5), 1e-12);
}

TEST(Accuracy, IgnoresScaleAndOffsetInTheCorrelationAlone) {
  const Accuracy accuracy =
      measure_accuracy(std::vector<float>{3, 5, 7}, std::vector<float>{1, 2, 3});
  EXPECT_DOUBLE_EQ(accuracy.pcc, 1);
  EXPECT_DOUBLE_EQ(accuracy.max_abs_error, 4);
  EXPECT_DOUBLE_EQ(accuracy.mean_abs_error, 3);
}

TEST(Accuracy, OfOppositeValuesIsMinusOne) {
  EXPECT_DOUBLE_EQ(measure_accuracy(std::vector<float>{1, 2}, std::vector<float>{2, 1}).pcc, -1);
}

TEST(Accuracy, OfAConstantIsOneOnlyIfAllIsEqual) {
  const std::vector<float> constant{2, 2};
  EXPECT_EQ(measure_accuracy(constant, constant).pcc, 1);
  EXPECT_EQ(measure_accuracy(constant, std::vector<float>{2, 3}).pcc, 0);
}

TEST(Accuracy, KeepsNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Accuracy accuracy =
      measure_accuracy(std::vector<float>{nan, 1, 2}, std::vector<float>{0, 1, 2});
  EXPECT_TRUE(std::isnan(accuracy.pcc));
  EXPECT_TRUE(std::isnan(accuracy.max_abs_error));
}

TEST(Accuracy, RefusesDifferentSizes) {
  EXPECT_THROW((void)measure_accuracy(std::vector<float>{1}, std::vector<float>{1, 2}),
               std::invalid_argument);
  EXPECT_THROW((void)measure_accuracy({}, {}), std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::modules
