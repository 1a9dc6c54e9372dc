#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/program/command.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/accuracy.hpp"
#include "modules/norm/norm_1d.hpp"
#include "modules/norm/norm_2d.hpp"
#include "modules/norm/norm_reference.hpp"
#include "modules/open.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

LazyWeight values(std::uint64_t stream, mesh::Shape shape,
                  mesh::DataType dtype = mesh::DataType::Bfloat16) {
  return LazyWeight(RandomNormal{.key = {.seed = 1, .stream = stream}, .shape = std::move(shape)},
                    {.dtype = dtype});
}

LazyWeight rows(std::int64_t count, std::int64_t dim,
                mesh::DataType dtype = mesh::DataType::Bfloat16) {
  return values(7, {1, 1, count, dim}, dtype);
}

mesh::MeshDevice timing(const char* topology) {
  return open(topology, {.threads = 1, .timing_only = true});
}

template <typename Config>
Config config_on(const mesh::MeshDevice& device, std::int64_t dim,
                 mesh::DataType dtype = mesh::DataType::Bfloat16) {
  Config config{.weight = values(1, {dim}, dtype)};
  config.device = device;
  return config;
}

std::vector<std::string> ops_of(mesh::MeshDevice device, const auto& call) {
  device.record_program();
  const std::size_t first = device.program().size();
  call();
  std::vector<std::string> names;
  for (std::size_t i = first; i < device.program().size(); ++i) {
    const mesh::Command& command = *device.program()[i];
    std::string line = command.op;
    if (command.attributes.has("algorithm")) line += " " + command.attributes.text("algorithm");
    names.push_back(std::move(line));
  }
  return names;
}

template <typename Module>
std::vector<std::string> program_of(const Module& module, std::int64_t count, Mode mode) {
  const mesh::Tensor x = module.input(rows(count, *module.config().dim), mode);
  module.load_device_weights();
  return ops_of(*module.config().device, [&] { (void)module.forward(x, mode); });
}

TEST(RMSNorm1D, HasFourStrategies) {
  const mesh::MeshDevice device = timing("t3k:1x8:ring");
  RMSNorm1DConfig config = config_on<RMSNorm1DConfig>(device, 2048);
  EXPECT_THAT(program_of(RMSNorm1D::from_config(config), 32, Mode::Decode),
              ElementsAre("rms_norm"));
  EXPECT_THAT(
      program_of(RMSNorm1D::from_config(config), 128, Mode::Prefill),
      ElementsAre("rms_norm_pre_all_gather", "all_gather ring", "rms_norm_post_all_gather"));
  config.prefill_distributed = false;
  EXPECT_THAT(program_of(RMSNorm1D::from_config(config), 128, Mode::Prefill),
              ElementsAre("rms_norm"));
  config.decode_in_sharded = false;
  EXPECT_THAT(program_of(RMSNorm1D::from_config(config), 6528, Mode::Decode),
              ElementsAre("rms_norm"));
}

TEST(RMSNorm1D, MovesItsDecodeInputToTheCoresAndItsOutputBack) {
  RMSNorm1DConfig config = config_on<RMSNorm1DConfig>(timing("n150"), 2048);
  config.decode_out_sharded = false;
  const RMSNorm1D norm = RMSNorm1D::from_config(config);
  const mesh::Tensor x = norm.input(rows(32, 2048), Mode::Prefill);
  norm.load_device_weights();
  mesh::Tensor y;
  EXPECT_THAT(ops_of(*config.device, [&] { y = norm.decode_forward(x); }),
              ElementsAre("to_memory_config", "rms_norm", "to_memory_config"));
  EXPECT_EQ(y.memory(), mesh::kL1Interleaved);
  EXPECT_TRUE(x.is_allocated());
}

TEST(RMSNorm1D, KeepsPrefillInSlices) {
  const RMSNorm1D norm =
      RMSNorm1D::from_config(config_on<RMSNorm1DConfig>(timing("t3k:1x8:line"), 2048));
  const mesh::Tensor y = norm.forward(rows(128, 2048), Mode::Prefill);
  EXPECT_EQ(y.shape(), mesh::Shape({1, 1, 128, 256}));
  EXPECT_EQ(y.distribution().along(1), mesh::shard(3));
  EXPECT_EQ(*norm.config().topology, ccl::Topology::Linear);
}

