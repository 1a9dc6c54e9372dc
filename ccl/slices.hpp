#pragma once

#include <cstdint>

#include "mesh/program/attributes.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

/// `dim` as 0 to rank-1. Throws std::invalid_argument, in the name of `op`, if out of range.
[[nodiscard]] int index_of_dim(const char* op, const mesh::Shape& shape, int dim);

/// The axis along which a command's lines lie, by its attributes. Throws std::invalid_argument, in
/// the name of `op`, if a mesh has no such axis.
[[nodiscard]] int axis_of_lines(const char* op, const mesh::Attributes& attributes);

/// Extent whose multiples slices of `spec` along `dim` must have: a tile's along a tiled dim.
[[nodiscard]] std::int64_t slice_step(const mesh::TensorSpec& spec, int dim);

/// Whether `spec` cuts into `chips` equal slices along `dim`, of whole tiles if it is tiled.
[[nodiscard]] bool cuts_evenly(const mesh::TensorSpec& spec, int dim, int chips);

}  // namespace ttmesh::ccl
