#pragma once

#include <cstdint>
#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"
#include "ops/activation.hpp"
#include "sim/work.hpp"

namespace ttmesh::modules {

/// How MLP2D runs. Everything but the weights is optional; `resolved` fills in the defaults stated
/// here.
struct MLP2DConfig {
  LazyWeight w1;                   ///< Gate: [dim, hidden]; without one, up.
  LazyWeight w2;                   ///< Down: [hidden, dim].
  std::optional<LazyWeight> w3{};  ///< Up: [dim, hidden]; unset: the MLP has no gate.
  std::optional<LazyWeight> b1{};  ///< Biases of the products, [1, hidden] and [1, dim]: none.
  std::optional<LazyWeight> b2{};
  std::optional<LazyWeight> b3{};

  std::optional<mesh::MeshDevice> device{};  ///< That of the weights.
  std::optional<std::int64_t> dim{};         ///< From w1; may only repeat it.
  std::optional<std::int64_t> hidden_dim{};  ///< From w1, without padding; may only repeat it.
  std::optional<int> max_batch_size{};       ///< 32.

  std::optional<ops::Activation> activation{};       ///< SiLU.
  std::optional<mesh::DataType> activation_dtype{};  ///< Sets mul_dtype; f32 if all weights are,
                                                     ///< and then for ccl_dtype too.
  std::optional<mesh::DataType> ccl_dtype{};    ///< Of products, and so of what travels: bfp8_b.
  std::optional<mesh::DataType> mul_dtype{};    ///< Of the gated values: bfp8_b.
  std::optional<sim::MathFidelity> fidelity{};  ///< HiFi2.

  std::optional<int> num_reduce_scatter_links{};      ///< 1.
  std::optional<int> num_all_gather_links{};          ///< 2, or as many as the system has.
  std::optional<ccl::Topology> topology{};            ///< Along columns: see default_topology.
  std::optional<std::int64_t> prefill_len_cutoff{};   ///< 1024; 512 on Blackhole.
  std::optional<mesh::MemoryConfig> weight_memory{};  ///< DRAM, interleaved.
  std::optional<mesh::MemoryConfig> decode_input_memory{};      ///< L1, over columns.
  std::optional<mesh::MemoryConfig> decode_ff1_3_memory{};      ///< As the input.
  std::optional<mesh::MemoryConfig> decode_scattered_memory{};  ///< L1, interleaved.
  std::optional<mesh::MemoryConfig> decode_gathered_memory{};   ///< DRAM, interleaved.
  std::optional<mesh::MemoryConfig> decode_ff2_input_memory{};  ///< L1, interleaved.
  std::optional<mesh::MemoryConfig> decode_ff2_memory{};        ///< L1, interleaved.
  std::optional<mesh::MemoryConfig> decode_residual_memory{};   ///< L1, on about 32 cores.
};

/// The config with every field set.
/// Throws std::invalid_argument unless the mesh has several rows and several columns (MLP1D is for
/// the others), or if the weights do not fit each other or lie elsewhere, or dim is not whole tiles
/// on every chip of a row.
[[nodiscard]] MLP2DConfig resolved(const MLP2DConfig& config);

}  // namespace ttmesh::modules
