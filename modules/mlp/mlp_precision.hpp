#pragma once

#include <string>
#include <string_view>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::modules {

/// Number formats of an MLP's weights, and how close to float32 they bring its output.
struct MlpPrecision {
  std::string name;        ///< "bf16", "bfp8_b", "bfp4_b", "f32" or "mixed".
  mesh::DataType gate_up;  ///< Of w1 and w3.
  mesh::DataType down;     ///< Of w2.
  double pcc;              ///< Correlation with the float32 result that a run must reach.
};

/// The precision called `text`; "mixed" is bfp4_b for gate and up, bfp8_b for down. Throws
/// std::invalid_argument listing the names.
[[nodiscard]] MlpPrecision parse_mlp_precision(std::string_view text);

}  // namespace ttmesh::modules
