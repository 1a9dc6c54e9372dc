#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "modules/mlp/mlp_precision.hpp"
#include "modules/model_dims.hpp"
#include "tests/modules/model_rows.hpp"

namespace ttmesh::modules {
namespace {

/// A row of the tables that TTTv2 tests MLP1D and MLP2D with.
struct Row {
  const char* mesh;
  const char* model;
  Mode mode;
  std::int64_t seq;
  const char* precision;
  bool fast = false;  ///< Runs always; the others with TTMESH_SLOW_TESTS.
};

std::vector<Row> fast_rows() {
  using enum Mode;
  return {
      {"n150", "llama-3.1-8b", Prefill, 128, "mixed", true},
      {"n150", "llama-3.1-8b", Decode, 1, "bfp8_b", true},
      {"t3k:1x8:ring", "llama-3.1-8b", Prefill, 128, "mixed", true},
      {"t3k:1x8:ring", "llama-3.1-8b", Prefill, 1024, "mixed", true},
      {"t3k:1x8:ring", "llama-3.1-8b", Decode, 1, "mixed", true},
      {"t3k:1x8:ring", "llama-3.3-70b", Prefill, 1024, "mixed", true},
      {"n150", "llama-3.2-1b", Prefill, 128, "mixed", true},
      {"n150", "llama-3.2-1b", Decode, 1, "bfp8_b", true},
      {"t3k:1x2:line", "llama-3.2-11b", Prefill, 128, "bfp8_b", true},
      {"t3k:1x2:line", "llama-3.2-11b", Decode, 1, "bfp8_b", true},
      {"t3k:1x8:ring", "llama-3.2-90b", Prefill, 128, "mixed", true},
      {"t3k:1x8:ring", "llama-3.2-90b", Decode, 1, "mixed", true},
      {"t3k:1x2:line", "phi-4", Prefill, 128, "bfp8_b", true},
      {"t3k:1x8:ring", "qwen3-32b", Prefill, 128, "mixed", true},
      {"t3k:1x2:line", "qwen2.5-7b", Prefill, 128, "bfp8_b", true},
      {"t3k:1x2:line", "deepseek-r1-distill-14b", Prefill, 128, "mixed", true},
      {"tg", "llama-3.1-8b", Prefill, 512, "bfp8_b", true},
      {"tg", "llama-3.1-8b", Decode, 1, "bfp8_b", true},
      {"galaxy", "llama-3.1-8b", Prefill, 512, "bfp8_b", true},
      {"galaxy", "llama-3.1-8b", Decode, 1, "bfp8_b", true},
  };
}

void add(std::vector<Row>& rows, const char* mesh, const char* model,
         std::initializer_list<const char*> precisions,
         std::initializer_list<std::int64_t> lengths = {128, 256, 512, 1024}) {
  for (const char* precision : precisions) {
    rows.push_back({mesh, model, Mode::Decode, 1, precision});
    for (const std::int64_t seq : lengths) {
      rows.push_back({mesh, model, Mode::Prefill, seq, precision});
    }
  }
}

std::vector<Row> all_rows() {
  std::vector<Row> rows = fast_rows();
  rows.push_back({"tg", "llama-3.3-70b", Mode::Decode, 1, "mixed"});
  add(rows, "galaxy", "llama-3.3-70b", {"bfp8_b"}, {128, 2048});
  add(rows, "galaxy", "qwen3-32b", {"bf16"}, {128, 2048});
  for (const char* model : {"llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b", "mistral-7b"}) {
    add(rows, "n150", model, {"mixed", "bfp8_b"});
  }
  const char* pair = "t3k:1x2:line";
  for (const char* model : {"llama-3.2-1b", "llama-3.2-3b", "llama-3.2-11b", "mistral-7b"}) {
    add(rows, pair, model, {"mixed", "bfp8_b"});
  }
  add(rows, pair, "llama-3.1-8b", {"mixed", "bfp8_b"}, {128, 256, 512, 1024, 2048, 4096, 8192});
  add(rows, pair, "qwen2-7b", {"mixed"});
  add(rows, pair, "phi-4", {"bfp8_b"});
  add(rows, pair, "qwen2.5-7b", {"bfp8_b"});
  add(rows, pair, "deepseek-r1-distill-14b", {"mixed"});
  const char* ring = "t3k:1x8:ring";
  for (const char* model : {"llama-3.2-1b", "llama-3.2-3b", "llama-3.2-11b", "qwen3-32b",
                            "mistral-7b", "qwen2.5-coder-32b"}) {
    add(rows, ring, model, {"mixed", "bfp8_b"});
  }
  add(rows, ring, "llama-3.1-8b", {"mixed", "bfp8_b"}, {128, 256, 512, 1024, 2048, 4096, 8192});
  add(rows, ring, "qwen2.5-72b", {"mixed"});
  add(rows, ring, "llama-3.3-70b", {"mixed"}, {128, 256, 512, 1024, 2048, 4096});
  return rows;
}

std::vector<ModelRow> model_rows() {
  std::vector<ModelRow> rows;
  for (const Row& row : all_rows()) {
    rows.push_back({.mesh = row.mesh,
                    .module = "mlp",
                    .dims = find_model(row.model),
                    .mode = row.mode,
                    .seq = row.seq,
                    .pcc = parse_mlp_precision(row.precision).pcc,
                    .fast = row.fast,
                    .weight_dtype = row.precision});
  }
  return rows;
}

class MlpOfModel : public testing::TestWithParam<ModelRow> {};

TEST_P(MlpOfModel, ReachesTheCorrelationThatItsTestsDemand) { expect_row(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Table, MlpOfModel, testing::ValuesIn(model_rows()), row_name);

}  // namespace
}  // namespace ttmesh::modules
