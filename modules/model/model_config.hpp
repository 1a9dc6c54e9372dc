#pragma once

#include <cstdint>
#include <optional>

#include "mesh/device/mesh_device.hpp"
#include "modules/attention/kv_cache.hpp"
#include "modules/model/model_precision.hpp"
#include "modules/model/model_weights.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {

/// How a model runs; everything is optional.
struct ModelOptions {
  std::optional<ModelWeights> weights{};  ///< Random ones from `seed` if unset.
  std::uint64_t seed = 0;
  ModelPrecision precision = parse_model_precision("bfp8_b");
  int max_batch_size = 1;                       ///< Users over the whole mesh; see `padded_batch`.
  std::int64_t max_seq_len = 128;               ///< Positions of each user's cache.
  std::optional<std::int64_t> prefill_chunk{};  ///< See `default_prefill_chunk`.
};

/// A model, where it runs and how.
struct ModelConfig {
  ModelSpec spec;
  ModelWeights weights;
  mesh::MeshDevice device;
  ModelPrecision precision;
  int max_batch_size;
  std::int64_t max_seq_len;
  std::int64_t prefill_chunk;  ///< Rows of one prompt that are prefilled at once, at most.

  /// Blocks of a cache that holds more than a chunk for each user; none of one that does not, which
  /// is contiguous.
  std::optional<PagedAttentionConfig> pages() const;
};

/// The config with the defaults filled in. Throws std::invalid_argument if the spec does not divide
/// over the mesh, the memory of the emulated chips or of this machine is too small, or chunks are
/// no power of two from 128 on or meet sliding windows.
[[nodiscard]] ModelConfig model_config(const ModelSpec& spec, const mesh::MeshDevice& device,
                                       const ModelOptions& options);

/// Users that a mesh needs for `batch` of them: as many in each column of a grid.
[[nodiscard]] int padded_batch(mesh::MeshShape mesh, int batch);

/// Tokens that a prompt is padded to: a power of two from 128 on, which is a multiple of every
/// length that attention and MLPs fold rows by. Source: TTTv2's get_padded_prefill_len, whose 128
/// and powers of two these are.
[[nodiscard]] std::int64_t padded_prompt(std::int64_t tokens);

/// Throws std::invalid_argument listing every reason why the spec's dims and heads do not divide
/// over the mesh.
void require_divisible(const ModelSpec& spec, mesh::MeshShape mesh);

}  // namespace ttmesh::modules
