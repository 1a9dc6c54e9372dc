#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mesh/topology/mesh_shape.hpp"
#include "sim/chip_model.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// A chip's number in its topology: mesh after mesh, row-major within each.
using ChipId = std::int32_t;

/// How the chips along one dim of a mesh are wired.
enum class DimType : std::uint8_t { Line, Ring };

/// How strictly a descriptor's channel counts bind real hardware. The emulator makes exactly
/// `channels` links either way.
enum class ChannelPolicy : std::uint8_t { Strict, Relaxed };

/// A grid of chips, or a switch.
struct MeshDescription {
  int id = 0;
  std::string name;
  MeshShape shape;
  std::array<DimType, 2> dim_types{DimType::Line, DimType::Line};
  MeshShape host_shape{1, 1};  ///< Hosts per dim; each owns an equal rectangle.
  int channels = 1;            ///< Links between neighbours.
  ChannelPolicy policy = ChannelPolicy::Relaxed;
  ChipId first_chip = 0;
  bool is_switch = false;
  bool is_grid = true;  ///< False: the links form no grid, and the shape only numbers the chips.

  ChipId chip(Coordinate at) const { return first_chip + at.row * shape.cols + at.col; }
  Coordinate coordinate(ChipId chip) const {
    return {(chip - first_chip) / shape.cols, (chip - first_chip) % shape.cols};
  }
  bool owns(ChipId chip) const { return chip >= first_chip && chip < first_chip + shape.size(); }
  /// True if a wrap link closes the lines along `cluster_axis`: a ring needs 3 chips.
  bool wraps(int cluster_axis) const {
    return dim_types[static_cast<std::size_t>(cluster_axis)] == DimType::Ring &&
           shape.extent(cluster_axis) >= 3;
  }
};

/// Two chips joined by one or more channels. `a < b`.
struct Edge {
  enum class Kind : std::uint8_t { Neighbour, Wrap, Express, InterMesh };

  ChipId a;
  ChipId b;
  int channels;
  Kind kind = Kind::Neighbour;
  int axis = -1;  ///< Mesh axis along which the chips differ; -1 if along none.

  friend constexpr bool operator==(const Edge&, const Edge&) = default;
};

/// Rates that a file states in place of its system's.
struct LinkOverride {
  std::optional<std::int64_t> bandwidth_bytes_per_s;
  std::optional<sim::Time> latency;
};

/// Chips, meshes and links of one emulated machine, as a topology file or a system name gives them.
struct Topology {
  std::string name;    ///< What the user typed.
  std::string format;  ///< "ttmesh", "mgd2", "mgd1", "cluster", "rank_bindings", "preset"
  std::string system;  ///< Preset whose chips and links these are.
  sim::Arch arch = sim::Arch::WormholeB0;
  std::vector<MeshDescription> meshes;   ///< By id and first chip; switches included.
  std::vector<Edge> edges;               ///< Sorted by (a, b); see `set_edges`.
  std::vector<std::int32_t> edges_by_b;  ///< Positions in `edges`, sorted by (b, a).
  int usable_links = 1;                  ///< Default `num_links` of collectives.
  int unplaced_links = 0;  ///< Links that a descriptor asks for between groups of meshes, without
                           ///< saying which meshes carry them; no chip does.
  LinkOverride link;
  bool one_host = false;                   ///< All meshes belong to one host.
  std::vector<int> host_ranks;             ///< By host: which rank it is; empty: its own number.
  std::vector<std::int64_t> physical_ids;  ///< By chip: its id in a cluster descriptor; or empty.

  /// Takes the edges in any order and makes the index that `neighbours` searches.
  void set_edges(std::vector<Edge> unsorted);

  int chip_count() const;
  int host_count() const;
  /// The mesh that owns `chip`. Throws std::invalid_argument if there is no such chip.
  const MeshDescription& mesh_of(ChipId chip) const;
  /// Channels between two chips; 0 if no link joins them.
  int channels_between(ChipId a, ChipId b) const;
  /// Chips joined to `chip`, ascending.
  std::vector<ChipId> neighbours(ChipId chip) const;
  /// Rank of the host that owns `chip`. Hosts are numbered mesh after mesh, row-major in each
  /// mesh's host grid.
  int host_of(ChipId chip) const;
};

/// Makes the edges of every mesh from its shape, dim types and channels: i to i+1, and last to
/// first where a ring has 3 chips or more. Inter-mesh edges are appended by the caller.
[[nodiscard]] std::vector<Edge> neighbour_edges(const MeshDescription& mesh);

/// The mesh to run on: `mesh_id` if given, else the only mesh with more than one chip that is no
/// switch (or the only mesh at all). Throws std::invalid_argument listing the meshes.
[[nodiscard]] const MeshDescription& select_mesh(const Topology& topology,
                                                 std::optional<int> mesh_id);

}  // namespace ttmesh::mesh
