#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "modules/attention/attention_1d.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/open.hpp"
#include "modules/trial/run_trial.hpp"
#include "modules/trial/trials.hpp"

namespace ttmesh::modules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

struct Case {
  const char* module;
  const char* mesh;
  Mode mode;
  bool gate = true;
  bool bias = true;
};

void PrintTo(const Case& of, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << of.module << " on " << of.mesh << ' ' << name(of.mode) << (of.gate ? "" : " without gate")
       << (of.bias ? " with biases" : "");
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const char* mesh : {"n150", "n300", "t3k:1x8:ring", "tg:2x4", "tg:4x2"}) {
    for (const Mode mode : {Mode::Decode, Mode::Prefill}) {
      cases.push_back({"mlp", mesh, mode});
      cases.push_back({"mlp", mesh, mode, false, true});
      cases.push_back({"mlp", mesh, mode, false, false});
      cases.push_back({"attention", mesh, mode});
    }
  }
  return cases;
}

TrialRequest request_of(const Case& of, const char* dtype) {
  // 1000 is no whole number of tiles on any mesh: its columns of padding must stay without effect.
  return {.module = of.module,
          .dims = {.dim = 512, .hidden_dim = 1000, .heads = 8, .kv_heads = 8, .head_dim = 64},
          .mode = of.mode,
          .batch = of.mode == Mode::Decode ? 6 : 1,
          .weight_dtype = dtype,
          .activation = std::string(of.module) == "mlp" ? std::optional(ops::Activation::GeluTanh)
                                                        : std::nullopt,
          .gate = of.gate,
          .bias = of.bias};
}

class Biases : public testing::TestWithParam<Case> {};

TEST_P(Biases, StayWithinRoundingOfTheReferenceInFloat32) {
  const TrialResult result = run_trial(open(GetParam().mesh), request_of(GetParam(), "f32"));
  EXPECT_LE(result.accuracy->max_abs_error, 1e-4 * result.accuracy->reference_rms);
}

TEST_P(Biases, ReachTheCorrelationOfABlockFloat) {
  const TrialResult result = run_trial(open(GetParam().mesh), request_of(GetParam(), "bfp8_b"));
  EXPECT_TRUE(result.passed) << result.accuracy->pcc << " of " << result.required_pcc;
}

INSTANTIATE_TEST_SUITE_P(EveryMesh, Biases, testing::ValuesIn(all_cases()));

LazyWeight weight(std::int64_t rows, std::int64_t cols) {
  return LazyWeight(RandomNormal{.key = {.seed = 1}, .scale = 0.1, .shape = {rows, cols}});
}

template <typename Module>
std::vector<std::string> ops_of(const char* topology) {
  mesh::MeshDevice device = open(topology, {.threads = 1, .timing_only = true});
  auto config = std::remove_cvref_t<decltype(std::declval<Module>().config())>{
      .w1 = weight(512, 1024), .w2 = weight(1024, 512)};
  config.b1 = weight(1, 1024);
  config.b2 = weight(1, 512);
  config.device = device;
  Module module = Module::from_config(config);
  const mesh::Tensor x = module.input(
      LazyWeight(RandomNormal{.key = {.seed = 2}, .shape = {1, 1, 32, 512}}), Mode::Decode);
  module.load_device_weights();
  device.record_program();
  (void)module.forward(x, Mode::Decode);
  std::vector<std::string> ops;
  for (const mesh::CommandPtr& command : device.program()) ops.push_back(command->op);
  return ops;
}

TEST(MlpWithoutGate, IsTwoProductsOnALine) {
  EXPECT_THAT(ops_of<MLP1D>("n300"),
              ElementsAre("linear", "linear", "reduce_scatter", "add", "to_memory_config"));
}

TEST(MlpWithoutGate, AppliesItsActivationToSumsOnAGrid) {
  EXPECT_THAT(
      ops_of<MLP2D>("tg:2x4"),
      ElementsAre("linear", "reduce_scatter", "add", "activate", "all_gather", "to_memory_config",
                  "linear", "reduce_scatter", "all_gather", "add", "to_memory_config"));
}

TEST(MlpBiases, AreRowsThatFitTheirProducts) {
  MLP1DConfig config{.w1 = weight(512, 1024), .w2 = weight(1024, 512)};
  config.device = open("n150", {.threads = 1, .timing_only = true});
  config.b1 = weight(1, 512);
  EXPECT_THAT([&] { (void)MLP1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("[MLP1D] b1 has shape [1, 512], needs [1, 1024]")));
  config.b1 = weight(1, 1024);
  config.b3 = weight(1, 1024);
  EXPECT_THAT(
      [&] { (void)MLP1D::from_config(config); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("b3 is set and w3 is not, needs both")));
}

TEST(AttentionOutputBias, IsARowOfTheModelsWidth) {
  AttentionConfig config{.wqkv = QkvWeight(weight(256, 256), weight(256, 256), weight(256, 256)),
                         .wo = weight(256, 256)};
  config.n_heads = 4;
  config.n_kv_heads = 4;
  config.head_dim = 64;
  config.max_seq_len = 128;
  config.wo_bias = weight(2, 256);
  config.device = open("n150", {.threads = 1, .timing_only = true});
  EXPECT_THAT([&] { (void)Attention1D::from_config(config); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("wo_bias has shape [2, 256], needs [1, 256]")));
}

TEST(Trials, RefuseGatesAndBiasesOfModulesThatHaveNone) {
  const mesh::MeshDevice device = open("n150", {.threads = 1, .timing_only = true});
  const ModelDims dims{.dim = 512, .heads = 8, .kv_heads = 8, .head_dim = 64};
  EXPECT_THAT(
      [&] { (void)make_trial(device, {.module = "attention", .dims = dims, .gate = false}); },
      ThrowsMessage<std::invalid_argument>(HasSubstr("--no-gate are for mlp and decoder_layer")));
  EXPECT_THAT([&] { (void)make_trial(device, {.module = "rms_norm", .dims = dims, .bias = true}); },
              ThrowsMessage<std::invalid_argument>(
                  HasSubstr("--bias is for attention, decoder_layer and mlp")));
}

}  // namespace
}  // namespace ttmesh::modules
