#pragma once

#include "mesh/device/tensor.hpp"

namespace ttmesh::ops {

/// Frees the tensor on its chips now, whatever other handles there are.
///
/// Throws:    std::invalid_argument if any handle of it is used afterwards.
/// Source:    ttnn.deallocate.
void deallocate(mesh::Tensor tensor);

}  // namespace ttmesh::ops
