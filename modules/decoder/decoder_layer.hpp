#pragma once

#include <string>

#include "mesh/device/tensor.hpp"
#include "mesh/tensor/placement.hpp"
#include "modules/attention/attention_1d.hpp"
#include "modules/attention/attention_2d.hpp"
#include "modules/attention/attention_inputs.hpp"
#include "modules/config_defaults.hpp"
#include "modules/decoder/decoder_layer_config.hpp"
#include "modules/decoder/decoder_norm.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/mode.hpp"

namespace ttmesh::modules {

/// What a decoder layer on one chip or a line is made of.
struct LineDecoder {
  using Config = DecoderLayer1DConfig;
  using Attention = Attention1D;
  using Mlp = MLP1D;
  using Norm = DecoderNorm1D;
  static constexpr const char* kModule = "DecoderLayer1D";
  static constexpr const char* kName = "decoder_layer_1d";
  static constexpr auto require_mesh = require_line;
  /// Where the columns of a residual lie.
  static mesh::Distribution residual(mesh::MeshShape mesh);
};

/// The same on a grid.
struct GridDecoder {
  using Config = DecoderLayer2DConfig;
  using Attention = Attention2D;
  using Mlp = MLP2D;
  using Norm = DecoderNorm2D;
  static constexpr const char* kModule = "DecoderLayer2D";
  static constexpr const char* kName = "decoder_layer_2d";
  static constexpr auto require_mesh = require_grid;
  static mesh::Distribution residual(mesh::MeshShape mesh);
};

/// A pre-norm layer: h = x + attention(attention_norm(x)), then h + mlp(mlp_norm(h)).
///
/// Input:     [1, 1, rows, dim] over the chips: Shard(3), on a grid [Replicate, Shard(3)]; rows as
///            attention takes them. It stays allocated as long as the caller keeps it.
/// Output:    as the input; a decode's in attention's `decode_residual_memory`.
/// Source:    TTTv2's decoder around its attention and MLP.
template <typename Parts>
class DecoderLayer {
 public:
  using Config = typename Parts::Config;

  /// Throws as the configs of the modules do, and if the mesh is for the other class.
  [[nodiscard]] static DecoderLayer from_config(const Config& config);

  /// Throw std::invalid_argument if an input is not what is described above. The layer's name is
  /// that of their scope.
  mesh::Tensor decode_forward(mesh::Tensor x, const AttentionDecodeInputs& inputs);
  mesh::Tensor prefill_forward(mesh::Tensor x, const AttentionPrefillInputs& inputs);

  /// The input of a forward call made on the chips, with the layout that the mode needs.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Makes weights and cache on the chips, unless they are there.
  void load_device_weights();

  const typename Parts::Attention& attention() const { return attention_; }
  /// Every field is set that the modules' own configs set.
  Config config() const;

 private:
  explicit DecoderLayer(const Config& config);

  void require(const mesh::Tensor& x, const char* call) const;
  mesh::Tensor sum(const mesh::Tensor& residual, const mesh::Tensor& term) const;

  typename Parts::Attention attention_;
  typename Parts::Mlp mlp_;
  typename Parts::Norm attention_norm_;
  typename Parts::Norm mlp_norm_;
  mesh::DataType residual_dtype_;
  std::string name_;
};

using DecoderLayer1D = DecoderLayer<LineDecoder>;
using DecoderLayer2D = DecoderLayer<GridDecoder>;

extern template class DecoderLayer<LineDecoder>;
extern template class DecoderLayer<GridDecoder>;

}  // namespace ttmesh::modules
