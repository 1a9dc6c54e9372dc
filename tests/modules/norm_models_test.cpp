#include <gtest/gtest.h>

#include <vector>

#include "tests/modules/model_rows.hpp"

namespace ttmesh::modules {
namespace {

std::vector<ModelRow> rows() {
  using enum Mode;
  std::vector<ModelRow> all;
  const auto add = [&](const char* mesh, const char* module, std::int64_t dim, Mode mode,
                       std::int64_t seq, double pcc, bool fast) {
    all.push_back({mesh, module, {.dim = dim}, mode, seq, pcc, fast});
  };
  for (const std::int64_t dim : {2048, 3072, 4096}) {
    add("n150", "rms_norm", dim, Decode, 1, 0.999, true);
    add("n150", "rms_norm", dim, Prefill, 128, 0.999, true);
  }
  for (const std::int64_t dim : {4096, 3584, 5120}) {
    add("t3k:1x2:line", "rms_norm", dim, Decode, 1, 0.999, true);
    add("t3k:1x2:line", "rms_norm", dim, Prefill, 128, 0.999, true);
  }
  for (const std::int64_t dim : {4096, 5120, 8192}) {
    add("t3k:1x8:ring", "rms_norm", dim, Decode, 1, 0.999, true);
    add("t3k:1x8:ring", "rms_norm", dim, Prefill, 128, 0.999, true);
    add("p150_x4:1x4:ring", "rms_norm", dim, Prefill, 128, 0.999, true);
  }
  for (const char* mesh : {"tg", "galaxy"}) {
    for (const std::int64_t dim : {8192, 5120}) {
      add(mesh, "rms_norm", dim, Decode, 1, 0.999, true);
      add(mesh, "rms_norm", dim, Prefill, 128, 0.999, true);
      add(mesh, "rms_norm", dim, Prefill, 2048, 0.999, false);
    }
    add(mesh, "rms_norm", 128, Prefill, 128, 0.999, true);
  }
  for (const char* mesh : {"n150", "t3k:1x2:line", "t3k:1x8:ring"}) {
    for (const std::int64_t dim : {2048, 3072, 4096, 5120, 8192}) {
      for (const std::int64_t seq : {1024, 2048, 4096, 8192}) {
        add(mesh, "rms_norm", dim, Prefill, seq, 0.999, false);
      }
    }
  }
  return all;
}

class NormOfModel : public testing::TestWithParam<ModelRow> {};

TEST_P(NormOfModel, ReachesTheCorrelationThatItsTestsDemand) { expect_row(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Table, NormOfModel, testing::ValuesIn(rows()), row_name);

}  // namespace
}  // namespace ttmesh::modules
