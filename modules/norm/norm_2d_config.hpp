#pragma once

#include <cstdint>
#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {

/// Which rows a 2D norm is for.
enum class NormGeometry : std::uint8_t {
  Distributed,  ///< Of the model's width, over the columns of the mesh.
  HeadLocal,    ///< Of a head's, whole on a chip.
};

/// How a decode call treats a residual that it is given.
enum class NormResidual : std::uint8_t {
  Added,  ///< By an op of its own.
  Fused,  ///< By the first half of the norm; a call without one is refused.
};

/// How RMSNorm2D and LayerNorm2D run. Everything but the weight is optional; `resolved` fills in
/// the defaults stated here.
struct Norm2DConfig {
  LazyWeight weight;                 ///< One value a column, in any shape.
  std::optional<LazyWeight> bias{};  ///< The same; none is added if unset.

  std::optional<mesh::MeshDevice> device{};  ///< That of the weight.
  std::optional<std::int64_t> dim{};         ///< From the weight; may only repeat it.
  std::optional<double> eps{};               ///< 1e-5.
  std::optional<bool> add_unit_offset{};     ///< Whether the weight is scaled by 1 + value: no.
  std::optional<int> max_batch_size{};       ///< 32.
  std::optional<NormGeometry> geometry{};    ///< HeadLocal for 128 values, else Distributed.
  std::optional<NormResidual> decode_residual{};  ///< Added.

  std::optional<mesh::MemoryConfig> decode_memory{};         ///< L1, over columns of 4 tiles.
  std::optional<mesh::MemoryConfig> decode_output_memory{};  ///< As decode_memory.
  std::optional<mesh::DataType> statistics_dtype{};          ///< bf16; f32 if the weight is.
  std::optional<int> num_all_gather_links{};                 ///< 1.
  std::optional<ccl::Topology> topology{};                   ///< Linear, along rows.
};

using RMSNorm2DConfig = Norm2DConfig;
using LayerNorm2DConfig = Norm2DConfig;

/// The config with every field set but the bias where there is none; `module` ("RMSNorm2D") begins
/// the messages.
/// Throws std::invalid_argument unless the mesh has several rows and several columns (the 1D class
/// is for the others), or if the weights do not fit or lie elsewhere, the chips of a row do not
/// have whole tiles each, or options contradict each other.
[[nodiscard]] Norm2DConfig resolved(const char* module, const Norm2DConfig& config);

}  // namespace ttmesh::modules
