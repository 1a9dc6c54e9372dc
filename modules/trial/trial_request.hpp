#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mesh/tensor/dtype.hpp"
#include "modules/mode.hpp"
#include "modules/model_dims.hpp"
#include "ops/activation.hpp"

namespace ttmesh::modules {

/// Deviation of random biases: as large as makes a missing one show in the correlation.
constexpr double kTrialBiasScale = 0.5;

/// What is asked of a module, whichever it is; a trial takes what concerns it.
struct TrialRequest {
  std::string module;  ///< "mlp", or "mlp_1d" and "mlp_2d" to force a class.
  ModelDims dims{};    ///< Sizes; those that are 0 are not stated.
  Mode mode = Mode::Decode;
  std::optional<int> batch{};  ///< Users: 32 in decode and 1 in prefill if unset.
  std::int64_t seq = 128;      ///< Tokens a user in prefill; decode has one.
  std::string weight_dtype{};  ///< A dtype, or "mixed" for an MLP; empty: the module's own.
  std::optional<mesh::DataType> activation_dtype{};  ///< The module's own choice if unset.
  std::optional<ops::Activation> activation{};       ///< Of an MLP; SiLU if unset.
  bool gate = true;                                  ///< Of an MLP: w2(act(w1 x) * w3 x).
  bool bias = false;                                 ///< Of an MLP's and attention's products.
  std::uint64_t seed = 0;
  std::optional<double> pcc{};  ///< Correlation to reach; the trial's own if unset.
  int threads = 0;              ///< For the reference; 0 takes one per processor.
  bool trace = false;           ///< Keep slices and arrows of the measured pass.

  /// Users of the pass.
  int users() const { return batch.value_or(mode == Mode::Decode ? 32 : 1); }
};

/// A dtype of weights that a user asked for, and how close to float32 it brings a module's output.
struct WeightPrecision {
  mesh::DataType dtype;
  double pcc;
};

/// Tokens that the pass works on: one a user in decode; in prefill all users' prompts, one after
/// another. Throws std::invalid_argument if batch or seq is not positive.
[[nodiscard]] std::int64_t token_rows(const TrialRequest& request);

/// `extent`, unless it is 0: then throws std::invalid_argument, naming the option that states it.
[[nodiscard]] std::int64_t required_extent(std::int64_t extent, const char* option);

/// The one dtype of a module's weights: the request's, or `preferred`. Throws std::invalid_argument
/// for "mixed", which names dtypes of an MLP, and for what is no floating-point dtype.
[[nodiscard]] WeightPrecision weight_precision(const TrialRequest& request,
                                               mesh::DataType preferred);

/// Dtype of inputs: the request's, else float32 with weights of float32, else bfloat16.
[[nodiscard]] mesh::DataType input_dtype(const TrialRequest& request, mesh::DataType weights);

}  // namespace ttmesh::modules
