#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::modules {

/// What modules' configs fall back to, and the checks that they share. Source: TTTv2's modules.

constexpr int kMaxBatchSize = 32;  ///< Users in decode.

/// Gives `field` a value unless it has one.
template <typename T>
void set_default(std::optional<T>& field, const T& value) {
  if (!field) field = value;
}

/// Longest prompt that is multiplied in one piece: 1024 tokens on Wormhole, 512 on Blackhole.
[[nodiscard]] std::int64_t default_prefill_len_cutoff(const mesh::MeshDevice& device);

/// Columns of a weight over the DRAM banks of a chip.
[[nodiscard]] mesh::MemoryConfig dram_columns(const mesh::MeshDevice& device);

/// Columns over `cores` cores.
[[nodiscard]] mesh::MemoryConfig l1_columns(int cores);

/// Throws std::invalid_argument if a mesh has several rows and several columns, naming the class to
/// use instead; `module` ends with "1D".
void require_line(const char* module, mesh::MeshShape shape);
/// The same for a class that ends with "2D", unless the mesh has several rows and several columns.
void require_grid(const char* module, mesh::MeshShape shape);

/// Throws std::invalid_argument if a config states an extent that the weights do not have.
void require_same(const char* module, const char* field, const std::optional<std::int64_t>& stated,
                  std::int64_t found);

/// Throws std::invalid_argument unless `parts` chips have whole tiles of `dim` each.
void require_tiles(const char* module, std::int64_t dim, int parts);

}  // namespace ttmesh::modules
