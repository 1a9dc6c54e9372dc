#pragma once

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_1d_config.hpp"
#include "modules/mode.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"

namespace ttmesh::modules {

/// MLP, w2(activation(w1 x) * w3 x), or w2(activation(w1 x)) without a gate, biases added to each
/// product, on one chip or a line of N.
///
/// Weights:   w1, w3 Shard(-1) and w2 Shard(-2) over the line.
/// Input:     [1, 1, rows, dim] on every chip: Replicate. Decode: in `decode_input_memory`, at most
///            `max_batch_size` rows; prefill: DRAM interleaved. It is deallocated on the way.
/// Output:    [1, 1, rows, dim / N], Shard(3): the sum is reduced and scattered, not gathered. On
///            one chip [1, 1, rows, dim], without any collective.
/// Source:    TTTv2's MLP1D.
class MLP1D {
 public:
  /// All defaults; the device is that of the weights. Throws as `resolved` of the config does.
  MLP1D(const LazyWeight& w1, const LazyWeight& w2, const LazyWeight& w3);
  [[nodiscard]] static MLP1D from_config(const MLP1DConfig& config);

  /// Throws std::invalid_argument if the input is not what is described above.
  mesh::Tensor forward(const mesh::Tensor& x, Mode mode);
  mesh::Tensor decode_forward(const mesh::Tensor& x);
  mesh::Tensor prefill_forward(const mesh::Tensor& x);

  /// The same for an input that is still to be made.
  mesh::Tensor forward(const LazyWeight& x, Mode mode);

  /// The input of a forward call made on the chips, with the layout that the mode needs.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Makes the weights on the chips, unless they are there.
  void load_device_weights();

  /// Every field is set.
  const MLP1DConfig& config() const { return config_; }

 private:
  /// Options of a mode's ops, chosen once.
  struct Plan {
    ops::MatmulOptions gate_up;
    ops::ElementwiseOptions gating;
    ops::MatmulOptions down;
    mesh::MemoryConfig reduced;
  };
  using Reduce = mesh::Tensor (*)(const mesh::Tensor&, const MLP1DConfig&,
                                  const mesh::MemoryConfig&);
  using Activate = mesh::Tensor (*)(const mesh::Tensor&, const MLP1DConfig&, const Plan&);

  explicit MLP1D(const MLP1DConfig& config);
  static mesh::Tensor gated(const mesh::Tensor& x, const MLP1DConfig& config, const Plan& plan);
  static mesh::Tensor ungated(const mesh::Tensor& x, const MLP1DConfig& config, const Plan& plan);
  Plan decode_plan() const;
  Plan prefill_plan() const;

  MLP1DConfig config_;
  Plan decode_;
  Plan prefill_;
  Activate activate_;  ///< What w2 multiplies; frees its input.
  Reduce reduce_;
};

}  // namespace ttmesh::modules
