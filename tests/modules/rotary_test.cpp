#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "modules/open.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Positions = std::vector<std::int64_t>;

RotaryConfig config_on(const mesh::MeshDevice& device, int batch) {
  return {.device = device,
          .head_dim = 64,
          .max_seq_len = 256,
          .theta = 500000,
          .scaling = RotaryScaling{},
          .max_batch_size = batch,
          .dtype = mesh::DataType::Float32};
}

// A row of the table of cosines at a position.
std::vector<float> cosines(const RotaryConfig& config, std::int64_t position) {
  std::vector<float> row;
  for (const double frequency :
       rotary_frequencies({config.head_dim, config.theta, config.scaling})) {
    row.insert(row.end(), 2,
               static_cast<float>(std::cos(static_cast<double>(position) * frequency)));
  }
  return row;
}

TEST(RotaryFrequencies, FallByAFactorAPair) {
  const std::vector<double> frequencies = rotary_frequencies({.head_dim = 8, .theta = 10000});
  ASSERT_EQ(frequencies.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_NEAR(frequencies[i], std::pow(10, -static_cast<double>(i)), 1e-12);
  }
}

TEST(RotaryFrequencies, AreAllDividedByALinearFactor) {
  const RotaryScaling scaling{.kind = RotaryScaling::Kind::Linear, .factor = 4};
  const std::vector<double> plain = rotary_frequencies({.head_dim = 32});
  const std::vector<double> scaled = rotary_frequencies({.head_dim = 32, .scaling = scaling});
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 4);
}

// The wave that turns `turns` times within the training's positions.
double scaled_share(double turns) {
  const std::int64_t trained = 8192;
  const double frequency = turns * 2 * std::numbers::pi / static_cast<double>(trained);
  // The second of two pairs has 1 / sqrt(theta).
  const RotaryAngles angles{.head_dim = 4, .theta = 1 / (frequency * frequency)};
  RotaryAngles scaled = angles;
  scaled.scaling = RotaryScaling{
      .factor = 8, .low_freq_factor = 1, .high_freq_factor = 4, .original_max_position = trained};
  return rotary_frequencies(scaled)[1] / rotary_frequencies(angles)[1];
}

TEST(RotaryFrequencies, OfLlama3StretchLongWavesAlone) {
  EXPECT_NEAR(scaled_share(5), 1, 1e-9);
  EXPECT_NEAR(scaled_share(0.5), 1.0 / 8, 1e-9);
  EXPECT_NEAR(scaled_share(2.5), (1.0 / 8 + 1) / 2, 1e-9);
  EXPECT_NEAR(scaled_share(1.75), (1.0 / 8) * 0.75 + 0.25, 1e-9);
}

TEST(RotaryFrequencies, RefuseNumbersThatDoNotFit) {
  EXPECT_THROW((void)rotary_frequencies({.head_dim = 7}), std::invalid_argument);
  EXPECT_THROW((void)rotary_frequencies({.head_dim = 8, .theta = 0}), std::invalid_argument);
  EXPECT_THAT(
      [] {
        (void)rotary_frequencies(
            {.head_dim = 8, .scaling = RotaryScaling{.low_freq_factor = 4, .high_freq_factor = 4}});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("the high factor above the low")));
}

// Rotation of halves, as transformers does it.
std::vector<double> turned_halves(const std::vector<float>& head, double position) {
  const std::size_t half = head.size() / 2;
  const std::vector<double> frequencies =
      rotary_frequencies({.head_dim = static_cast<std::int64_t>(head.size())});
  std::vector<double> turned(head.size());
  for (std::size_t i = 0; i < half; ++i) {
    const double cos = std::cos(position * frequencies[i]);
    const double sin = std::sin(position * frequencies[i]);
    turned[i] = head[i] * cos - head[half + i] * sin;
    turned[half + i] = head[half + i] * cos + head[i] * sin;
  }
  return turned;
}

TEST(InterleavedHeads, TurnAsHalvesDo) {
  const mesh::HostTensor halves{.shape = {1, 16},
                                .values = std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8,  //
                                                             -1, 3, -5, 7, 2, 4, 6, 8}};
  const std::vector<float> pairs = interleaved_heads(halves, 8).floats();
  EXPECT_THAT(std::vector<float>(pairs.begin(), pairs.begin() + 8),
              testing::ElementsAre(1, 5, 2, 6, 3, 7, 4, 8));
  const RotaryTables tables = rotary_tables({.head_dim = 8}, 4);
  for (std::size_t head = 0; head < 2; ++head) {
    const auto first = halves.floats().begin() + static_cast<std::ptrdiff_t>(head) * 8;
    const std::vector<double> want = turned_halves({first, first + 8}, 3);
    for (std::size_t i = 0; i < 8; ++i) {
      const float cos = tables.cos.floats()[3 * 8 + i];
      const float sin = tables.sin.floats()[3 * 8 + i];
      const float other = pairs[head * 8 + (i ^ 1U)] * (i % 2 == 0 ? -1.0F : 1.0F);
      EXPECT_NEAR(pairs[head * 8 + i] * cos + other * sin, want[i / 2 + (i % 2) * 4], 1e-5);
    }
  }
  EXPECT_THROW((void)interleaved_heads(halves, 6), std::invalid_argument);
}

