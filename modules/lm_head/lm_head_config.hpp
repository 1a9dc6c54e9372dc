#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_buffer.hpp"
#include "modules/lazy_weight.hpp"
#include "sim/work.hpp"

namespace ttmesh::modules {

/// How LMHead1D and LMHead2D run. Everything but the weight is optional; `resolved_1d` and
/// `resolved_2d` fill in the defaults stated here.
struct LMHeadConfig {
  LazyWeight weight;  ///< [dim, vocab].

  std::optional<mesh::MeshDevice> device{};              ///< That of the weight.
  std::optional<std::int64_t> dim{};                     ///< From the weight; may only repeat it.
  std::optional<std::int64_t> vocab{};                   ///< From the weight; may only repeat it.
  std::optional<int> max_batch_size{};                   ///< 32.
  std::optional<std::int64_t> max_columns_per_device{};  ///< Of one product: 42752.

  std::optional<mesh::DataType> output_dtype{};        ///< Of logits: bf16; f32 if the weight is.
  std::optional<sim::MathFidelity> fidelity{};         ///< HiFi2.
  std::optional<int> num_all_reduce_links{};           ///< On a grid: 1.
  std::optional<ccl::Topology> topology{};             ///< On a grid, along rows: Linear.
  std::optional<mesh::MemoryConfig> weight_memory{};   ///< DRAM: on a line a part on each bank, on
                                                       ///< a grid interleaved.
  std::optional<mesh::MemoryConfig> decode_memory{};   ///< Of logits: L1, interleaved.
  std::optional<mesh::MemoryConfig> prefill_memory{};  ///< DRAM, interleaved.

  /// What follows from the above: the columns with padding, the weight in parts of whole tiles for
  /// one product each, and -inf for the columns of padding, if there are any.
  std::int64_t padded_vocab = 0;
  std::vector<LazyWeight> splits{};
  std::optional<LazyBuffer> mask{};
};

using LMHead1DConfig = LMHeadConfig;
using LMHead2DConfig = LMHeadConfig;

/// The config with every field set, for a line and for a grid.
/// Throws std::invalid_argument if the mesh is for the other class, the weight is no matrix or
/// states where it lies, the chips of a row of a grid do not have whole tiles of dim each, or
/// logits with padding would be block floats, which have no -inf.
[[nodiscard]] LMHeadConfig resolved_1d(const LMHeadConfig& config);
[[nodiscard]] LMHeadConfig resolved_2d(const LMHeadConfig& config);

}  // namespace ttmesh::modules
