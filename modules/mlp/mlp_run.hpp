#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/program/command.hpp"
#include "mesh/program/report.hpp"
#include "mesh/tensor/dtype.hpp"
#include "mesh/topology/mesh_shape.hpp"
#include "modules/accuracy.hpp"
#include "modules/mlp/mlp_precision.hpp"
#include "modules/mode.hpp"
#include "modules/progress.hpp"
#include "ops/activation.hpp"
#include "sim/time.hpp"

namespace ttmesh::modules {

/// Which class runs an MLP.
enum class MlpClass : std::uint8_t {
  ByMesh,  ///< MLP1D on a mesh of one row or one column, MLP2D on any other.
  OneD,
  TwoD,
};

/// One measured pass of an MLP with random weights and inputs.
struct MlpRunRequest {
  MlpClass mlp_class = MlpClass::ByMesh;
  std::int64_t dim = 0;         ///< Width of the model.
  std::int64_t hidden_dim = 0;  ///< Width between gate and down.
  Mode mode = Mode::Decode;
  std::optional<int> batch{};  ///< Users: 32 in decode and 1 in prefill if unset.
  std::int64_t seq = 128;      ///< Tokens a user in prefill; decode has one.
  MlpPrecision precision = parse_mlp_precision("bfp8_b");
  std::optional<mesh::DataType> activation_dtype{};  ///< The module's own choice if unset.
  ops::Activation activation = ops::Activation::Silu;
  std::uint64_t seed = 0;
  std::optional<double> pcc{};  ///< Correlation to reach; that of the precision if unset.
  int threads = 0;              ///< For the reference; 0 takes one per processor.
  bool trace = false;           ///< Keep slices and arrows of the measured pass.
};

struct MlpRunResult {
  std::string module;                ///< "mlp_1d" or "mlp_2d".
  std::optional<Accuracy> accuracy;  ///< None in timing-only mode.
  double required_pcc = 0;
  bool passed = false;     ///< The correlation is reached; true in timing-only mode.
  sim::Time virtual_time;  ///< From the module's first dispatch to its last chip's end.
  std::chrono::nanoseconds wall_time{};   ///< Of the same pass.
  mesh::Report report;                    ///< Of the same pass.
  std::vector<mesh::CommandPtr> program;  ///< Its commands.
};

/// Makes weights N(0, 1) / sqrt(fan_in) and inputs N(0, 1) from the seed, runs the module once to
/// warm up, then measures a second pass and compares its output with the float32 reference.
///
/// Prefill takes the users' prompts one after another. Progress stages: "weights", "warm-up",
/// "measure", "reference".
/// Throws std::invalid_argument if the request does not fit the mesh, the class or the emulated
/// memory's rules, and mesh::Error if the world fails.
[[nodiscard]] MlpRunResult run_mlp(const mesh::MeshDevice& device, const MlpRunRequest& request,
                                   const ProgressCallback& progress = {});

/// Name of the class that `mlp_class` means on a mesh of `shape`: "mlp_1d" or "mlp_2d". Throws
/// std::invalid_argument if the class is for other meshes, naming the right one.
[[nodiscard]] std::string mlp_module_name(MlpClass mlp_class, mesh::MeshShape shape);

}  // namespace ttmesh::modules
