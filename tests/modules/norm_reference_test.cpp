#include "modules/norm/norm_reference.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace ttmesh::modules {
namespace {

TEST(NormReference, IsTheFormula) {
  const mesh::HostTensor x{.shape = {1, 2}, .values = std::vector<float>{1, 3}};
  const mesh::HostTensor weight{.shape = {2}, .values = std::vector<float>{2, 5}};
  const mesh::HostTensor bias{.shape = {2}, .values = std::vector<float>{10, 20}};
  const auto rms = norm_reference(x, weight, {}, ops::Centre::Zero, 0).floats();
  EXPECT_NEAR(rms[0], 2 / std::sqrt(5.0), 1e-6);
  EXPECT_NEAR(rms[1], 15 / std::sqrt(5.0), 1e-6);
  const auto layer = norm_reference(x, weight, bias, ops::Centre::Mean, 0).floats();
  EXPECT_NEAR(layer[0], 8, 1e-6);
  EXPECT_NEAR(layer[1], 25, 1e-6);
  EXPECT_THROW((void)norm_reference(x, {.shape = {1}, .values = std::vector<float>{1}}, {},
                                    ops::Centre::Zero, 0),
               std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::modules
