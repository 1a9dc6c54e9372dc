#include "mesh/tensor/convert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <vector>

#include "mesh/tensor/block_float.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<float> wild_values(std::size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random) * std::exp2(4 * normal(random));
  return values;
}

std::vector<float> quantised_by_rows(const std::vector<float>& in, DataType dtype,
                                     std::size_t row_length) {
  std::vector<float> out(in.size());
  for (std::size_t row = 0; row < in.size(); row += row_length) {
    for (std::size_t i = 0; i < row_length; i += 16) {
      const std::size_t count = std::min<std::size_t>(16, row_length - i);
      quantise_run(std::span(in).subspan(row + i, count), std::span(out).subspan(row + i, count),
                   dtype);
    }
  }
  return out;
}

TEST(Quantise, RestartsRunsAtEveryRow) {
  for (const DataType dtype : {DataType::Bfp8B, DataType::Bfp4B}) {
    for (const std::size_t row_length : {1U, 7U, 16U, 20U, 32U, 45U, 96U}) {
      const std::vector<float> in = wild_values(row_length * 9);
      std::vector<float> out(in.size());
      quantise(in, out, dtype, static_cast<std::int64_t>(row_length));
      EXPECT_EQ(out, quantised_by_rows(in, dtype, row_length)) << row_length;
    }
  }
}

TEST(Quantise, HoldsTheSameValuesAsBfloat16) {
  for (const DataType dtype : {DataType::Bfloat16, DataType::Bfp8B, DataType::Bfp4B}) {
    const std::vector<float> in = wild_values(20 * 11);
    std::vector<float> floats(in.size());
    std::vector<Bfloat16> held(in.size());
    std::vector<float> widened(in.size());
    quantise(in, floats, dtype, 20);
    quantise(in, held, dtype, 20);
    to_float(held, widened);
    EXPECT_EQ(widened, floats) << name(dtype);
  }
}

TEST(Quantise, KeepsFloat32) {
  const std::vector<float> in = wild_values(100);
  std::vector<float> out(in.size());
  quantise(in, out, DataType::Float32, 10);
  EXPECT_EQ(out, in);
}

TEST(Quantise, RejectsWhatItCannotRound) {
  const std::vector<float> in(16);
  std::vector<float> floats(16);
  std::vector<Bfloat16> held(16);
  EXPECT_THAT([&] { quantise(in, floats, DataType::Int32, 16); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("16 values of int32")));
  EXPECT_THAT([&] { quantise(in, std::span(floats).first(8), DataType::Bfp8B, 16); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("needs equal counts")));
  EXPECT_THROW(quantise(in, floats, DataType::Bfp8B, 0), std::invalid_argument);
  EXPECT_THAT([&] { quantise(in, held, DataType::Float32, 16); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("f32 cannot be held as bfloat16")));
}

}  // namespace
}  // namespace ttmesh::mesh
