#include "modules/embedding/embedding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/topology/error.hpp"
#include "modules/open.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

LazyWeight table(const mesh::MeshDevice& device, std::int64_t vocab = 100, std::int64_t dim = 256,
                 mesh::DataType dtype = mesh::DataType::Float32) {
  return LazyWeight(RandomNormal{.key = {.seed = 3}, .shape = {vocab, dim}},
                    {.dtype = dtype, .device = device});
}

mesh::HostTensor ids(std::vector<std::uint32_t> values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return {.shape = {1, 1, 1, count}, .values = std::move(values)};
}

TEST(Embedding, TakesRowsTimesItsScale) {
  const mesh::MeshDevice device = open("n300");
  EmbeddingConfig config{.weight = table(device)};
  config.scale = 4;
  const Embedding1D embedding = Embedding1D::from_config(config);
  const mesh::Tensor y = embedding.forward(embedding.input(ids({99, 0, 7})), Mode::Decode);
  EXPECT_EQ(y.shape(), mesh::Shape({1, 1, 3, 128}));
  EXPECT_EQ(y.distribution().along(1), mesh::shard(3));
  const mesh::HostTensor values = mesh::to_host(y);
  std::vector<float> row(256);
  config.weight.source().read({99, 0, 1, 256}, row);
  for (std::size_t i = 0; i < row.size(); ++i) ASSERT_EQ(values.floats()[i], 4 * row[i]);
}

TEST(Embedding, OnAGridPrefillsInBlockFloats) {
  const mesh::MeshDevice device = open("tg", {.threads = 1, .timing_only = true});
  const Embedding2D embedding(table(device, 100, 1024, mesh::DataType::Bfloat16));
  const mesh::Tensor x = embedding.input(ids(std::vector<std::uint32_t>(32)));
  const mesh::Tensor prompt = embedding.forward(x, Mode::Prefill);
  EXPECT_EQ(prompt.dtype(), mesh::DataType::Bfp8B);
  EXPECT_EQ(prompt.memory(), mesh::kDramInterleaved);
  EXPECT_EQ(prompt.shape(), mesh::Shape({1, 1, 32, 128}));
  const mesh::Tensor token = embedding.forward(x, Mode::Decode);
  EXPECT_EQ(token.dtype(), mesh::DataType::Bfloat16);
  EXPECT_EQ(token.memory(), mesh::kL1Interleaved);
}

TEST(Embedding, RefusesWhatItCannotDo) {
  const auto timing = [](const char* mesh) {
    return open(mesh, {.threads = 1, .timing_only = true});
  };
  EXPECT_THAT([&] { (void)Embedding1D(table(timing("tg"))); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use Embedding2D instead.")));
  EXPECT_THAT([&] { (void)Embedding2D(table(timing("n300"))); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use Embedding1D instead.")));
  EXPECT_THAT([&] { (void)Embedding1D(table(timing("n300"), 100, 96)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("dim is 96, needs a multiple of 64")));
  EmbeddingConfig config{.weight = table(timing("n150"))};
  config.scale = 0;
  EXPECT_THAT([&] { (void)Embedding1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("scale is 0, needs a positive one")));
  const Embedding1D embedding(config.weight);
  EXPECT_THAT(
      [&] {
        const mesh::Tensor many = embedding.input(ids(std::vector<std::uint32_t>(64)));
        (void)embedding.decode_forward(many);
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("there are 64 ids, needs at most 32")));
}

TEST(Embedding, FailsWhereAnIdIsBeyondTheTable) {
  const Embedding1D embedding(table(open("n150")));
  const mesh::Tensor y = embedding.decode_forward(embedding.input(ids({100})));
  EXPECT_THAT([&] { (void)mesh::to_host(y); },
              ThrowsMessage<mesh::Error>(HasSubstr("index 100 at position 0")));
}

}  // namespace
}  // namespace ttmesh::modules
