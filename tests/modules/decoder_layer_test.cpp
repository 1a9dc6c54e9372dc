#include "modules/decoder/decoder_layer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/attention/attention_workload.hpp"
#include "modules/mlp/mlp_workload.hpp"
#include "modules/open.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"
#include "modules/trial/run_trial.hpp"

namespace ttmesh::modules {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::int64_t kDim = 512;

TrialRequest request_of(Mode mode, const char* dtype = "bfp8_b") {
  return {.module = "decoder_layer",
          .dims = {.name = {},
                   .dim = kDim,
                   .hidden_dim = 1024,
                   .layers = 1,
                   .heads = 8,
                   .kv_heads = 8,
                   .head_dim = 64,
                   .vocab = 0},
          .mode = mode,
          .weight_dtype = dtype,
          .seed = 3};
}

LazyWeight norm_weight(std::uint64_t stream) {
  return LazyWeight(RandomNormal{.key = {.seed = 3, .stream = stream}, .shape = {kDim}},
                    {.dtype = mesh::DataType::Bfloat16});
}

template <typename Parts>
typename Parts::Config config_of(const mesh::MeshDevice& device, Mode mode) {
  const TrialRequest request = request_of(mode);
  const MlpWorkload mlp(request, 100);
  const AttentionWorkload attention(device, request, mesh::DataType::Bfp8B, 200);
  return {.attention = attention.config(),
          .mlp = mlp_config<decltype(Parts::Config::mlp)>(device, request, mlp),
          .attention_norm = {.weight = norm_weight(1)},
          .mlp_norm = {.weight = norm_weight(2)}};
}

template <typename Parts, typename Rotary>
std::vector<float> prefilled(const char* topology) {
  const mesh::MeshDevice device = open(topology, {.threads = 1});
  const AttentionWorkload attention(device, request_of(Mode::Prefill), mesh::DataType::Bfp8B, 200);
  auto layer = DecoderLayer<Parts>::from_config(config_of<Parts>(device, Mode::Prefill));
  Rotary rotary(attention.rotary_config());
  const LazyWeight x(
      RandomNormal{.key = {.seed = 3, .stream = 0}, .shape = {1, 1, attention.rows(), kDim}},
      {.dtype = mesh::DataType::Bfloat16});
  const auto inputs = attention.prefill_inputs(rotary.prefill_forward(0, attention.rows()));
  return mesh::to_host(layer.prefill_forward(layer.input(x, Mode::Prefill), inputs)).floats();
}

// Weights and tokens are the same, so that what differs is rounding between chips.
TEST(DecoderLayer, GivesTheSameOnALineAndOnAGrid) {
  const std::vector<float> line = prefilled<LineDecoder, RotarySetup1D>("t3k:1x8:ring");
  const std::vector<float> grid = prefilled<GridDecoder, RotarySetup2D>("t3k");
  EXPECT_GT(measure_accuracy(grid, line).pcc, 0.9998);
}

TEST(DecoderLayer, GivesTheCallerTheSumAndKeepsItsInput) {
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  const AttentionWorkload attention(device, request_of(Mode::Prefill), mesh::DataType::Bfp8B, 200);
  auto layer = DecoderLayer1D::from_config(config_of<LineDecoder>(device, Mode::Prefill));
  RotarySetup1D rotary(attention.rotary_config());
  const mesh::Tensor x = layer.input(
      LazyWeight(RandomNormal{.shape = {1, 1, 128, kDim}}, {.dtype = mesh::DataType::Bfloat16}),
      Mode::Prefill);
  const auto inputs = attention.prefill_inputs(rotary.prefill_forward(0, 128));
  const mesh::Tensor y = layer.prefill_forward(x, inputs);
  EXPECT_EQ(y.shape(), x.shape());
  EXPECT_EQ(layer.prefill_forward(x, inputs).shape(), x.shape());
}

TEST(DecoderLayer, IssuesEverythingUnderItsName) {
  for (const char* name : {"", "layers.7"}) {
    mesh::MeshDevice device = open("t3k:1x8:ring", {.threads = 1, .timing_only = true});
    const AttentionWorkload attention(device, request_of(Mode::Prefill), mesh::DataType::Bfp8B,
                                      200);
    DecoderLayer1DConfig config = config_of<LineDecoder>(device, Mode::Prefill);
    if (*name != '\0') config.name = name;
    auto layer = DecoderLayer1D::from_config(config);
    layer.load_device_weights();
    RotarySetup1D rotary(attention.rotary_config());
    const auto inputs = attention.prefill_inputs(rotary.prefill_forward(0, 128));
    const mesh::Tensor x = layer.input(
        LazyWeight(RandomNormal{.shape = {1, 1, 128, kDim}}, {.dtype = mesh::DataType::Bfloat16}),
        Mode::Prefill);
    device.record_program();
    const std::size_t first = device.program().size();
    (void)layer.prefill_forward(x, inputs);
    ASSERT_GT(device.program().size(), first + 10);
    for (std::size_t i = first; i < device.program().size(); ++i) {
      EXPECT_THAT(device.program()[i]->issuer,
                  testing::StartsWith(*name == '\0' ? "decoder_layer_1d" : name));
    }
  }
}

TEST(DecoderLayer, TakesWhatIsUnsetFromAttention) {
  const mesh::MeshDevice device = open("tg", {.threads = 1, .timing_only = true});
  const DecoderLayer2DConfig config =
      DecoderLayer2D::from_config(config_of<GridDecoder>(device, Mode::Decode)).config();
  EXPECT_EQ(config.name, "decoder_layer_2d");
  EXPECT_EQ(config.residual_dtype, config.attention.activation_dtype);
  EXPECT_EQ(config.attention_norm.decode_output_memory, config.attention.decode_input_memory);
  EXPECT_EQ(config.attention_norm.decode_memory, config.attention.decode_residual_memory);
  EXPECT_EQ(config.mlp_norm.decode_output_memory, config.mlp.decode_input_memory);
  EXPECT_EQ(config.mlp.max_batch_size, config.attention.max_batch_size);
}

TEST(DecoderLayer, RefusesTheOtherKindOfMesh) {
  const mesh::MeshDevice grid = open("tg", {.threads = 1, .timing_only = true});
  const mesh::MeshDevice line = open("n300", {.threads = 1, .timing_only = true});
  EXPECT_THAT(
      [&] { (void)DecoderLayer1D::from_config(config_of<LineDecoder>(grid, Mode::Decode)); },
      ThrowsMessage<std::invalid_argument>(
          AllOf(HasSubstr("DecoderLayer1D"), HasSubstr("Use DecoderLayer2D instead"))));
  EXPECT_THAT(
      [&] { (void)DecoderLayer2D::from_config(config_of<GridDecoder>(line, Mode::Decode)); },
      ThrowsMessage<std::invalid_argument>(
          AllOf(HasSubstr("DecoderLayer2D"), HasSubstr("Use DecoderLayer1D instead"))));
}

TEST(DecoderLayer, NamesTheCollectiveThatItsInputNeeds) {
  const mesh::MeshDevice device = open("t3k:1x8:ring", {.threads = 1, .timing_only = true});
  const AttentionWorkload attention(device, request_of(Mode::Prefill), mesh::DataType::Bfp8B, 200);
  auto layer = DecoderLayer1D::from_config(config_of<LineDecoder>(device, Mode::Prefill));
  RotarySetup1D rotary(attention.rotary_config());
  const LazyWeight x(RandomNormal{.shape = {1, 1, 128, kDim}}, {.dtype = mesh::DataType::Bfloat16});
  const mesh::Tensor whole = layer.attention().input(x, Mode::Prefill);
  EXPECT_THAT(
      [&] {
        (void)layer.prefill_forward(whole,
                                    attention.prefill_inputs(rotary.prefill_forward(0, 128)));
      },
      ThrowsMessage<std::invalid_argument>(
          AllOf(HasSubstr("[DecoderLayer1D::prefill_forward]"), HasSubstr("mesh_partition"))));
}

TEST(DecoderLayerTrial, TakesTheOptionsOfItsMlpAndAttention) {
  TrialRequest request = request_of(Mode::Decode, "f32");
  request.bias = true;
  request.gate = false;
  request.activation = ops::Activation::GeluTanh;
  request.batch = 5;  // Of 8 columns: three users idle.
  const TrialResult result = run_trial(open("tg", {.threads = 2}), request);
  EXPECT_LE(result.accuracy->max_abs_error, 1e-4 * result.accuracy->reference_rms);
}

}  // namespace
}  // namespace ttmesh::modules
