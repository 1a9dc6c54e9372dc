#pragma once

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mode.hpp"
#include "modules/norm/norm_1d_config.hpp"
#include "modules/norm/norm_ops.hpp"

namespace ttmesh::modules {

/// A norm of rows on one chip or a line of N: what RMSNorm1D and LayerNorm1D share.
///
/// Weight:    [1, 1, dim / 32, 32] on every chip; a second copy, Shard(2), for distributed prefill.
/// Input:     [.., .., rows, dim]. Decode and local prefill: on every chip whole rows. Distributed
///            prefill: [.., .., rows, dim / N], Shard(3). It stays allocated.
/// Output:    as the input, which distributed prefill normalises by gathering statistics alone.
///            Decode: in `decode_memory`, or interleaved in L1 unless `decode_out_sharded`.
/// Source:    TTTv2's RMSNorm1D.
class Norm1D {
 public:
  /// Throws std::invalid_argument if the input is not what is described above.
  mesh::Tensor forward(const mesh::Tensor& x, Mode mode) const;
  mesh::Tensor decode_forward(const mesh::Tensor& x) const;
  mesh::Tensor prefill_forward(const mesh::Tensor& x) const;

  /// The same for an input that is still to be made.
  mesh::Tensor forward(const LazyWeight& x, Mode mode) const;

  /// The input of a forward call made on the chips, with the layout that the mode needs.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Makes the weights on the chips, unless they are there.
  void load_device_weights() const;

  /// Every field is set but the bias where there is none, and what only distributed prefill needs.
  const Norm1DConfig& config() const { return config_; }

 protected:
  /// Names of the class in messages and in scopes: "RMSNorm1D", "rms_norm_1d".
  struct Names {
    const char* module;
    const char* scope;
  };
  Norm1D(const Names& names, const NormOps& ops, const Norm1DConfig& config);

 private:
  using Strategy = mesh::Tensor (Norm1D::*)(const mesh::Tensor&) const;

  mesh::Tensor decode_sharded(const mesh::Tensor& x) const;
  mesh::Tensor decode_interleaved(const mesh::Tensor& x) const;
  mesh::Tensor prefill_local(const mesh::Tensor& x) const;
  mesh::Tensor prefill_distributed(const mesh::Tensor& x) const;
  mesh::Distribution prefill_distribution() const;

  Names names_;
  NormOps ops_;
  Norm1DConfig config_;
  Strategy decode_;
  Strategy prefill_;
};

/// x / sqrt(mean(x^2) + eps) * weight for each row.
class RMSNorm1D : public Norm1D {
 public:
  /// All defaults; the device is that of the weight. Throws as `resolved` of the config does.
  explicit RMSNorm1D(const LazyWeight& weight) : RMSNorm1D(Norm1DConfig{.weight = weight}) {}
  [[nodiscard]] static RMSNorm1D from_config(const RMSNorm1DConfig& config) {
    return RMSNorm1D(config);
  }

 private:
  explicit RMSNorm1D(const RMSNorm1DConfig& config);
};

/// (x - mean(x)) / sqrt(var(x) + eps) * weight + bias for each row.
class LayerNorm1D : public Norm1D {
 public:
  /// All defaults; the device is that of the weights. Throws as `resolved` of the config does.
  LayerNorm1D(const LazyWeight& weight, const LazyWeight& bias)
      : LayerNorm1D(Norm1DConfig{.weight = weight, .bias = bias}) {}
  [[nodiscard]] static LayerNorm1D from_config(const LayerNorm1DConfig& config) {
    return LayerNorm1D(config);
  }

 private:
  explicit LayerNorm1D(const LayerNorm1DConfig& config);
};

}  // namespace ttmesh::modules
