#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// How Embedding1D and Embedding2D run. Everything but the table is optional; `resolved` fills in
/// the defaults stated here.
struct EmbeddingConfig {
  LazyWeight weight;  ///< The table: [vocab, dim].

  std::optional<mesh::MeshDevice> device{};  ///< That of the table.
  std::optional<std::int64_t> vocab{};       ///< From the table; may only repeat it.
  std::optional<std::int64_t> dim{};         ///< From the table; may only repeat it.
  std::optional<double> scale{};             ///< What rows are multiplied by: 1.
  std::optional<int> max_batch_size{};       ///< 32.

  std::optional<mesh::DataType> decode_dtype{};        ///< bf16; f32 if the table is.
  std::optional<mesh::DataType> prefill_dtype{};       ///< The same; on a grid bfp8_b.
  std::optional<mesh::MemoryConfig> decode_memory{};   ///< L1, interleaved.
  std::optional<mesh::MemoryConfig> prefill_memory{};  ///< DRAM, interleaved.
};

using Embedding1DConfig = EmbeddingConfig;
using Embedding2DConfig = EmbeddingConfig;

/// The config with every field set, for a line and for a grid.
/// Throws std::invalid_argument if the mesh is for the other class, the table is no matrix or lies
/// elsewhere, the chips of a line, or of a row of a grid, do not have whole tiles of dim each, or
/// the scale is not positive.
[[nodiscard]] EmbeddingConfig resolved_1d(const EmbeddingConfig& config);
[[nodiscard]] EmbeddingConfig resolved_2d(const EmbeddingConfig& config);

}  // namespace ttmesh::modules
