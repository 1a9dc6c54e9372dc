#include <gtest/gtest.h>

#include <string>

#include "calibration/collectives.hpp"
#include "calibration/errors.hpp"
#include "tests/calibration/published_rows.hpp"

// Virtual times of collectives that the machine runs step by step, against published sweeps.
namespace ttmesh::calibration {
namespace {

struct Expected {
  const char* group;
  double mean;  ///< Most that the times may be off, as a part of the published ones.
  double worst;
};

class PublishedCollectives : public testing::TestWithParam<Expected> {};

TEST_P(PublishedCollectives, AreMetWithinAFewPercent) {
  const auto folder = test::published_folder();
  if (!folder) GTEST_SKIP() << "the published measurements are not on this machine";
  CollectiveRunner runner;
  Errors errors;
  for (const Measurement& row : read_collectives(*folder)) {
    if (row.group() != GetParam().group) continue;
    errors.add(static_cast<double>(runner.run(row).ps()) / 1e6, row.microseconds);
  }
  RecordProperty("mean_percent", std::to_string(100 * errors.mean()));
  RecordProperty("worst_percent", std::to_string(100 * errors.worst()));
  ASSERT_GT(errors.count(), 0);
  EXPECT_LT(errors.mean(), GetParam().mean);
  EXPECT_LT(errors.worst(), GetParam().worst);
}

// The worst row of T3K's reduce-scatter on a ring is the largest that is sent directly.
INSTANTIATE_TEST_SUITE_P(Sweeps, PublishedCollectives,
                         testing::Values(Expected{"t3k all_gather line of 2", 0.01, 0.01},
                                         Expected{"t3k all_gather line of 4", 0.01, 0.06},
                                         Expected{"t3k all_gather ring of 8", 0.01, 0.03},
                                         Expected{"t3k reduce_scatter line of 4", 0.03, 0.06},
                                         Expected{"t3k reduce_scatter ring of 8", 0.03, 0.14},
                                         Expected{"bh_galaxy all_gather line of 2", 0.01, 0.01},
                                         Expected{"bh_galaxy all_gather line of 4", 0.015, 0.06},
                                         Expected{"bh_galaxy all_gather ring of 8", 0.02, 0.06},
                                         Expected{"bh_galaxy reduce_scatter line of 4", 0.03, 0.09},
                                         Expected{"bh_galaxy reduce_scatter ring of 8", 0.04,
                                                  0.12}),
                         [](const auto& each) {
                           std::string name = each.param.group;
                           for (char& c : name) c = c == ' ' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace ttmesh::calibration
