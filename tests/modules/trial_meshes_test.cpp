#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "modules/open.hpp"
#include "modules/trial/run_trial.hpp"
#include "modules/trial/trials.hpp"
#include "sim/trace.hpp"

namespace ttmesh::modules {
namespace {

// 1x1, 1x2, 1x8 open and closed, 4x8 and 8x4.
constexpr const char* kMeshes[] = {"n150", "n300", "t3k:1x8:line", "t3k:1x8:ring", "tg", "galaxy"};

using Case = std::tuple<std::string, const char*, Mode>;

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const TrialFamily& family : trial_families()) names.emplace_back(family.name);
  return names;
}

std::string case_name(const testing::TestParamInfo<Case>& test) {
  const auto& [module, mesh, mode] = test.param;
  std::string text = fmt::format("{}_{}_{}", module, mesh, name(mode));
  for (char& letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return text;
}

/// Every module, small, on every mesh in each mode.
class TrialOn : public testing::TestWithParam<Case> {
 protected:
  static TrialRequest request(const std::string& weight_dtype = {}) {
    const auto& [module, mesh, mode] = GetParam();
    return {.module = module,
            .dims = {.name = {},
                     .dim = 512,
                     .hidden_dim = 1024,
                     .layers = 1,
                     .heads = 8,
                     .kv_heads = 8,
                     .head_dim = 64,
                     .vocab = 2000},
            .mode = mode,
            .seq = mode == Mode::Decode ? 40 : 128,
            .weight_dtype = weight_dtype,
            .seed = 1234};
  }
  static TrialResult run(const TrialRequest& request, mesh::OpenOptions options = {}) {
    return run_trial(open(std::get<1>(GetParam()), std::move(options)), request);
  }
};

TEST_P(TrialOn, ReachesTheCorrelationOfEveryDtype) {
  for (const char* dtype : {"", "bf16", "bfp8_b"}) {
    SCOPED_TRACE(dtype);
    // Tables of positions are bf16 or f32, as on the hardware.
    if (request().module == "rotary" && std::string_view(dtype) == "bfp8_b") continue;
    const TrialResult result = run(request(dtype));
    ASSERT_TRUE(result.accuracy.has_value());
    EXPECT_GE(result.accuracy->pcc, result.required_pcc);
    EXPECT_TRUE(result.passed);
  }
}

TEST_P(TrialOn, StaysWithinRoundingOfTheReferenceInFloat32) {
  const TrialResult result = run(request("f32"));
  EXPECT_LE(result.accuracy->max_abs_error, 1e-4 * result.accuracy->reference_rms);
  EXPECT_TRUE(result.passed);
}

TEST_P(TrialOn, TakesTheSameVirtualTimeWithoutValuesAndWithAnyThreads) {
  const auto trace = [](const TrialResult& result) {
    std::ostringstream text;
    sim::write_perfetto(text, result.report.trace);
    return text.str();
  };
  TrialRequest traced = request();
  traced.trace = true;
  const TrialResult one = run(traced, {.threads = 1});
  const TrialResult two = run(traced, {.threads = 2});
  const TrialResult timing = run(traced, {.timing_only = true});
  EXPECT_GT(one.virtual_time.ps(), 0);
  EXPECT_EQ(two.virtual_time, one.virtual_time);
  EXPECT_EQ(timing.virtual_time, one.virtual_time);
  EXPECT_TRUE(trace(two) == trace(one));
  EXPECT_TRUE(trace(timing) == trace(one));
  EXPECT_FALSE(timing.accuracy.has_value());
  EXPECT_TRUE(timing.passed);
}

INSTANTIATE_TEST_SUITE_P(EveryMesh, TrialOn,
                         testing::Combine(testing::ValuesIn(families()), testing::ValuesIn(kMeshes),
                                          testing::Values(Mode::Decode, Mode::Prefill)),
                         case_name);

}  // namespace
}  // namespace ttmesh::modules
