#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "mesh/tensor/shape.hpp"
#include "mesh/topology/mesh_shape.hpp"

namespace ttmesh::mesh {

/// What the chips along one mesh axis hold of a tensor.
struct Placement {
  enum class Kind : std::uint8_t {
    Replicate,  ///< All hold the same.
    Shard,      ///< Each holds its part of `dim`.
    Partial,    ///< Each holds a term; their sum is still owed.
    Stacked,    ///< All hold every term, stacked along `dim`; the sum over `dim` is still owed.
  };

  Kind kind = Kind::Replicate;
  int dim = -1;  ///< For Shard and Stacked: a tensor dim from 0.

  friend constexpr bool operator==(const Placement&, const Placement&) = default;
};

constexpr Placement replicate() { return {}; }
constexpr Placement shard(int dim) { return {Placement::Kind::Shard, dim}; }
constexpr Placement partial() { return {Placement::Kind::Partial, -1}; }
constexpr Placement stacked(int dim) { return {Placement::Kind::Stacked, dim}; }

/// How a tensor lies on a mesh: one placement per mesh axis.
///
/// When both axes shard the same dim, the parts are nested: `outer_axis` says which axis cuts
/// first. Mappers give row-major order (0); a reduce_scatter along axis 0 of what axis 1 already
/// shards gives 1.
struct Distribution {
  MeshShape mesh{1, 1};
  std::array<Placement, 2> placements{};  ///< By mesh axis: 0 rows, 1 columns.
  int outer_axis = 0;

  const Placement& along(int cluster_axis) const {
    return placements[static_cast<std::size_t>(cluster_axis)];
  }
  friend constexpr bool operator==(const Distribution&, const Distribution&) = default;
};

/// "Replicate", "Shard(3)", "Partial", "Stacked(0)"
[[nodiscard]] std::string to_string(const Placement& placement);
/// "[Replicate, Shard(3)]"; " columns outermost" follows where nested parts are cut by axis 1
/// first.
[[nodiscard]] std::string to_string(const Distribution& distribution);

/// Axes of extent 1 hold everything there is: their placement becomes Replicate (a sum of one term
/// is paid, a part of one is the whole). `outer_axis` is 0 unless both axes shard the same dim.
[[nodiscard]] Distribution normalised(Distribution distribution);

/// Normalised, with dims that count from the end (as mappers accept them) turned into dims from 0
/// of a tensor of `rank`. Throws std::invalid_argument if one is out of range.
[[nodiscard]] Distribution resolved(Distribution distribution, int rank);

/// Whether any axis still owes a sum.
[[nodiscard]] bool owes_sum(const Distribution& distribution);

/// Shape over the whole mesh of a tensor with `local` on each chip.
[[nodiscard]] Shape global_shape(const Shape& local, const Distribution& distribution);

/// Shape on one chip of a tensor with `global` over the mesh. Throws std::invalid_argument naming
/// dim, extent and number of chips if an extent does not divide.
[[nodiscard]] Shape local_shape(const Shape& global, const Distribution& distribution);

/// Where a chip's part begins along each dim of the global tensor.
[[nodiscard]] Shape local_origin(const Shape& local, const Distribution& distribution,
                                 Coordinate chip);

/// Which of the distinct parts a chip holds; equal on chips that hold the same.
[[nodiscard]] std::uint64_t part_index(const Distribution& distribution, Coordinate chip);

/// Throws std::invalid_argument if `distribution` still owes a sum: "[op] input is Partial along
/// cluster_axis 0; needs all_reduce or reduce_scatter with cluster_axis 0 first".
void require_no_partial(const char* op, const Distribution& distribution);

}  // namespace ttmesh::mesh
