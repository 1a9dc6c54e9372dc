#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "modules/open.hpp"
#include "modules/trial/run_trial.hpp"
#include "tests/modules/model_rows.hpp"

namespace ttmesh::modules {
namespace {

// A row of the tables of TTTv2's own attention tests.
struct Row {
  const char* mesh;
  const char* model;
  Mode mode;
  std::int64_t seq;
  const char* dtype;
  double pcc;
  bool fast = false;  ///< Runs always; the others with TTMESH_SLOW_TESTS.
};

std::vector<Row> all_rows() {
  using enum Mode;
  std::vector<Row> rows{
      {"n150", "llama-3.2-1b", Prefill, 128, "bfp8_b", .99, true},
      {"n150", "llama-3.2-1b", Decode, 9, "bfp8_b", .99, true},
      {"t3k:1x8:ring", "llama-3.1-8b", Decode, 9, "bfp8_b", .99, true},
      {"n150", "llama-3.2-1b", Prefill, 8192, "bfp8_b", .99, true},
      {"n300", "llama-3.1-8b", Prefill, 128, "bfp8_b", .99, true},
      {"n300", "llama-3.1-8b", Decode, 9, "bfp8_b", .99, true},
      {"n300", "llama-3.2-11b", Decode, 9, "bfp8_b", .99, true},
      {"t3k:1x8:ring", "llama-3.1-8b", Prefill, 128, "bfp8_b", .99, true},
      {"t3k:1x8:ring", "llama-3.3-70b", Prefill, 128, "bfp8_b", .99},
      {"t3k:1x8:ring", "llama-3.3-70b", Decode, 9, "bfp8_b", .97},
      {"t3k:1x8:ring", "llama-3.2-90b", Prefill, 128, "bfp8_b", .99},
      {"t3k:1x8:ring", "qwen3-32b", Prefill, 128, "bf16", .99},
      {"n300", "phi-4", Prefill, 128, "bfp8_b", .99},
      {"n300", "qwen2.5-7b", Prefill, 128, "bf16", .99},
      // On grids: the shapes of TTTv2's Galaxy tests.
      {"galaxy", "llama-3.3-70b", Prefill, 128, "bfp8_b", .99},
      {"galaxy", "llama-3.3-70b", Decode, 127, "bfp8_b", .99},
      {"galaxy", "qwen3-32b", Decode, 128, "bfp8_b", .99},
      {"tg", "llama-3.1-8b", Prefill, 512, "bfp8_b", .99},
      {"tg", "llama-3.1-8b", Decode, 127, "bfp8_b", .99},
  };
  struct Models {
    const char* mesh;
    std::vector<const char*> names;
  };
  for (const auto& [mesh, names] :
       {Models{"n150", {"llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b", "mistral-7b"}},
        Models{"n300", {"llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b", "mistral-7b", "qwen2-7b"}},
        Models{"t3k:1x8:ring",
               {"llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b", "mistral-7b", "mixtral-8x7b",
                "qwen2.5-72b", "qwen2.5-coder-32b"}}}) {
    for (const char* model : names) {
      for (const std::int64_t seq : {128, 1024, 2048, 4096}) {
        rows.push_back({mesh, model, Prefill, seq, "bfp8_b", .99});
      }
    }
  }
  return rows;
}

std::vector<ModelRow> model_rows() {
  std::vector<ModelRow> rows;
  for (const Row& row : all_rows()) {
    rows.push_back({.mesh = row.mesh,
                    .module = "attention",
                    .dims = find_model(row.model),
                    .mode = row.mode,
                    .seq = row.seq,
                    .pcc = row.pcc,
                    .fast = row.fast,
                    .weight_dtype = row.dtype});
  }
  return rows;
}

class AttentionOfModel : public testing::TestWithParam<ModelRow> {};

TEST_P(AttentionOfModel, ReachesTheCorrelationThatItsTestsDemand) { expect_row(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Table, AttentionOfModel, testing::ValuesIn(model_rows()), row_name);

// Small layers of both classes, in every format.
struct Small {
  const char* module;
  const char* mesh;
  Mode mode;
  const char* dtype;
};

void PrintTo(const Small& of, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << of.module << " on " << of.mesh << ' ' << name(of.mode) << ' ' << of.dtype;
}

std::vector<Small> small_trials() {
  std::vector<Small> all;
  for (const Mode mode : {Mode::Decode, Mode::Prefill}) {
    for (const char* dtype : {"f32", "bf16", "bfp8_b", "bfp4_b"}) {
      all.push_back({"attention", "n300", mode, dtype});
      all.push_back({"attention_2d", "t3k", mode, dtype});
    }
    all.push_back({"rotary", "n300", mode, "bf16"});
    all.push_back({"rotary_2d", "tg", mode, "f32"});
  }
  return all;
}

class AttentionRuns : public testing::TestWithParam<Small> {};

TEST_P(AttentionRuns, ReachesTheBarOfItsFormat) {
  const Small& of = GetParam();
  const TrialResult result = run_trial(
      open(of.mesh), {.module = of.module,
                      .dims = {.dim = 512, .heads = 8, .kv_heads = 4, .head_dim = 64},
                      .mode = of.mode,
                      .batch = of.mode == Mode::Decode ? 6 : 2,  // Padded to the columns of a grid.
                      .weight_dtype = of.dtype});
  EXPECT_TRUE(result.passed) << result.accuracy->pcc << " of " << result.required_pcc;
  EXPECT_GT(result.virtual_time, sim::Time{});
  EXPECT_EQ(result.dtype, of.dtype);
}

INSTANTIATE_TEST_SUITE_P(All, AttentionRuns, testing::ValuesIn(small_trials()));

TEST(AttentionRunsWithoutValues, TakeAsLong) {
  for (const Mode mode : {Mode::Decode, Mode::Prefill}) {
    const TrialRequest request{.module = "attention",
                               .dims = {.dim = 512, .heads = 8, .kv_heads = 8, .head_dim = 64},
                               .mode = mode};
    EXPECT_EQ(run_trial(open("tg"), request).virtual_time,
              run_trial(open("tg", {.timing_only = true}), request).virtual_time);
  }
}

}  // namespace
}  // namespace ttmesh::modules
