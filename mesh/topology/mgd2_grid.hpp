#pragma once

#include <cstdint>
#include <vector>

#include "mesh/topology/error.hpp"
#include "mesh/topology/mgd2_text.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Which mesh or switch descriptor of a document; instances are made from it.
struct Mgd2Grid {
  bool is_switch = false;
  int position = 0;

  friend constexpr bool operator<(const Mgd2Grid& x, const Mgd2Grid& y) {
    return x.is_switch != y.is_switch ? y.is_switch : x.position < y.position;
  }
};

/// Where the descriptor stands.
[[nodiscard]] Mgd2Place place_of(const Mgd2Document& document, const Mgd2Grid& grid);

/// Number of dims; a mesh is made from two only.
[[nodiscard]] int dims_of(const Mgd2Document& document, const Mgd2Grid& grid);

/// A mesh of the descriptor's form, without id and chips.
[[nodiscard]] MeshDescription describe(const Mgd2Document& document, const Mgd2Grid& grid);

/// Express connections that the descriptor lists one by one.
[[nodiscard]] std::int64_t express_connection_count(const Mgd2Document& document,
                                                    const Mgd2Grid& grid);

/// Express edges of an instance: connections that are listed, and links that follow a pattern.
[[nodiscard]] std::vector<Edge> express_edges_of(const Mgd2Document& document, const Mgd2Grid& grid,
                                                 const MeshDescription& mesh);

/// What a launch refuses about the descriptor.
[[nodiscard]] std::vector<Problem> grid_launch_problems(const Mgd2Document& document,
                                                        const Mgd2Grid& grid);

/// What is taken otherwise than the descriptor says: rings too short to be rings.
[[nodiscard]] std::vector<Problem> grid_warnings(const Mgd2Document& document,
                                                 const Mgd2Grid& grid);

}  // namespace ttmesh::mesh
