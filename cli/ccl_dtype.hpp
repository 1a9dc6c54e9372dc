#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mesh/tensor/dtype.hpp"

namespace ttmesh::cli {

/// The format that `ttmesh ccl -d` calls `text`: by our name, or that of nccl-tests or TTNN. Throws
/// std::invalid_argument listing the names.
[[nodiscard]] mesh::DataType parse_ccl_dtype(std::string_view text);

/// "f32 (float, float32), bf16 (bfloat16), .."
[[nodiscard]] std::string ccl_dtype_names();

/// What a buffer of a format cannot be cut below: an element, or a tile of block floats.
struct CclUnit {
  std::int64_t elements;
  std::int64_t bytes;
};
[[nodiscard]] CclUnit unit_of(mesh::DataType dtype);

/// The largest whole number up to which all are exact in the format, whatever stands beside them.
[[nodiscard]] std::int64_t largest_exact(mesh::DataType dtype);

}  // namespace ttmesh::cli
