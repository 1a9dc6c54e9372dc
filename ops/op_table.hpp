#pragma once

#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// Adds every op of this folder to `table`.
void register_ops(mesh::OpTable& table);

}  // namespace ttmesh::ops
