#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Chips that links join into one piece: `neighbours[i]`, ascending, are the positions of those
/// that chip i is joined to.
struct LinkGraph {
  std::vector<std::vector<int>> neighbours;

  std::size_t size() const { return neighbours.size(); }
  std::size_t pairs() const;
};

/// A grid that a graph turned out to be.
struct Grid {
  MeshShape shape;
  std::array<DimType, 2> dim_types;
  std::vector<int> chips;  ///< Row-major positions in the graph.
};

/// The line, ring, mesh or torus that the graph's links form, or nothing. `preferred` are shapes to
/// try first; then those nearest to a square, with more rows than columns. The chip that comes
/// first in the graph is in a corner if any arrangement allows it.
///
/// If there is none, one of the preferred shapes whose grid leaves a single link over at most on
/// each chip: what then remains are express links, of which routing knows one a chip. Rings are
/// preferred to lines.
///
/// Gives up on graphs that resist for a bounded number of steps; real systems take a few per chip.
[[nodiscard]] std::optional<Grid> find_grid(const LinkGraph& graph,
                                            const std::vector<MeshShape>& preferred);

}  // namespace ttmesh::mesh
