#pragma once

#include "mesh/device/mesh_device.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// Makes every chip of the mesh wait until all of them have got here. Nothing is sent but signals:
/// both ways along a line, closed or not; on a mesh over a tree.
///
/// Throws: mesh::Error (Unreachable) if links that are down leave chips apart.
/// Source: ttnn.barrier, which goes twice around a ring: ccl/README.md.
void barrier(mesh::MeshDevice device);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition barrier_definition();

}  // namespace ttmesh::ccl
