#pragma once

#include <cstdint>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::modules {

/// Keys and values of past tokens, changed in place: [users, kv_heads, positions, head_dim], or in
/// blocks, [blocks, kv_heads, positions of a block, head_dim], on each chip.
struct KvCache {
  mesh::Tensor keys;
  mesh::Tensor values;
};

/// A cache in blocks that a page table gives to users. The table is [users, pages] of integers.
struct PagedAttentionConfig {
  std::int64_t block_size = 32;        ///< Positions of a block.
  std::int64_t max_num_blocks = 1024;  ///< Blocks that the users of one line of chips share.
};

/// A cache of zeros; `spec` is that of either tensor.
[[nodiscard]] KvCache make_kv_cache(const mesh::MeshDevice& device, const mesh::TensorSpec& spec);

/// Throws std::invalid_argument, beginning with `module`, unless the cache lives on the device with
/// the shape, the layout and the placement of `spec`, in a floating-point dtype.
void require_kv_cache(const char* module, const KvCache& cache, const mesh::MeshDevice& device,
                      const mesh::TensorSpec& spec);

}  // namespace ttmesh::modules
