#pragma once

#include "mesh/device/tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/lm_head/lm_head_config.hpp"
#include "modules/mode.hpp"

namespace ttmesh::modules {

/// Logits of the vocabulary, x * weight: what LMHead1D and LMHead2D share.
///
/// Weight:    columns of the vocabulary over a line of N chips, Shard(-1), or over the R rows of a
///            grid with C columns, [Shard(-1), Shard(-2)]; padded to whole tiles on each chip, and
///            cut into products of at most `max_columns_per_device`.
/// Input:     on a line [1, 1, rows, dim] on every chip; on a grid [1, 1, rows, dim / C],
///            [Replicate, Shard(3)]. It stays allocated.
/// Output:    [1, 1, rows, padded vocab / N or R]: Shard(3) on a line, where there is no
///            collective, and [Shard(3), Replicate] on a grid, after an all_reduce along rows. The
///            columns of padding are -inf.
/// Source:    TTTv2's LMHead1D and LMHead2D.
class LMHead {
 public:
  /// Throws std::invalid_argument if the input is not what is described above.
  mesh::Tensor forward(const mesh::Tensor& x, Mode mode) const;
  mesh::Tensor decode_forward(const mesh::Tensor& x) const;
  mesh::Tensor prefill_forward(const mesh::Tensor& x) const;

  /// The same for an input that is still to be made.
  mesh::Tensor forward(const LazyWeight& x, Mode mode) const;

  /// The input of a forward call made on the chips.
  mesh::Tensor input(const LazyWeight& x, Mode mode) const;

  /// Makes the weights on the chips, unless they are there.
  void load_device_weights() const;

  /// Every field is set.
  const LMHeadConfig& config() const { return config_; }

 protected:
  /// Makes whole sums of a product.
  using Reduce = mesh::Tensor (*)(const mesh::Tensor&, const LMHeadConfig&);

  /// What the classes differ in.
  struct Variant {
    const char* module;  ///< In messages: "LMHead1D".
    const char* scope;   ///< In scopes: "lm_head_1d".
    Reduce reduce;
    bool cuts_dim;  ///< The model's width lies over the columns of the mesh.
  };
  LMHead(const Variant& variant, LMHeadConfig config);

 private:
  using Mask = mesh::Tensor (*)(const mesh::Tensor&, const LMHeadConfig&);

  void require(const mesh::Tensor& x, const char* call) const;
  mesh::Distribution placed() const;
  mesh::Tensor logits(const mesh::Tensor& x, const mesh::MemoryConfig& memory) const;

  Variant variant_;
  LMHeadConfig config_;
  Mask mask_;
};

/// On one chip or a line.
class LMHead1D : public LMHead {
 public:
  /// All defaults; the device is that of the weight.
  explicit LMHead1D(const LazyWeight& weight) : LMHead1D(LMHeadConfig{.weight = weight}) {}
  [[nodiscard]] static LMHead1D from_config(const LMHead1DConfig& config) {
    return LMHead1D(config);
  }

 private:
  explicit LMHead1D(const LMHead1DConfig& config);
};

/// On a mesh of several rows and several columns.
class LMHead2D : public LMHead {
 public:
  /// All defaults; the device is that of the weight.
  explicit LMHead2D(const LazyWeight& weight) : LMHead2D(LMHeadConfig{.weight = weight}) {}
  [[nodiscard]] static LMHead2D from_config(const LMHead2DConfig& config) {
    return LMHead2D(config);
  }

 private:
  explicit LMHead2D(const LMHead2DConfig& config);
};

}  // namespace ttmesh::modules
