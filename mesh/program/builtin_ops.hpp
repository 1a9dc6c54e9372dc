#pragma once

#include "mesh/program/op_table.hpp"

namespace ttmesh::mesh {

/// Adds the machine's own ops: `write` makes a tensor from the command's payload, `read` hands each
/// chip's shard to the controller, `free` does nothing but carry the drops of its command.
void add_builtin_ops(OpTable& table);

}  // namespace ttmesh::mesh
