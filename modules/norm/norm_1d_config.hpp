#pragma once

#include <cstdint>
#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// How RMSNorm1D and LayerNorm1D run. Everything but the weight is optional; `resolved` fills in
/// the defaults stated here.
struct Norm1DConfig {
  LazyWeight weight;                 ///< One value a column, in any shape.
  std::optional<LazyWeight> bias{};  ///< The same; none is added if unset.

  std::optional<mesh::MeshDevice> device{};  ///< That of the weight.
  std::optional<std::int64_t> dim{};         ///< From the weight; may only repeat it.
  std::optional<double> eps{};               ///< 1e-5.
  std::optional<bool> add_unit_offset{};     ///< Whether the weight is scaled by 1 + value: no.
  std::optional<int> max_batch_size{};       ///< 32.

  std::optional<bool> decode_in_sharded{};            ///< Yes; otherwise the input as it lies.
  std::optional<bool> decode_out_sharded{};           ///< As decode_in_sharded.
  std::optional<mesh::MemoryConfig> decode_memory{};  ///< L1, over columns on about 32 cores.
  std::optional<bool> prefill_distributed{};          ///< Where each chip has whole tiles of a row.
  std::optional<mesh::DataType> statistics_dtype{};   ///< bf16; f32 if the weight is.
  std::optional<int> num_all_gather_links{};          ///< 1.
  std::optional<ccl::Topology> topology{};            ///< Ring where the line is closed.
  std::optional<LazyWeight> distributed_weight{};     ///< Made from the weight.
  std::optional<LazyWeight> distributed_bias{};       ///< Made from the bias.
};

using RMSNorm1DConfig = Norm1DConfig;
using LayerNorm1DConfig = Norm1DConfig;

/// The config with every field set but what it does without; `module` ("RMSNorm1D") begins the
/// messages.
/// Throws std::invalid_argument if the mesh has several rows and columns (the 2D class is for
/// those), the weights do not fit or lie elsewhere, or options contradict each other.
[[nodiscard]] Norm1DConfig resolved(const char* module, const Norm1DConfig& config);

}  // namespace ttmesh::modules
