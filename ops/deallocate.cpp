#include "ops/deallocate.hpp"

namespace ttmesh::ops {

void deallocate(mesh::Tensor tensor) { tensor.deallocate(); }

}  // namespace ttmesh::ops
