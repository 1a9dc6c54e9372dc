#pragma once

#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// Adds every collective to the table of ops that a device can run.
void register_collectives(mesh::OpTable& table);

}  // namespace ttmesh::ccl
