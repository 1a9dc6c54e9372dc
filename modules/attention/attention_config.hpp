#pragma once

#include <cstdint>
#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/attention/kv_cache.hpp"
#include "modules/attention/qkv_weight.hpp"
#include "modules/lazy_weight.hpp"
#include "sim/work.hpp"

namespace ttmesh::modules {

/// How Attention1D and Attention2D run. The weights, the heads and their extent must be stated;
/// `resolved_1d` and `resolved_2d` fill in the rest with the defaults given here.
struct AttentionConfig {
  QkvWeight wqkv;  ///< [dim, (n_heads + 2 n_kv_heads) * head_dim], or three weights.
  LazyWeight wo;   ///< [n_heads * head_dim, dim].

  std::optional<int> n_heads{};
  std::optional<int> n_kv_heads{};
  std::optional<std::int64_t> head_dim{};  ///< A multiple of 32.

  std::optional<QkvWeight> wqkv_bias{};  ///< [1, (n_heads + 2 n_kv_heads) * head_dim], or three.
  std::optional<LazyWeight> wo_bias{};   ///< [1, dim]
  std::optional<LazyWeight> q_norm{};    ///< RMS norm of each query head: head_dim values.
  std::optional<LazyWeight> k_norm{};    ///< That of each key head; both or neither.
  double norm_epsilon = 1e-5;

  std::optional<mesh::MeshDevice> device{};   ///< That of the weights.
  std::optional<std::int64_t> dim{};          ///< From wqkv; may only repeat it.
  std::optional<int> max_batch_size{};        ///< 32: users over the whole mesh.
  std::optional<std::int64_t> max_seq_len{};  ///< 131072: positions of each user.

  std::optional<double> scale{};                 ///< 1 / sqrt(head_dim).
  std::optional<std::int64_t> sliding_window{};  ///< Keys up to its own that a token sees: all.
  bool use_qk_fused = false;  ///< Decode turns queries and keys in one op; rotary setup alike.

  std::optional<KvCache> kv_cache{};                      ///< Made with the weights if unset.
  std::optional<PagedAttentionConfig> paged_attention{};  ///< Contiguous if unset.
  std::optional<mesh::DataType> kv_cache_dtype{};         ///< bfp8_b; f32 if all weights are.

  std::optional<mesh::DataType> activation_dtype{};  ///< bf16; f32 if all weights are.
  std::optional<mesh::DataType> ccl_dtype{};    ///< Of the terms of queries, keys and values on a
                                                ///< grid: bfp8_b; f32 if all weights are.
  std::optional<sim::MathFidelity> fidelity{};  ///< Of products and decode: HiFi2.
  std::optional<sim::MathFidelity> sdpa_prefill_fidelity{};  ///< HiFi4.

  std::optional<int> num_reduce_scatter_links{};  ///< A line: all usable ones; a grid: 1.
  std::optional<int> num_all_gather_links{};      ///< A line: all usable ones; a grid: 2.
  std::optional<ccl::Topology> topology{};        ///< See default_topology.
  /// Gather heads and multiply by columns of wo rather than reduce terms: on a ring of 8 chips
  /// where each has a multiple of 8 tiles of dim. A line alone.
  std::optional<bool> use_fused_all_gather_matmul{};

  std::optional<mesh::MemoryConfig> wqkv_memory{};           ///< A line: a part on each DRAM bank.
  std::optional<mesh::MemoryConfig> wo_memory{};             ///< The same.
  std::optional<mesh::MemoryConfig> decode_input_memory{};   ///< L1, over columns.
  std::optional<mesh::MemoryConfig> decode_qkv_memory{};     ///< As the input.
  std::optional<mesh::MemoryConfig> decode_heads_memory{};   ///< L1, a core for each user.
  std::optional<mesh::MemoryConfig> decode_output_memory{};  ///< Of wo's product: L1.
  std::optional<mesh::MemoryConfig> decode_residual_memory{};  ///< L1, on about 32 cores.
};
using Attention1DConfig = AttentionConfig;
using Attention2DConfig = AttentionConfig;

/// The config with every field set but those that say what is absent (biases, norms, window, pages,
/// cache).
/// Throws std::invalid_argument if the mesh is for the other class, heads, users or dim do not
/// divide over it, the weights do not fit or lie elsewhere, the cache is larger than a chip's
/// 131,072 tokens or another than stated, or a sliding window meets a paged cache, as in TTTv2.
[[nodiscard]] AttentionConfig resolved_1d(const AttentionConfig& config);
[[nodiscard]] AttentionConfig resolved_2d(const AttentionConfig& config);

/// Parts of a resolved config on one chip.
struct AttentionShare {
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t users;
};
[[nodiscard]] AttentionShare share_of(const AttentionConfig& config);

/// Spec of the keys, and of the values, that a resolved config needs.
[[nodiscard]] mesh::TensorSpec kv_cache_spec(const AttentionConfig& config);

}  // namespace ttmesh::modules
