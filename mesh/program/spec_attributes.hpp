#pragma once

#include "mesh/program/attributes.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::mesh {

/// A tensor spec as attributes of an op that makes a tensor out of nothing.
[[nodiscard]] Attributes to_attributes(const TensorSpec& spec);

/// The spec that `to_attributes` wrote.
[[nodiscard]] TensorSpec spec_of(const Attributes& attributes);

}  // namespace ttmesh::mesh
