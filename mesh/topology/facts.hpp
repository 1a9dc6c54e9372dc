#pragma once

#include <cstdint>
#include <vector>

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Counts of one mesh. Express links are counted apart, since mesh graph descriptors add them to
/// the links of the grid. A cluster descriptor only lists cables, and these counts have all of
/// them.
struct MeshFacts {
  std::int64_t chip_pairs = 0;  ///< Pairs of neighbours, wraps included.
  std::int64_t links = 0;       ///< Channels of these pairs.
  std::int64_t express_pairs = 0;
  std::int64_t express_links = 0;
};

/// Counts of a whole topology, as its file defines them. Switches count as meshes do, except in
/// `meshes`.
struct Facts {
  int meshes = 0;
  int switches = 0;
  int chips = 0;
  int hosts = 0;
  std::int64_t chip_pairs = 0;
  std::int64_t links = 0;
  std::int64_t inter_mesh_pairs = 0;  ///< Pairs of meshes with at least one link between them.
  std::int64_t inter_mesh_links = 0;  ///< Links between meshes, unplaced ones included.
  std::vector<MeshFacts> mesh;        ///< Beside `Topology::meshes`.
};

[[nodiscard]] Facts facts(const Topology& topology);

}  // namespace ttmesh::mesh
