#include "mesh/device/transfer.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "mesh/tensor/convert.hpp"
#include "tests/device/small_device.hpp"

namespace ttmesh::mesh {
namespace {

struct TransferCase {
  std::string topology;
  DataType dtype;
  std::array<std::optional<int>, 2> dims;
};

class TransferTest : public testing::TestWithParam<TransferCase> {};

TEST_P(TransferTest, ReadsBackWhatTheFormatCanHold) {
  const auto& [topology, dtype, dims] = GetParam();
  MeshDevice device = small_device(topology);
  HostTensor global{{1, 2, 256, 256}, std::vector<float>(2 * 256 * 256)};
  auto& values = std::get<std::vector<float>>(global.values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i % 1'001) / 37.0F - 11.0F;
  }
  std::vector<float> rounded(values.size());
  quantise(values, rounded, dtype, 256);
  const Tensor tensor = from_host(
      device, global, {.dtype = dtype, .distribution = shard_tensor_2d_mesh(device.shape(), dims)});
  EXPECT_EQ(to_host(tensor).floats(), rounded);
}

INSTANTIATE_TEST_SUITE_P(
    Meshes, TransferTest,
    testing::Values(TransferCase{"n150", DataType::Bfloat16, {}},
                    TransferCase{"t3k:1x2:line", DataType::Bfp8B, {{std::nullopt, 3}}},
                    TransferCase{"t3k:1x8:ring", DataType::Float32, {{std::nullopt, 2}}},
                    TransferCase{"tg", DataType::Bfp4B, {{2, 3}}},
                    TransferCase{"tg", DataType::Bfloat16, {{3, 3}}},
                    TransferCase{"galaxy", DataType::Bfp8B, {{3, 2}}},
                    TransferCase{"galaxy", DataType::Bfloat16, {{std::nullopt, std::nullopt}}}));

TEST(Transfer, GivesEveryChipsShard) {
  MeshDevice device = small_device("t3k:1x8:ring");
  const std::vector<HostTensor> shards = shards_to_host(ramp(device));
  ASSERT_EQ(shards.size(), 8U);
  EXPECT_EQ(shards[5].shape, (Shape{1, 1, 32, 32}));
  EXPECT_EQ(shards[5].floats().front(), 6.0F);
}

TEST(Transfer, RefusesToReadInTimingOnlyMode) {
  MeshDevice device = small_device("t3k", {.timing_only = true});
  const Tensor tensor = ramp(device);
  EXPECT_THROW((void)to_host(tensor), std::invalid_argument);
}

TEST(Transfer, RefusesValuesThatDoNotFillTheShape) {
  MeshDevice device = small_device("t3k");
  EXPECT_THROW((void)from_host(device, {{1, 1, 32, 32}, std::vector<float>(1'000)}, {}),
               std::invalid_argument);
}

TEST(Transfer, RefusesAnExtentThatDoesNotDivide) {
  MeshDevice device = small_device("t3k:1x8:ring");
  EXPECT_THROW((void)from_host(device, {{1, 1, 32, 100}, std::vector<float>(3'200)},
                               {.distribution = shard_tensor_to_mesh(device.shape(), 3)}),
               std::invalid_argument);
}

TEST(Transfer, ABlockingReadMovesTheClockPastTheChipsAndTheHostLink) {
  MeshDevice device = small_device("t3k");
  const Tensor output = device.enqueue("double", std::array{ramp(device)}, {}).front();
  (void)to_host(output);
  const sim::Time after_read = device.now();
  EXPECT_EQ(device.synchronize(), after_read);
}

}  // namespace
}  // namespace ttmesh::mesh
