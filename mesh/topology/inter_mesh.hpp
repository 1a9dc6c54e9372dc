#pragma once

#include <optional>
#include <vector>

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Links between two meshes, as a file asks for them.
struct MeshConnection {
  struct End {
    std::size_t mesh;         ///< Position among the meshes.
    std::optional<int> chip;  ///< Row-major within the mesh; unset if any chip may do.
  };

  End a;
  End b;
  int links;
  ChannelPolicy policy = ChannelPolicy::Strict;  ///< Whether a machine must have all of them.
};

/// The edges that `connections` make between chips of `meshes`, links of the same two chips added.
///
/// Ends with chips join exactly these. Ends without are placed: the links go from the last column
/// of the mesh that comes first to the first column of the other. Each column is dealt out from its
/// top, one link a row, starting again at the top when all rows have one; a column that already
/// carries links of an earlier connection goes on where that stopped. Two meshes that several
/// placed connections name have the links of the last one.
[[nodiscard]] std::vector<Edge> inter_mesh_edges(const std::vector<MeshDescription>& meshes,
                                                 const std::vector<MeshConnection>& connections);

}  // namespace ttmesh::mesh
