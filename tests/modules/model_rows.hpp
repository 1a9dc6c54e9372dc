#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// A row of the tables that TTTv2 tests its modules with.
struct ModelRow {
  const char* mesh;
  const char* module;
  ModelDims dims;
  Mode mode;
  std::int64_t seq;
  double pcc;
  bool fast = false;              ///< Runs always; the others with TTMESH_SLOW_TESTS.
  const char* weight_dtype = "";  ///< As a user types it; empty: the module's own.
};

/// Names the row for GoogleTest.
std::string row_name(const testing::TestParamInfo<ModelRow>& row);
void PrintTo(const ModelRow& row, std::ostream* out);  // NOLINT(readability-identifier-naming)

/// Runs the module as `ttmesh run` does and expects the row's correlation; skips slow rows unless
/// TTMESH_SLOW_TESTS is set.
void expect_row(const ModelRow& row);

}  // namespace ttmesh::modules
