#pragma once

#include "mesh/device/mesh_device.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// Makes every chip of the mesh wait until all of them have got here. Nothing is sent but signals:
/// along a line, on a mesh over a tree.
///
/// Throws: mesh::Error (Unreachable) if links that are down leave chips apart.
/// Source: ttnn.barrier.
void barrier(mesh::MeshDevice device);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition barrier_definition();

}  // namespace ttmesh::ccl
