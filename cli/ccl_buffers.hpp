#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/topology/mesh_shape.hpp"

namespace ttmesh::cli {

/// Chips that take part in a collective together: the lines along one mesh axis, or all chips.
struct CclGroups {
  mesh::MeshShape mesh;
  std::optional<int> cluster_axis;  ///< Unset: all chips of the mesh, row-major.

  /// Chips in one group, and groups side by side.
  int size() const { return cluster_axis ? mesh.extent(*cluster_axis) : mesh.size(); }
  int count() const { return mesh.size() / size(); }
  /// Index, row-major over the mesh, of the chip at `place` in `group`.
  int chip(int group, int place) const;
  /// Place of a chip in its group.
  int place(int chip) const;
};

/// What the chips hold before and after a collective: buffers of one part, or of one for each chip
/// of a group. They are row-major, but tiled where the format is a block float. Every value is a
/// whole number that follows from the seed, the chip and the position. All are exact in the format,
/// and so is the sum over a group, in any order, where a collective adds.
struct CclBuffers {
  CclGroups groups;
  std::int64_t part;  ///< Elements of one part; whole tiles of a block float.
  mesh::DataType dtype = mesh::DataType::Float32;
  std::uint64_t seed = 0;
  bool adds = false;  ///< Whether the collective adds what the chips of a group hold.

  /// The value that `chip` holds at `position` of its buffer, before the collective.
  std::int64_t value(int chip, std::int64_t position) const;
  /// The first `count` values of every one of `chips`, one chip after another.
  mesh::HostTensor::Values values(std::span<const int> chips, std::int64_t count) const;
  /// Elements of a row.
  std::int64_t row() const;

  /// One part on every chip: shards, along tensor dim 2, of a tensor of the group.
  mesh::Tensor shards(const mesh::MeshDevice& device) const;
  /// So many parts on every chip, one after another along tensor dim 2: shards, along `own_dim()`,
  /// of a tensor of the group.
  mesh::Tensor own(const mesh::MeshDevice& device, int parts) const;
  /// Tensor dim along which `own` is sharded over a group: 0 or 1, of extent 1 on a chip.
  int own_dim() const { return groups.cluster_axis.value_or(1); }
  /// A part for each chip of a group, on every chip: terms of a sum over the group.
  mesh::Tensor terms(const mesh::MeshDevice& device) const;
};

/// Elements of a row-major row, which is a page: 1,024 where that divides `elements`, as in a tile,
/// else the largest divisor below; a single row if that is shorter than 64.
[[nodiscard]] std::int64_t row_length(std::int64_t elements);

}  // namespace ttmesh::cli
