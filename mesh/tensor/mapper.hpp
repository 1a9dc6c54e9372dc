#pragma once

#include <array>
#include <optional>
#include <vector>

#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/placement.hpp"

namespace ttmesh::mesh {

/// Every chip holds the whole tensor (ttnn.ReplicateTensorToMesh).
[[nodiscard]] Distribution replicate_tensor_to_mesh(MeshShape mesh);

/// All chips, row-major, hold consecutive parts of `dim` (ttnn.ShardTensorToMesh).
[[nodiscard]] Distribution shard_tensor_to_mesh(MeshShape mesh, int dim);

/// `dims[axis]` is the tensor dim that mesh axis `axis` cuts; none replicates along it
/// (ttnn.ShardTensor2dMesh, dims given rows first).
[[nodiscard]] Distribution shard_tensor_2d_mesh(MeshShape mesh,
                                                std::array<std::optional<int>, 2> dims);

/// Chips' shards concatenated along `dim` in row-major order (ttnn.ConcatMeshToTensor).
[[nodiscard]] HostTensor concat_mesh_to_tensor(const std::vector<HostTensor>& shards, int dim);

/// Shards concatenated along `dims[1]` within each row of the mesh, then rows along `dims[0]`
/// (ttnn.ConcatMesh2dToTensor). Throws std::invalid_argument unless the dims differ.
[[nodiscard]] HostTensor concat_mesh_2d_to_tensor(const std::vector<HostTensor>& shards,
                                                  MeshShape mesh, std::array<int, 2> dims);

}  // namespace ttmesh::mesh
