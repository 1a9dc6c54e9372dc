#pragma once

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mode.hpp"
#include "modules/norm/norm_2d_config.hpp"
#include "modules/norm/norm_ops.hpp"

namespace ttmesh::modules {

/// What a norm of a sum gives.
struct ResidualNormed {
  mesh::Tensor normed;
  mesh::Tensor residual;  ///< Input plus residual: takes the place of the residual handed in.
};

/// A norm of rows on a mesh of R rows and C columns, both above 1: what RMSNorm2D and LayerNorm2D
/// share.
///
/// Weight:    [1, 1, dim / 32, 32], [Replicate, Shard(2)]; head-local on every chip.
/// Input:     distributed [1, 1, rows, dim / C], [Replicate, Shard(3)]; head-local [.., .., rows,
///            dim], however heads and users are placed. It stays allocated.
/// Output:    as the input. Chips exchange statistics alone, along rows; head-local nothing.
/// Residual:  of the input's shape and placement. It is added first and deallocated; the sum comes
///            with the output.
/// Source:    TTTv2's RMSNorm2D, for any such mesh.
class Norm2D {
 public:
  /// Throws std::invalid_argument if the input is not what is described above, or a fused decode
  /// lacks its residual.
  mesh::Tensor forward(const mesh::Tensor& x, Mode mode) const;
  mesh::Tensor decode_forward(const mesh::Tensor& x) const;
  mesh::Tensor prefill_forward(const mesh::Tensor& x) const;

  ResidualNormed forward(const mesh::Tensor& x, const mesh::Tensor& residual, Mode mode) const;
  ResidualNormed decode_forward(const mesh::Tensor& x, const mesh::Tensor& residual) const;
  ResidualNormed prefill_forward(const mesh::Tensor& x, const mesh::Tensor& residual) const;

  /// The input of a forward call made on the chips, with the layout that the mode needs.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Makes the weights on the chips, unless they are there.
  void load_device_weights() const;

  /// Every field is set but the bias where there is none.
  const Norm2DConfig& config() const { return config_; }

 protected:
  /// Names of the class in messages and in scopes: "RMSNorm2D", "rms_norm_2d".
  struct Names {
    const char* module;
    const char* scope;
  };
  Norm2D(const Names& names, const NormOps& ops, const Norm2DConfig& config);

 private:
  /// One mode's strategy: statistics of x, and of x plus a residual.
  struct Memory {
    mesh::MemoryConfig statistics;
    mesh::MemoryConfig output;
  };
  using Norm = mesh::Tensor (Norm2D::*)(const mesh::Tensor&, const Memory&) const;
  using AddingNorm = ResidualNormed (Norm2D::*)(const mesh::Tensor&, const mesh::Tensor&,
                                                const Memory&) const;

  void require(const mesh::Tensor& x, const char* call, const char* what) const;
  mesh::Tensor distributed(const mesh::Tensor& x, const Memory& memory) const;
  mesh::Tensor head_local(const mesh::Tensor& x, const Memory& memory) const;
  ResidualNormed added(const mesh::Tensor& x, const mesh::Tensor& residual,
                       const Memory& memory) const;
  ResidualNormed fused(const mesh::Tensor& x, const mesh::Tensor& residual,
                       const Memory& memory) const;
  mesh::Tensor scaled(const mesh::Tensor& x, const mesh::Tensor& statistics,
                      const Memory& memory) const;
  mesh::Distribution placed() const;

  Names names_;
  NormOps ops_;
  Norm2DConfig config_;
  Norm norm_;
  AddingNorm decode_adding_;
};

/// x / sqrt(mean(x^2) + eps) * weight for each row.
class RMSNorm2D : public Norm2D {
 public:
  /// All defaults; the device is that of the weight. Throws as `resolved` of the config does.
  explicit RMSNorm2D(const LazyWeight& weight) : RMSNorm2D(Norm2DConfig{.weight = weight}) {}
  [[nodiscard]] static RMSNorm2D from_config(const RMSNorm2DConfig& config) {
    return RMSNorm2D(config);
  }

 private:
  explicit RMSNorm2D(const RMSNorm2DConfig& config);
};

/// (x - mean(x)) / sqrt(var(x) + eps) * weight + bias for each row.
class LayerNorm2D : public Norm2D {
 public:
  /// All defaults; the device is that of the weights. Throws as `resolved` of the config does.
  LayerNorm2D(const LazyWeight& weight, const LazyWeight& bias)
      : LayerNorm2D(Norm2DConfig{.weight = weight, .bias = bias}) {}
  [[nodiscard]] static LayerNorm2D from_config(const LayerNorm2DConfig& config) {
    return LayerNorm2D(config);
  }

 private:
  explicit LayerNorm2D(const LayerNorm2DConfig& config);
};

}  // namespace ttmesh::modules
