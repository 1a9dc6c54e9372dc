#include "modules/mlp/mlp_trial.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "modules/mlp/mlp_precision.hpp"
#include "modules/mlp/mlp_reference.hpp"
#include "modules/open.hpp"
#include "modules/trial/run_trial.hpp"
#include "sim/trace.hpp"

namespace ttmesh::modules {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

struct Shape {
  Mode mode;
  std::int64_t seq;
};

void PrintTo(const Shape& shape, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << name(shape.mode) << ' ' << shape.seq;
}

// 1x1, 1x2, 1x8 open and closed, 4x8 and 8x4.
constexpr const char* kMeshes[] = {"n150", "n300", "t3k:1x8:line", "t3k:1x8:ring", "tg", "galaxy"};
constexpr Shape kShapes[] = {{Mode::Decode, 1}, {Mode::Prefill, 128}, {Mode::Prefill, 1024}};

TrialRequest request_of(const Shape& shape, std::string_view precision) {
  return {.module = "mlp",
          .dims = {.dim = 512, .hidden_dim = 1024},
          .mode = shape.mode,
          .seq = shape.seq,
          .weight_dtype = std::string(precision),
          .seed = 1234};
}

/// `text` as GoogleTest accepts it in a name.
std::string cleaned(std::string text) {
  for (char& letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return text;
}

using MeshAndShape = std::tuple<const char*, Shape>;

class MlpTrialOn : public testing::TestWithParam<MeshAndShape> {};

std::string case_name(const testing::TestParamInfo<MeshAndShape>& test) {
  const auto& [mesh, shape] = test.param;
  return cleaned(fmt::format("{}_{}_{}", mesh, name(shape.mode), shape.seq));
}

TEST_P(MlpTrialOn, ReachesTheCorrelationOfItsPrecision) {
  const auto& [mesh, shape] = GetParam();
  for (const char* precision : {"bfp8_b", "mixed"}) {
    SCOPED_TRACE(precision);
    const TrialResult result = run_trial(open(mesh), request_of(shape, precision));
    ASSERT_TRUE(result.accuracy.has_value());
    EXPECT_GE(result.accuracy->pcc, parse_mlp_precision(precision).pcc);
    EXPECT_TRUE(result.passed);
  }
}

TEST_P(MlpTrialOn, StaysWithinRoundingOfTheReferenceInFloat32) {
  const auto& [mesh, shape] = GetParam();
  const TrialResult result = run_trial(open(mesh), request_of(shape, "f32"));
  ASSERT_TRUE(result.accuracy.has_value());
  EXPECT_LE(result.accuracy->max_abs_error, 1e-4 * result.accuracy->reference_rms);
}

INSTANTIATE_TEST_SUITE_P(EveryMesh, MlpTrialOn,
                         testing::Combine(testing::ValuesIn(kMeshes), testing::ValuesIn(kShapes)),
                         case_name);

class MlpTrialTime : public testing::TestWithParam<const char*> {};

std::string trace_of(const TrialResult& result) {
  std::ostringstream text;
  sim::write_perfetto(text, result.report.trace);
  return text.str();
}

std::vector<std::string> program_of(const TrialResult& result) {
  std::vector<std::string> lines;
  for (const mesh::CommandPtr& command : result.program) lines.push_back(to_string(*command));
  return lines;
}

TEST_P(MlpTrialTime, DependsOnNeitherThreadsNorValues) {
  for (const Shape& shape : {Shape{Mode::Decode, 1}, Shape{Mode::Prefill, 128}}) {
    TrialRequest request = request_of(shape, "mixed");
    request.dims.dim = 512;
    request.dims.hidden_dim = 1024;
    request.trace = true;
    const TrialResult once = run_trial(open(GetParam(), {.threads = 1}), request);
    EXPECT_GT(once.virtual_time.ps(), 0);
    EXPECT_FALSE(once.report.trace.slices.empty());
    for (const int threads : {1, 2}) {
      const TrialResult again = run_trial(open(GetParam(), {.threads = threads}), request);
      EXPECT_EQ(again.virtual_time, once.virtual_time);
      EXPECT_EQ(trace_of(again), trace_of(once));
      EXPECT_EQ(again.accuracy->pcc, once.accuracy->pcc);
      EXPECT_EQ(program_of(again), program_of(once));
    }
    const TrialResult timing = run_trial(open(GetParam(), {.timing_only = true}), request);
    EXPECT_EQ(timing.virtual_time, once.virtual_time);
    EXPECT_EQ(trace_of(timing), trace_of(once));
    EXPECT_FALSE(timing.accuracy.has_value());
    EXPECT_TRUE(timing.passed);
  }
}

std::string mesh_name(const testing::TestParamInfo<const char*>& test) {
  return cleaned(test.param);
}

INSTANTIATE_TEST_SUITE_P(EveryMesh, MlpTrialTime, testing::ValuesIn(kMeshes), mesh_name);

TEST(MlpTrial, ReachesTheCorrelationOfEveryPrecision) {
  for (const char* mesh : {"n150", "tg"}) {
    for (const char* precision : {"bf16", "bfp4_b"}) {
      const TrialResult result = run_trial(open(mesh), request_of({Mode::Decode, 1}, precision));
      EXPECT_GE(result.accuracy->pcc, parse_mlp_precision(precision).pcc) << mesh << precision;
    }
  }
}

TEST(MlpTrial, PadsHiddenDimsThatDoNotDivide) {
  for (const char* mesh : {"n150", "t3k:1x8:ring", "tg"}) {
    TrialRequest request = request_of({Mode::Decode, 1}, "f32");
    request.dims.hidden_dim = 1000;
    const TrialResult result = run_trial(open(mesh), request);
    EXPECT_LE(result.accuracy->max_abs_error, 1e-4 * result.accuracy->reference_rms) << mesh;
  }
}

TEST(MlpTrial, TakesOtherActivations) {
  for (const auto activation : {ops::Activation::Gelu, ops::Activation::Relu}) {
    TrialRequest request = request_of({Mode::Decode, 1}, "f32");
    request.activation = activation;
    const TrialResult result = run_trial(open("n300"), request);
    EXPECT_LE(result.accuracy->max_abs_error, 1e-4 * result.accuracy->reference_rms);
  }
}

TEST(MlpTrial, FailsBelowTheCorrelationAskedFor) {
  TrialRequest request = request_of({Mode::Decode, 1}, "bfp4_b");
  request.pcc = 0.9999;
  EXPECT_FALSE(run_trial(open("n150"), request).passed);
}

TEST(MlpTrial, HasOtherValuesForAnotherSeed) {
  TrialRequest request = request_of({Mode::Decode, 1}, "bfp8_b");
  const double first = run_trial(open("n150"), request).accuracy->pcc;
  request.seed += 1;
  EXPECT_NE(run_trial(open("n150"), request).accuracy->pcc, first);
}

TEST(MlpTrial, MeasuresOnlyTheModule) {
  const TrialResult result =
      run_trial(open("t3k:1x8:ring"), request_of({Mode::Decode, 1}, "bfp8_b"));
  EXPECT_EQ(result.module, "mlp_1d");
  ASSERT_EQ(result.report.ops.size(), 4);
  EXPECT_EQ(result.report.ops.front().op, "linear");
  EXPECT_EQ(result.report.ops.front().calls, 3);
  EXPECT_EQ(result.program.size(), 6);
  EXPECT_EQ(result.program.front()->op, "linear");
}

TEST(MlpTrial, TellsItsProgress) {
  std::vector<std::string> stages;
  (void)run_trial(open("n150"), request_of({Mode::Decode, 1}, "bfp8_b"),
                  [&](const Progress& progress) {
                    if (progress.done == progress.total) stages.emplace_back(progress.stage);
                  });
  EXPECT_THAT(stages, testing::ElementsAre("weights", "warm-up", "measure", "reference"));
}

TEST(MlpTrial, RunsOneUser) {
  TrialRequest request = request_of({Mode::Decode, 1}, "bfp8_b");
  request.batch = 1;
  EXPECT_TRUE(run_trial(open("tg"), request).passed);
}

TEST(MlpTrial, PrefillsSeveralUsersOneAfterAnother) {
  TrialRequest request = request_of({Mode::Prefill, 128}, "bfp8_b");
  request.batch = 4;
  const TrialResult result = run_trial(open("n300"), request);
  EXPECT_TRUE(result.passed);
  EXPECT_THAT(to_string(*result.program.front()), HasSubstr("512"));
}

TEST(MlpTrial, RefusesSizesThatAreNone) {
  TrialRequest request = request_of({Mode::Decode, 1}, "bfp8_b");
  request.batch = 0;
  EXPECT_THAT([&] { (void)run_trial(open("n150"), request); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("batch is 0")));
  request = request_of({Mode::Decode, 1}, "bfp8_b");
  request.dims.dim = 0;
  EXPECT_THAT([&] { (void)run_trial(open("n150"), request); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("dim is 0")));
  request = request_of({Mode::Prefill, 0}, "bfp8_b");
  EXPECT_THAT([&] { (void)run_trial(open("n150"), request); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("seq is 0")));
}

TEST(MlpReference, IsTheFormula) {
  const auto tensor = [](mesh::Shape shape, std::vector<float> values) {
    return mesh::HostTensor{.shape = std::move(shape), .values = std::move(values)};
  };
  const mesh::HostTensor y =
      mlp_reference(tensor({1, 2}, {1, 2}), {.w1 = tensor({2, 2}, {1, 0, 0, 1}),
                                             .w2 = tensor({2, 2}, {1, 2, 3, 4}),
                                             .w3 = tensor({2, 2}, {2, 0, 0, 3})});
  const auto silu = [](double x) { return x / (1 + std::exp(-x)); };
  const double first = silu(1) * 2;
  const double second = silu(2) * 6;
  EXPECT_NEAR(y.floats()[0], first + 3 * second, 1e-5);
  EXPECT_NEAR(y.floats()[1], 2 * first + 4 * second, 1e-5);
}

TEST(MlpReference, DoesNotDependOnThreads) {
  const auto source = [](std::uint64_t stream, mesh::Shape shape) {
    return WeightSource(RandomNormal{.key = {3, stream}, .scale = 0.1, .shape = std::move(shape)});
  };
  const MlpSources weights{
      .w1 = source(1, {96, 1500}), .w2 = source(2, {1500, 96}), .w3 = source(3, {96, 1500})};
  mesh::HostTensor x{.shape = {1, 1, 4, 96},
                     .values = std::vector<float>(std::size_t{4} * 96, 0.5F)};
  const mesh::HostTensor one = mlp_reference(x, weights, {.threads = 1});
  EXPECT_EQ(mlp_reference(x, weights, {.threads = 3}).floats(), one.floats());
}

TEST(MlpReference, RefusesShapesThatDoNotFit) {
  const auto source = [](mesh::Shape shape) {
    return WeightSource(RandomNormal{.shape = std::move(shape)});
  };
  const mesh::HostTensor x{.shape = {1, 64}, .values = std::vector<float>(64)};
  EXPECT_THAT(
      [&] {
        (void)mlp_reference(
            x, {.w1 = source({64, 96}), .w2 = source({64, 96}), .w3 = source({64, 96})});
      },
      ThrowsMessage<std::invalid_argument>(HasSubstr("w2 has shape [64, 96], needs [96, 64]")));
}

}  // namespace
}  // namespace ttmesh::modules