TEST(RMSNorm1D, IsLocalWhereSlicesAreNoWholeTiles) {
  const RMSNorm1DConfig narrow = config_on<RMSNorm1DConfig>(timing("t3k:1x8:ring"), 128);
  EXPECT_FALSE(*RMSNorm1D::from_config(narrow).config().prefill_distributed);
  const RMSNorm1DConfig one = config_on<RMSNorm1DConfig>(timing("n150"), 4096);
  EXPECT_FALSE(*RMSNorm1D::from_config(one).config().prefill_distributed);
}

TEST(RMSNorm1D, NormalisesHeadsOfAnyLeadingDims) {
  const mesh::MeshDevice device = open("n300");
  RMSNorm1DConfig config = config_on<RMSNorm1DConfig>(device, 128, mesh::DataType::Float32);
  const RMSNorm1D norm = RMSNorm1D::from_config(config);
  const LazyWeight heads = values(3, {1, 16, 64, 128}, mesh::DataType::Float32);
  const mesh::HostTensor y = mesh::to_host(norm.forward(heads, Mode::Prefill));
  const mesh::HostTensor want =
      norm_reference(heads.source().host_tensor(), config.weight.source().host_tensor(), {},
                     ops::Centre::Zero, 1e-5);
  EXPECT_LT(measure_accuracy(y.floats(), want.floats()).max_abs_error, 1e-5);
}

TEST(RMSNorm1D, AddsOneToAWeightThatIsAnOffset) {
  const mesh::MeshDevice device = open("t3k:1x2:line");
  RMSNorm1DConfig config = config_on<RMSNorm1DConfig>(device, 256, mesh::DataType::Float32);
  config.add_unit_offset = true;
  config.eps = 1e-6;
  const RMSNorm1D norm = RMSNorm1D::from_config(config);
  mesh::HostTensor weight = config.weight.source().host_tensor();
  for (float& value : std::get<std::vector<float>>(weight.values)) value += 1;
  const LazyWeight x = rows(32, 256, mesh::DataType::Float32);
  const mesh::HostTensor want =
      norm_reference(x.source().host_tensor(), weight, {}, ops::Centre::Zero, 1e-6);
  for (const Mode mode : {Mode::Decode, Mode::Prefill}) {
    const mesh::HostTensor y = mesh::to_host(norm.forward(x, mode));
    EXPECT_LT(measure_accuracy(y.floats(), want.floats()).max_abs_error, 1e-5) << name(mode);
  }
}

TEST(RMSNorm1D, TakesItsWeightInAnyShape) {
  const mesh::MeshDevice device = timing("n150");
  for (const mesh::Shape& shape :
       {mesh::Shape{256}, mesh::Shape{1, 1, 8, 32}, mesh::Shape{1, 256}}) {
    const RMSNorm1D norm(values(1, shape).with_defaults({.device = device}));
    EXPECT_EQ(norm.config().weight.shape(), mesh::Shape({1, 1, 8, 32}));
    EXPECT_EQ(*norm.config().weight.options().layout, mesh::Layout::RowMajor);
  }
}

