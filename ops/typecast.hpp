#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// The tensor in another number format; the tensor itself if it is in it already. Floating point
/// rounds to nearest even and truncates towards zero to integers, at their limits beyond them.
///
/// Placement: unchanged; Partial stays.
/// Cost:      reads and writes it once; 8 cycles a tile and core.
/// Throws:    std::invalid_argument for a block float of a row-major tensor.
/// Source:    ttnn.typecast.
[[nodiscard]] mesh::Tensor typecast(const mesh::Tensor& input, mesh::DataType dtype);

[[nodiscard]] mesh::OpDefinition typecast_definition();

}  // namespace ttmesh::ops
