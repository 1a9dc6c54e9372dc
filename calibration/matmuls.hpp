#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/work.hpp"

namespace ttmesh::calibration {

/// A matmul that was measured, its blocks tuned by hand.
struct MatmulMeasurement {
  std::string system;
  sim::MatmulWork work;
  double microseconds = 0;
};

/// The tuned rows of `folder`/gemm_flops.csv.
/// Throws std::runtime_error if a field has an unknown value.
[[nodiscard]] std::vector<MatmulMeasurement> read_matmuls(const std::filesystem::path& folder);

}  // namespace ttmesh::calibration
