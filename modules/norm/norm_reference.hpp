#pragma once

#include <optional>

#include "mesh/tensor/host_tensor.hpp"
#include "ops/normalization.hpp"

namespace ttmesh::modules {

/// What a norm should give: each row of the last dim of x scaled to a mean square of 1 about the
/// centre, times weight, plus bias; unsharded, sums in float64.
/// Throws std::invalid_argument if the extents do not fit.
[[nodiscard]] mesh::HostTensor norm_reference(const mesh::HostTensor& x,
                                              const mesh::HostTensor& weight,
                                              const std::optional<mesh::HostTensor>& bias,
                                              ops::Centre centre, double eps);

}  // namespace ttmesh::modules
