#include "modules/lm_head/lm_head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/program/command.hpp"
#include "modules/open.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

LMHeadConfig config_on(const mesh::MeshDevice& device, std::int64_t vocab,
                       mesh::DataType dtype = mesh::DataType::Float32) {
  LMHeadConfig config{
      .weight = LazyWeight(RandomNormal{.key = {.seed = 5}, .scale = 0.1, .shape = {256, vocab}},
                           {.dtype = dtype})};
  config.device = device;
  return config;
}

LazyWeight rows(std::int64_t count = 32) {
  return LazyWeight(RandomNormal{.key = {.seed = 2}, .shape = {1, 1, count, 256}},
                    {.dtype = mesh::DataType::Float32});
}

mesh::MeshDevice timing(const char* topology) {
  return open(topology, {.threads = 1, .timing_only = true});
}

template <typename Head>
mesh::HostTensor logits_of(const LMHeadConfig& config) {
  return mesh::to_host(Head::from_config(config).forward(rows(), Mode::Decode));
}

TEST(LMHead, GivesTheSameLogitsHoweverItIsCut) {
  LMHeadConfig config = config_on(open("t3k:1x8:ring"), 1000);
  const mesh::HostTensor whole = logits_of<LMHead1D>(config);
  ASSERT_EQ(whole.shape, mesh::Shape({1, 1, 32, 1024}));
  for (const std::int64_t columns : {32, 64, 96}) {
    config.max_columns_per_device = columns;
    EXPECT_EQ(LMHead1D::from_config(config).config().splits.size(),
              static_cast<std::size_t>((128 + columns - 1) / columns));
    EXPECT_EQ(logits_of<LMHead1D>(config).floats(), whole.floats()) << columns;
  }
}

TEST(LMHead, IsCutWhereItsWeightIsInMemoryToo) {
  const mesh::MeshDevice device = open("n300");
  LMHeadConfig config = config_on(device, 200);
  const mesh::HostTensor want = logits_of<LMHead1D>(config);
  config.weight = LazyWeight(config.weight.source().host_tensor(), config.weight.options());
  config.max_columns_per_device = 32;
  EXPECT_EQ(logits_of<LMHead1D>(config).floats(), want.floats());
}

TEST(LMHead, MasksItsPaddingAndNothingElse) {
  for (const char* mesh : {"n150", "t3k:1x8:line", "tg", "galaxy"}) {
    const mesh::MeshDevice device = open(mesh);
    const bool grid = device.shape().rows > 1;
    const LMHeadConfig config = config_on(device, 1001, mesh::DataType::Bfp8B);
    const mesh::HostTensor logits =
        grid ? logits_of<LMHead2D>(config) : logits_of<LMHead1D>(config);
    const std::int64_t width = logits.shape[-1];
    ASSERT_GE(width, 1024) << mesh;
    for (std::size_t i = 0; i < logits.floats().size(); ++i) {
      const bool padding = static_cast<std::int64_t>(i) % width >= 1001;
      ASSERT_EQ(std::isinf(logits.floats()[i]) && logits.floats()[i] < 0, padding) << mesh << i;
    }
  }
}

TEST(LMHead, HasFewerTokensThanChipsHaveTiles) {
  const mesh::HostTensor logits = logits_of<LMHead1D>(config_on(open("t3k:1x8:line"), 40));
  EXPECT_EQ(logits.shape, mesh::Shape({1, 1, 32, 256}));
  EXPECT_TRUE(std::isfinite(logits.floats()[39]));
  EXPECT_TRUE(std::isinf(logits.floats()[40]));
}

TEST(LMHead, NeedsACollectiveOnAGridAlone) {
  const auto program = [](const LMHead& head) {
    mesh::MeshDevice device = *head.config().device;
    head.load_device_weights();
    const mesh::Tensor x = head.input(rows(), Mode::Decode);
    device.record_program();
    const std::size_t first = device.program().size();
    (void)head.decode_forward(x);
    std::vector<std::string> names;
    for (std::size_t i = first; i < device.program().size(); ++i) {
      names.push_back(device.program()[i]->op);
    }
    return names;
  };
  EXPECT_THAT(program(LMHead1D::from_config(config_on(timing("t3k:1x8:ring"), 1024))),
              ElementsAre("linear"));
  LMHeadConfig config = config_on(timing("t3k:1x8:ring"), 1000);
  config.max_columns_per_device = 64;
  EXPECT_THAT(program(LMHead1D::from_config(config)),
              ElementsAre("linear", "linear", "concat", "add"));
  EXPECT_THAT(program(LMHead2D::from_config(config_on(timing("tg"), 1024))),
              ElementsAre("linear", "reduce_scatter", "all_gather"));
}

TEST(LMHead, RefusesWhatItCannotDo) {
  EXPECT_THAT([] { (void)LMHead1D::from_config(config_on(timing("tg"), 1024)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use LMHead2D instead.")));
  EXPECT_THAT([] { (void)LMHead2D::from_config(config_on(timing("n300"), 1024)); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use LMHead1D instead.")));
  LMHeadConfig config = config_on(timing("n150"), 1000);
  config.output_dtype = mesh::DataType::Bfp8B;
  EXPECT_THAT([&] { (void)LMHead1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("24 of 1024 columns are padding, needs bf16 or f32")));
  config = config_on(timing("n150"), 1024);
  config.max_columns_per_device = 16;
  EXPECT_THAT([&] { (void)LMHead1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("needs at least a tile")));
  const LMHead1D head = LMHead1D::from_config(config_on(timing("n150"), 1024));
  EXPECT_THAT([&] { (void)head.forward(rows(64), Mode::Decode); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("64 rows, needs at most 32")));
}

}  // namespace
}  // namespace ttmesh::modules
