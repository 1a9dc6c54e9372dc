#pragma once

#include "mesh/device/tensor.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "modules/mode.hpp"
#include "modules/norm/norm_1d.hpp"
#include "modules/norm/norm_2d.hpp"

namespace ttmesh::modules {

/// Where a norm of a decoder finds its rows in decode, and where the module behind it wants them.
struct DecoderNormMemory {
  mesh::MemoryConfig residual;
  mesh::MemoryConfig output;
};

/// The norm before a module of a decoder on one chip or a line of N: RMSNorm1D, and the gather that
/// makes whole rows of residuals of which each chip has dim / N columns. A decode gathers, then
/// norms on each chip; a prefill norms what each chip has, and gathers the result.
/// Source: TTTv2's decoder around MLP1D and Attention1D.
class DecoderNorm1D {
 public:
  /// The config states its device; its memory is taken from `memory`.
  DecoderNorm1D(RMSNorm1DConfig config, const DecoderNormMemory& memory);

  mesh::Tensor forward(const mesh::Tensor& x, Mode mode) const;
  void load_device_weights() const { norm_.load_device_weights(); }
  const RMSNorm1DConfig& config() const { return norm_.config(); }

 private:
  mesh::Tensor whole_rows(const mesh::Tensor& x, const mesh::MemoryConfig& memory) const;

  RMSNorm1D norm_;
};

/// The same on a grid, where modules take columns as residuals have them: RMSNorm2D alone.
/// Source: TTTv2's decoder around MLP2D and Attention2D.
class DecoderNorm2D {
 public:
  /// The same; rows lie over the columns of the mesh whatever their width.
  DecoderNorm2D(RMSNorm2DConfig config, const DecoderNormMemory& memory);

  mesh::Tensor forward(const mesh::Tensor& x, Mode mode) const { return norm_.forward(x, mode); }
  void load_device_weights() const { norm_.load_device_weights(); }
  const RMSNorm2DConfig& config() const { return norm_.config(); }

 private:
  RMSNorm2D norm_;
};

}  // namespace ttmesh::modules
