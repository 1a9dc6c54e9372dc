#pragma once

#include <string>
#include <string_view>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::modules {

/// Number formats of a model.
struct ModelPrecision {
  std::string name;          ///< "bf16", "bfp8_b", "bfp4_b", "f32" or "mixed"
  mesh::DataType attention;  ///< Of the projections of attention.
  mesh::DataType gate_up;
  mesh::DataType down;
  mesh::DataType head;
  mesh::DataType cache;       ///< Of keys and values.
  mesh::DataType activation;  ///< Of residuals, norms, embedding and logits: bf16, or f32.
};

/// The precision called `text`. One format is that of all weights of products; "mixed" is bfp4_b
/// for gate and up and bfp8_b for the rest. The cache is bfp8_b, or the format of wider weights.
/// With f32 everything is. Throws std::invalid_argument listing the names.
[[nodiscard]] ModelPrecision parse_model_precision(std::string_view text);

}  // namespace ttmesh::modules