TEST(RMSNorm1D, RefusesWhatItCannotDo) {
  const auto refused = [](const char* mesh, std::int64_t dim, const auto& change,
                          const char* text) {
    RMSNorm1DConfig config = config_on<RMSNorm1DConfig>(timing(mesh), dim);
    change(config);
    EXPECT_THAT([&] { (void)RMSNorm1D::from_config(config); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  const auto same = [](RMSNorm1DConfig&) {};
  refused("tg", 2048, same, "Use RMSNorm2D instead.");
  refused("n150", 100, same, "the weight has 100 values, needs a multiple of 32");
  refused(
      "n150", 2048, [](auto& config) { config.prefill_distributed = true; },
      "prefill_distributed is set on one chip");
  refused(
      "t3k:1x8:ring", 128, [](auto& config) { config.prefill_distributed = true; },
      "dim is 128, needs a multiple of 256");
  refused(
      "n150", 2048,
      [](auto& config) {
        config.decode_in_sharded = false;
        config.decode_out_sharded = true;
      },
      "decode_out_sharded is set and decode_in_sharded is not");
  refused(
      "n150", 2048, [](auto& config) { config.bias = values(2, {64}); },
      "the bias has 64 values, needs 2048");
  refused(
      "n150", 2048, [](auto& config) { config.dim = 64; }, "dim is 64 in the config");
}

TEST(RMSNorm1D, RefusesInputsThatDoNotFit) {
  const RMSNorm1D norm =
      RMSNorm1D::from_config(config_on<RMSNorm1DConfig>(timing("t3k:1x8:ring"), 2048));
  const mesh::Tensor slices = norm.input(rows(32, 2048), Mode::Prefill);
  EXPECT_THAT([&] { (void)norm.decode_forward(slices); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("all_gather with dim 3 and cluster_axis 1 first")));
  const mesh::Tensor whole = norm.input(rows(32, 2048), Mode::Decode);
  EXPECT_THAT([&] { (void)norm.prefill_forward(whole); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("mesh_partition with dim 3 and cluster_axis 1 first")));
  EXPECT_THAT([&] { (void)norm.forward(rows(64, 2048), Mode::Decode); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("64 rows, needs at most 32")));
}

class Norm2DResidual : public testing::TestWithParam<NormResidual> {};

TEST_P(Norm2DResidual, NormalisesTheSumAndHandsItOut) {
  for (const char* mesh : {"tg", "galaxy"}) {
    const mesh::MeshDevice device = open(mesh);
    RMSNorm2DConfig config = config_on<RMSNorm2DConfig>(device, 1024, mesh::DataType::Float32);
    config.decode_residual = GetParam();
    const RMSNorm2D norm = RMSNorm2D::from_config(config);
    const LazyWeight x = rows(32, 1024, mesh::DataType::Float32);
    const LazyWeight h = values(9, {1, 1, 32, 1024}, mesh::DataType::Float32);
    mesh::Tensor residual = norm.input(h, Mode::Decode);
    for (int step = 0; step < 2; ++step) {  // The second adds x once more.
      const mesh::Tensor old = residual;
      const ResidualNormed y = norm.decode_forward(norm.input(x, Mode::Decode), residual);
      EXPECT_FALSE(old.is_allocated());
      residual = y.residual;
      const std::vector<float> wanted = [&] {
        const mesh::HostTensor first = x.source().host_tensor();
        std::vector<float> total = h.source().host_tensor().floats();
        for (std::size_t i = 0; i < total.size(); ++i) {
          total[i] += first.floats()[i] * static_cast<float>(step + 1);
        }
        return total;
      }();
      const mesh::HostTensor normed =
          norm_reference({.shape = {1, 1, 32, 1024}, .values = wanted},
                         config.weight.source().host_tensor(), {}, ops::Centre::Zero, 1e-5);
      EXPECT_LT(measure_accuracy(mesh::to_host(residual).floats(), wanted).max_abs_error, 1e-5);
      EXPECT_LT(measure_accuracy(mesh::to_host(y.normed).floats(), normed.floats()).max_abs_error,
                1e-4);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, Norm2DResidual,
                         testing::Values(NormResidual::Added, NormResidual::Fused));

TEST(RMSNorm2D, FusesTheResidualIntoTheFirstHalf) {
  const mesh::MeshDevice device = timing("galaxy");
  RMSNorm2DConfig config = config_on<RMSNorm2DConfig>(device, 1024);
  const auto program = [&] {
    const RMSNorm2D norm = RMSNorm2D::from_config(config);
    norm.load_device_weights();
    const mesh::Tensor x = norm.input(rows(32, 1024), Mode::Decode);
    const mesh::Tensor h = norm.input(rows(32, 1024), Mode::Decode);
    return ops_of(device, [&] { (void)norm.decode_forward(x, h); });
  };
  EXPECT_THAT(program(), ElementsAre("add", "rms_norm_pre_all_gather", "all_gather line",
                                     "rms_norm_post_all_gather"));
  config.decode_residual = NormResidual::Fused;
  EXPECT_THAT(program(), ElementsAre("rms_norm_pre_all_gather", "all_gather line",
                                     "rms_norm_post_all_gather"));
}

TEST(RMSNorm2D, AddsAResidualInPrefillToo) {
  const RMSNorm2D norm = RMSNorm2D::from_config(config_on<RMSNorm2DConfig>(timing("galaxy"), 1024));
  const mesh::Tensor x = norm.input(rows(128, 1024), Mode::Prefill);
  const ResidualNormed y =
      norm.forward(x, norm.input(rows(128, 1024), Mode::Prefill), Mode::Prefill);
  EXPECT_EQ(y.normed.spec().shape, x.shape());
  EXPECT_EQ(y.residual.distribution(), x.distribution());
  EXPECT_TRUE(x.is_allocated());
}

TEST(RMSNorm2D, IsHeadLocalFor128ValuesWithoutAnyCollective) {
  const mesh::MeshDevice device = open("tg");
  const RMSNorm2D norm =
      RMSNorm2D::from_config(config_on<RMSNorm2DConfig>(device, 128, mesh::DataType::Float32));
  EXPECT_EQ(*norm.config().geometry, NormGeometry::HeadLocal);
  const LazyWeight heads = values(3, {1, 8, 64, 128}, mesh::DataType::Float32);
  const mesh::Tensor x =
      heads
          .with_defaults({.layout = mesh::Layout::Tile,
                          .memory = mesh::kDramInterleaved,
                          .distribution = mesh::shard_tensor_2d_mesh({4, 8}, {1, 2}),
                          .device = device,
                          .padded_shape = heads.shape()})
          .make_device_tensor();
  norm.load_device_weights();
  mesh::Tensor y;
  EXPECT_THAT(ops_of(device, [&] { y = norm.prefill_forward(x); }), ElementsAre("rms_norm"));
  EXPECT_EQ(y.distribution(), x.distribution());
  const mesh::HostTensor want =
      norm_reference(heads.source().host_tensor(), norm.config().weight.source().host_tensor(), {},
                     ops::Centre::Zero, 1e-5);
  EXPECT_LT(measure_accuracy(mesh::to_host(y).floats(), want.floats()).max_abs_error, 1e-5);
}

TEST(RMSNorm2D, RefusesWhatItCannotDo) {
  const auto refused = [](const char* mesh, std::int64_t dim, const auto& change,
                          const char* text) {
    RMSNorm2DConfig config = config_on<RMSNorm2DConfig>(timing(mesh), dim);
    change(config);
    EXPECT_THAT([&] { (void)RMSNorm2D::from_config(config); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(text)));
  };
  const auto same = [](RMSNorm2DConfig&) {};
  refused("t3k:1x8:ring", 2048, same, "Use RMSNorm1D instead.");
  refused("tg", 320, same, "dim is 320, needs a multiple of 256");
  refused(
      "tg", 128, [](auto& config) { config.decode_residual = NormResidual::Fused; },
      "FUSED_DECODE is only valid for distributed norms");
}

TEST(RMSNorm2D, RefusesAFusedDecodeWithoutItsResidual) {
  RMSNorm2DConfig config = config_on<RMSNorm2DConfig>(timing("tg"), 1024);
  config.decode_residual = NormResidual::Fused;
  const RMSNorm2D norm = RMSNorm2D::from_config(config);
  const mesh::Tensor x = norm.input(rows(32, 1024), Mode::Decode);
  EXPECT_THAT(
      [&] { (void)norm.decode_forward(x); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("FUSED_DECODE requires a residual tensor")));
}

TEST(RMSNorm2D, RefusesAResidualThatIsPlacedOtherwise) {
  const RMSNorm2D norm = RMSNorm2D::from_config(config_on<RMSNorm2DConfig>(timing("tg"), 1024));
  const mesh::Tensor x = norm.input(rows(32, 1024), Mode::Decode);
  const mesh::Tensor whole = rows(32, 1024)
                                 .with_defaults({.layout = mesh::Layout::Tile,
                                                 .memory = mesh::kL1Interleaved,
                                                 .device = norm.config().device})
                                 .make_device_tensor();
  EXPECT_THAT([&] { (void)norm.decode_forward(x, whole); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("the residual is placed [Replicate, Replicate]")));
}

TEST(LayerNorm, IsMadeFromWeightAndBias) {
  const LazyWeight weight = values(1, {1024}).with_defaults({.device = timing("n300")});
  const LayerNorm1D line(weight, values(2, {1024}));
  EXPECT_TRUE(line.config().distributed_bias.has_value());
  const LazyWeight other = values(1, {1024}).with_defaults({.device = timing("tg")});
  const LayerNorm2D grid(other, values(2, {1024}));
  EXPECT_EQ(grid.config().bias->options().distribution->along(1), mesh::shard(2));
  EXPECT_THAT([&] { (void)LayerNorm1D(other, values(2, {1024})); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("Use LayerNorm2D instead.")));
}

}  // namespace
}  // namespace ttmesh::modules
