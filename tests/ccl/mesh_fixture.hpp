#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/host_tensor.hpp"

namespace ttmesh::ccl::test {

/// A device with every op and collective. `topology` and `settings` as a user types them:
/// "t3k:1x4:ring", "link(0-1).down=true".
[[nodiscard]] mesh::MeshDevice open_mesh(const std::string& topology, bool timing_only = false,
                                         const std::vector<std::string>& settings = {});

[[nodiscard]] mesh::MeshDevice open_mesh(const std::string& topology, mesh::OpenOptions options);

/// A tensor with a shard of its own on every chip of the mesh, of whole numbers; in timing-only
/// mode there are none.
struct OwnShards {
  mesh::Tensor tensor;                 ///< Dim 0 cut along rows, dim 1 along columns.
  std::vector<std::vector<float>> of;  ///< By chip, row-major over the mesh.
};

/// Random shards; extents of dims 0 and 1 of `shard` are 1.
[[nodiscard]] OwnShards write_shards(const mesh::MeshDevice& device, const mesh::Shape& shard,
                                     mesh::DataType dtype = mesh::DataType::Float32);

/// Whole numbers from -`bound` to `bound`: sums of a few are exact in every dtype.
[[nodiscard]] mesh::HostTensor whole_numbers(const mesh::Shape& shape, int bound,
                                             std::uint64_t seed);

/// One term of a sum for each chip of the mesh; in timing-only mode without values.
struct Terms {
  mesh::Tensor tensor;                 ///< Every chip's own term; Partial along the summed axis.
  std::vector<std::vector<float>> of;  ///< By chip, row-major over the mesh.
};

struct TermOptions {
  mesh::Shape shape;  ///< Of one term, rank 4, extents of dims 0 and 1 being 1.
  int summed_axis = 1;
  mesh::DataType dtype = mesh::DataType::Float32;
  mesh::Layout layout = mesh::Layout::Tile;
  int bound = 8;
};

/// Random terms. Along the other axis the chips hold parts of different tensors: parts of dim 0 or
/// 1, the one whose number is not the summed axis.
[[nodiscard]] Terms write_terms(const mesh::MeshDevice& device, const TermOptions& options);

/// Indices, row-major over the mesh, of the chips on the line of `chip` along `axis`.
[[nodiscard]] std::vector<int> line_of(mesh::MeshShape shape, int axis, int chip);

/// Sum of the terms along the line of `chip`, from its first chip to its last.
[[nodiscard]] std::vector<float> sum_on_line(const Terms& terms, mesh::MeshShape shape, int axis,
                                             int chip);

/// Slice `index` of `count` along `dim` of row-major `values`.
[[nodiscard]] std::vector<float> slice_of(const std::vector<float>& values,
                                          const mesh::Shape& shape, int dim, int index, int count);

}  // namespace ttmesh::ccl::test
