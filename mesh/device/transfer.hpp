#pragma once

#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/host_tensor.hpp"

namespace ttmesh::mesh {

struct WriteOptions {
  DataType dtype = DataType::Bfloat16;
  Layout layout = Layout::Tile;
  MemoryConfig memory{};
  Distribution distribution{};  ///< From a mapper; Replicate everywhere by default.
};

/// Puts a global tensor on the mesh, each chip its part, rounded to `dtype` (ttnn.from_torch with a
/// mesh mapper). The default distribution replicates. Throws std::invalid_argument if the values do
/// not fill the shape or the shape does not divide; timing-only mode needs no values.
[[nodiscard]] Tensor from_host(const MeshDevice& device, HostTensor global,
                               const WriteOptions& options);

/// Waits for the values and puts the chips' parts together as the placements say. Throws
/// std::invalid_argument in timing-only mode or if a sum is still owed, and mesh::Error if a chip
/// failed.
[[nodiscard]] HostTensor to_host(const Tensor& tensor);

/// Moves the controller's clock as `to_host` does, without the values: a blocking read of a program
/// that does not use them, in timing-only mode too. Throws mesh::Error if a chip failed.
void wait_as_read(const Tensor& tensor);

/// Moves the controller's clock as `from_host` does: for a tensor whose values chips have taken
/// from elsewhere in place of a write.
void count_as_written(const Tensor& tensor);

/// The chips' shards, row-major over the view, each with its local shape (ttnn.get_device_tensors
/// and to_torch); compose them with a composer of mesh/tensor/mapper.hpp.
[[nodiscard]] std::vector<HostTensor> shards_to_host(const Tensor& tensor);

}  // namespace ttmesh::mesh
