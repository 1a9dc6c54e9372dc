#include "tests/modules/model_rows.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <ostream>

#include "modules/open.hpp"
#include "modules/trial/run_trial.hpp"

namespace ttmesh::modules {
namespace {

std::string text_of(const ModelRow& row) {
  const std::string model = row.dims.name.empty()
                                ? fmt::format("{}_{}", row.dims.dim, row.dims.vocab)
                                : std::string(row.dims.name);
  return fmt::format("{}_{}_{}_{}_{}_{}", row.module, row.mesh, model, name(row.mode), row.seq,
                     row.weight_dtype);
}

}  // namespace

std::string row_name(const testing::TestParamInfo<ModelRow>& row) {
  std::string text = fmt::format("{:03}_{}", row.index, text_of(row.param));
  for (char& letter : text) {
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  }
  return text;
}

void PrintTo(const ModelRow& row, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << text_of(row);
}

void expect_row(const ModelRow& row) {
  if (!row.fast && std::getenv("TTMESH_SLOW_TESTS") == nullptr) {
    GTEST_SKIP() << "set TTMESH_SLOW_TESTS to run every model";
  }
  const TrialResult result = run_trial(open(row.mesh), {.module = row.module,
                                                        .dims = row.dims,
                                                        .mode = row.mode,
                                                        .seq = row.seq,
                                                        .weight_dtype = row.weight_dtype,
                                                        .seed = 1234,
                                                        .pcc = row.pcc});
  testing::Test::RecordProperty("pcc", fmt::format("{:.6f}", result.accuracy->pcc));
  EXPECT_GE(result.accuracy->pcc, row.pcc);
  EXPECT_TRUE(result.passed);
}

}  // namespace ttmesh::modules
