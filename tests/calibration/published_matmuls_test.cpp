#include <gtest/gtest.h>

#include <string>

#include "calibration/errors.hpp"
#include "calibration/matmuls.hpp"
#include "sim/system.hpp"
#include "tests/calibration/published_rows.hpp"

namespace ttmesh::calibration {
namespace {

struct Expected {
  const char* system;
  double mean;  ///< Most that the times may be off, as a part of the published ones.
  double worst;
};

class PublishedMatmuls : public testing::TestWithParam<Expected> {};

TEST_P(PublishedMatmuls, ArePredictedWithinAFewPercent) {
  const auto folder = test::published_folder();
  if (!folder) GTEST_SKIP() << "the published measurements are not on this machine";
  Errors errors;
  for (const MatmulMeasurement& row : read_matmuls(*folder)) {
    if (row.system != GetParam().system) continue;
    const sim::Time found = cost(sim::find_system(row.system).chip, row.work).duration;
    errors.add(static_cast<double>(found.ps()) / 1e6, row.microseconds);
  }
  RecordProperty("mean_percent", std::to_string(100 * errors.mean()));
  RecordProperty("worst_percent", std::to_string(100 * errors.worst()));
  ASSERT_GT(errors.count(), 0);
  EXPECT_LT(errors.mean(), GetParam().mean);
  EXPECT_LT(errors.worst(), GetParam().worst);
}

INSTANTIATE_TEST_SUITE_P(Gemm, PublishedMatmuls,
                         testing::Values(Expected{"n150", 0.025, 0.08},
                                         Expected{"p150", 0.01, 0.02}),
                         [](const auto& each) { return std::string(each.param.system); });

}  // namespace
}  // namespace ttmesh::calibration
