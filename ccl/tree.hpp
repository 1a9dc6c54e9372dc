#pragma once

#include <unordered_map>
#include <vector>

#include "mesh/program/step.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::ccl {

/// Chips joined without loops: how signals and multicasts travel where there is no line.
struct Tree {
  struct Node {
    mesh::ChipId parent = -1;  ///< -1: the root.
    std::vector<mesh::ChipId> children;
  };

  mesh::ChipId root = -1;
  std::unordered_map<mesh::ChipId, Node> nodes;
};

/// Shortest ways from `root` to all `members`, over members alone if they are joined, else over
/// any chips. Throws mesh::Error (Unreachable) naming a member that no links lead to.
[[nodiscard]] Tree spanning_tree(const mesh::Topology& topology,
                                 const std::vector<mesh::ChipId>& members, mesh::ChipId root);

/// A tree without branches, from its first chip to its last.
[[nodiscard]] Tree path_tree(const std::vector<mesh::ChipId>& route);

/// Entry barrier, first half: lane Up of the root opens when all chips of the tree have started.
[[nodiscard]] std::vector<mesh::Step> collect_signals(const Tree& tree, mesh::ChipId chip);

/// The whole entry barrier: every lane of every chip opens when all chips of the tree have started.
[[nodiscard]] std::vector<mesh::Step> tree_barrier(const Tree& tree, mesh::ChipId chip);

/// Opens every lane no sooner than `lane`.
[[nodiscard]] std::vector<mesh::Step> join_lanes(mesh::Lane lane);

}  // namespace ttmesh::ccl
