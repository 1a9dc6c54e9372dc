#include "ops/reference_matmul.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mesh/tensor/random.hpp"

namespace ttmesh::ops {
namespace {

std::vector<float> random(std::size_t rows, std::size_t cols, std::uint64_t stream) {
  std::vector<float> out(rows * cols);
  mesh::fill_normal({.seed = 5, .stream = stream}, 0, 1.0F, out);
  return out;
}

class ReferenceMatmul : public testing::TestWithParam<int> {};

TEST_P(ReferenceMatmul, MultipliesAndAccumulates) {
  const ReferenceShape shape{.m = 17, .k = 33, .n = 70, .threads = GetParam()};
  const std::vector<float> a = random(17, 33, 1);
  const std::vector<float> b = random(33, 70, 2);
  std::vector<float> c(std::size_t{17} * 70, 9.0F);
  matmul_f32(a, b, c, shape);
  std::vector<float> twice = c;
  accumulate_matmul_f32(a, b, twice, shape);
  for (std::size_t i = 0; i < 17; ++i) {
    for (std::size_t j = 0; j < 70; ++j) {
      double want = 0;
      for (std::size_t l = 0; l < 33; ++l) want += double{a[i * 33 + l]} * b[l * 70 + j];
      ASSERT_NEAR(c[i * 70 + j], want, 1e-4);
      ASSERT_NEAR(twice[i * 70 + j], 2 * want, 1e-4);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ReferenceMatmul, testing::Values(1, 2));

TEST(ReferenceMatmul, RefusesSpansOfOtherSizes) {
  std::vector<float> c(4);
  EXPECT_THROW(matmul_f32(c, c, std::span(c).first(3), {.m = 2, .k = 2, .n = 2}),
               std::invalid_argument);
}

}  // namespace
}  // namespace ttmesh::ops
