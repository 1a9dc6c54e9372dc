#include "ops/row_products.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <tuple>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/convert.hpp"

namespace ttmesh::ops {
namespace {

using mesh::HeldType;

constexpr std::int64_t kRows = 41;
constexpr std::int64_t kStride = kRows + 3;

std::vector<float> normals(std::int64_t count, unsigned seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(engine);
  return values;
}

/// Vectors, their width, and what holds the rows.
using Case = std::tuple<std::int64_t, std::int64_t, HeldType>;

class RowProducts : public testing::TestWithParam<Case> {
 protected:
  RowProducts() : rows_(normals(kRows * width(), 1)) {
    if (std::get<2>(GetParam()) == HeldType::Float32) return;
    mesh::quantise(rows_, rows_, mesh::DataType::Bfloat16, width());
    halves_.resize(rows_.size());
    mesh::quantise(rows_, halves_, mesh::DataType::Bfloat16, width());
  }

  static std::int64_t count() { return std::get<0>(GetParam()); }
  static std::int64_t width() { return std::get<1>(GetParam()); }

  HeldRows rows(std::int64_t first, std::int64_t end) const {
    const bool is_float = halves_.empty();
    const std::byte* data = is_float ? std::as_bytes(std::span(rows_)).data()
                                     : std::as_bytes(std::span(halves_)).data();
    return {.data = data + first * width() * (is_float ? 4 : 2),
            .type = std::get<2>(GetParam()),
            .count = end - first,
            .width = width()};
  }
  double value(std::int64_t row, std::int64_t column) const {
    return rows_[static_cast<std::size_t>(row * width() + column)];
  }

 private:
  std::vector<float> rows_;
  std::vector<mesh::Bfloat16> halves_;
};

TEST_P(RowProducts, DotEveryVectorWithEveryRow) {
  const std::vector<float> vectors = normals(count() * width(), 2);
  std::vector<float> out(static_cast<std::size_t>(count() * kStride), -1.0F);
  dot_rows(vectors, rows(0, kRows), out.data(), kStride);
  for (std::int64_t i = 0; i < count(); ++i) {
    for (std::int64_t row = 0; row < kStride; ++row) {
      double sum = row < kRows ? 0 : -1;
      for (std::int64_t column = 0; row < kRows && column < width(); ++column) {
        sum += vectors[static_cast<std::size_t>(i * width() + column)] * value(row, column);
      }
      EXPECT_NEAR(out[static_cast<std::size_t>(i * kStride + row)], sum, 2e-5) << i << ' ' << row;
    }
  }
}

TEST_P(RowProducts, MixRowsOntoWhatIsThere) {
  const std::vector<float> weights = normals(count() * kStride, 3);
  const std::vector<float> before = normals(count() * width(), 4);
  std::vector<float> out = before;
  mix_rows(weights.data(), kStride, rows(0, kRows), out);
  for (std::int64_t i = 0; i < count(); ++i) {
    for (std::int64_t column = 0; column < width(); ++column) {
      const auto at = static_cast<std::size_t>(i * width() + column);
      double sum = before[at];
      for (std::int64_t row = 0; row < kRows; ++row) {
        sum += weights[static_cast<std::size_t>(i * kStride + row)] * value(row, column);
      }
      EXPECT_NEAR(out[at], sum, 2e-5) << i << ' ' << column;
    }
  }
}

TEST_P(RowProducts, MixRowsInTwoPlacesAsIfSideBySide) {
  const std::vector<float> weights = normals(count() * kStride, 3);
  std::vector<float> whole(static_cast<std::size_t>(count() * width()));
  std::vector<float> parts = whole;
  mix_rows(weights.data(), kStride, rows(0, kRows), whole);
  mix_rows(weights.data(), kStride, rows(0, 7), parts);
  mix_rows(weights.data() + 7, kStride, rows(7, kRows), parts);
  EXPECT_EQ(parts, whole);
}

INSTANTIATE_TEST_SUITE_P(Sizes, RowProducts,
                         testing::Combine(testing::Values(1, 2, 3, 4, 9),
                                          testing::Values(1, 7, 16, 45, 64, 128),
                                          testing::Values(HeldType::Float32, HeldType::Bfloat16)));

}  // namespace
}  // namespace ttmesh::ops