TEST(RotarySetup1D, GivesEachUserItsPosition) {
  const mesh::MeshDevice device = open("n300");
  const RotaryConfig config = config_on(device, 4);
  RotarySetup1D rotary(config);
  const Positions positions{5, 255, 0, -1};
  const ops::RotaryEmbedding tables = rotary.decode_forward(positions);
  EXPECT_EQ(tables.cos.shape(), mesh::Shape({1, 4, 1, 64}));
  const std::vector<float> cos = mesh::to_host(tables.cos).floats();
  for (std::size_t user = 0; user < positions.size(); ++user) {
    const std::vector<float> row(cos.begin() + static_cast<std::ptrdiff_t>(user * 64),
                                 cos.begin() + static_cast<std::ptrdiff_t>(user * 64 + 64));
    EXPECT_EQ(row, cosines(config, std::max<std::int64_t>(0, positions[user]))) << user;
  }
}

TEST(RotarySetup1D, GivesAPromptItsPositions) {
  const mesh::MeshDevice device = open("n150");
  const RotaryConfig config = config_on(device, 1);
  RotarySetup1D rotary(config);
  const ops::RotaryEmbedding tables = rotary.prefill_forward(100, 96);
  EXPECT_EQ(tables.cos.shape(), mesh::Shape({1, 1, 96, 64}));
  const std::vector<float> cos = mesh::to_host(tables.cos).floats();
  EXPECT_EQ(std::vector<float>(cos.begin() + 7 * 64, cos.begin() + 8 * 64), cosines(config, 107));
}

TEST(RotarySetup1D, RoundsItsTables) {
  const mesh::MeshDevice device = open("n150");
  RotaryConfig config = config_on(device, 1);
  config.dtype = mesh::DataType::Bfloat16;
  RotarySetup1D rotary(config);
  const ops::RotaryEmbedding tables = rotary.prefill_forward(0, 256);
  EXPECT_EQ(tables.sin.dtype(), mesh::DataType::Bfloat16);
  const std::vector<float> cos = mesh::to_host(tables.cos).floats();
  const std::vector<float> want = rotary_tables({64, 500000, RotaryScaling{}}, 256).cos.floats();
  for (std::size_t i = 0; i < cos.size(); ++i) {
    ASSERT_NEAR(cos[i], want[i], std::abs(want[i]) / 256 + 1e-9);
  }
}

TEST(RotarySetup2D, GivesEachColumnItsUsers) {
  const mesh::MeshDevice device = open("t3k");
  RotaryConfig config = config_on(device, 8);
  Positions positions;
  for (std::int64_t user = 0; user < 8; ++user) positions.push_back(user * 30);
  for (const bool fused : {false, true}) {
    config.use_qk_fused = fused;
    RotarySetup2D rotary(config);
    const ops::RotaryEmbedding tables = rotary.decode_forward(positions);
    EXPECT_EQ(tables.cos.distribution().along(1), mesh::shard(1));
    const std::vector<mesh::HostTensor> shards = mesh::shards_to_host(tables.cos);
    const mesh::MeshShape shape = device.shape();
    const int users = 8 / shape.cols;
    for (int chip = 0; chip < shape.size(); ++chip) {
      const std::vector<float>& values = shards[static_cast<std::size_t>(chip)].floats();
      ASSERT_EQ(values.size(), static_cast<std::size_t>(users * (fused ? 2 : 1) * 64));
      for (std::size_t i = 0; i < values.size() / 64; ++i) {
        const int user = chip % shape.cols * users + static_cast<int>(i) % users;
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(i * 64);
        EXPECT_EQ(std::vector<float>(first, first + 64), cosines(config, user * 30));
      }
    }
  }
}

TEST(RotarySetups, RefuseWhatTheTablesLack) {
  const mesh::MeshDevice device = open("n150", {.timing_only = true});
  RotarySetup1D rotary(config_on(device, 2));
  EXPECT_THAT([&] { (void)rotary.prefill_forward(200, 57); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("57 positions from 200 on")));
  EXPECT_THAT(
      [&] {
        (void)rotary.decode_forward(Positions{0, 256});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("position 256")));
  EXPECT_THAT([&] { (void)rotary.decode_forward(Positions{0}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("each of the 2 users")));
}

TEST(RotarySetups, NameEachOther) {
  const mesh::MeshDevice line = open("n300", {.timing_only = true});
  const mesh::MeshDevice grid = open("tg", {.timing_only = true});
  EXPECT_THAT([&] { RotarySetup1D rotary(config_on(grid, 32)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use RotarySetup2D instead")));
  EXPECT_THAT([&] { RotarySetup2D rotary(config_on(line, 32)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use RotarySetup1D instead")));
  EXPECT_THAT([&] { RotarySetup2D rotary(config_on(grid, 30)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("multiple of the ")));
  RotaryConfig odd = config_on(line, 1);
  odd.head_dim = 48;
  EXPECT_THAT([&] { RotarySetup1D rotary(odd); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("multiple of 32")));
}

}  // namespace
}  // namespace ttmesh::modules
