#pragma once

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_2d_config.hpp"
#include "modules/mode.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"

namespace ttmesh::modules {

/// MLP, w2(activation(w1 x) * w3 x), or w2(activation(w1 x)) without a gate, biases added to each
/// product, on a mesh of R rows and C columns, both above 1: hidden
/// over the rows, model dim over the columns.
///
/// Weights:   w1, w3 [Shard(-1), Shard(-2)] and w2 [Shard(-2), Shard(-1)], by mesh axis.
/// Input:     [1, 1, rows, dim / C], [Replicate, Shard(3)]. Decode: in `decode_input_memory`, at
///            most `max_batch_size` rows; prefill: DRAM interleaved. It is deallocated on the way.
/// Output:    as the input.
/// Source:    TTTv2's MLP2D, for any such mesh.
class MLP2D {
 public:
  /// All defaults; the device is that of the weights. Throws as `resolved` of the config does.
  MLP2D(const LazyWeight& w1, const LazyWeight& w2, const LazyWeight& w3);
  [[nodiscard]] static MLP2D from_config(const MLP2DConfig& config);

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
  const MLP2DConfig& config() const { return config_; }

 private:
  /// Options of a mode's ops, chosen once.
  struct Plan {
    ops::MatmulOptions gate_up;
    mesh::MemoryConfig scattered;
    ops::ElementwiseOptions gating;
    mesh::MemoryConfig gathered;
    ops::MatmulOptions down;
  };
  using Reduce = mesh::Tensor (*)(const mesh::Tensor&, const MLP2DConfig&);
  using Activate = mesh::Tensor (MLP2D::*)(const mesh::Tensor&, const Plan&) const;

  explicit MLP2D(const MLP2DConfig& config);
  Plan decode_plan() const;
  Plan prefill_plan() const;
  mesh::Tensor gated(const mesh::Tensor& x, const Plan& plan) const;
  mesh::Tensor ungated(const mesh::Tensor& x, const Plan& plan) const;
  mesh::Distribution placed() const;
  mesh::Tensor scatter(const mesh::Tensor& terms, const mesh::MemoryConfig& memory) const;
  mesh::Tensor gather(const mesh::Tensor& slices, const mesh::MemoryConfig& memory) const;

  MLP2DConfig config_;
  Plan decode_;
  Plan prefill_;
  Activate activate_;  ///< Slices of what w2 multiplies; frees its input.
  Reduce reduce_;
};

}  // namespace ttmesh::modules
