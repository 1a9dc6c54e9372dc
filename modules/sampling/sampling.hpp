#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "modules/lazy_buffer.hpp"
#include "modules/sampling/sampling_config.hpp"

namespace ttmesh::modules {

/// The next token of each user from logits: what Sampling1D and Sampling2D share.
///
/// Input:     [1, 1, users, padded vocab / n] per chip, the vocabulary over the n chips of a line,
///            Shard(3), or over the n rows of a grid, [Shard(3), Replicate], or [Shard(3),
///            Shard(2)] where users lie over the columns. It stays allocated.
/// Output:    token ids [1, 1, 1, users] of uint32: on every chip, or over the columns as users.
/// Chips find their best candidates, and exchange those alone. Ties go to the lowest id; greedy
/// sampling equals argmax. Logits are compared in their own number format, block floats as bf16.
/// Source:    TTTv2's Sampling1D and Sampling2D.
class Sampling {
 public:
  /// Draws with each user's parameters. Calls differ in their random numbers.
  /// Throws std::invalid_argument if the input is not what is described above.
  mesh::Tensor forward(const mesh::Tensor& logits);

  /// The same for logits of some users, one row each, with their parameters: after a prefill.
  /// Throws std::invalid_argument as well if a user is not one of `max_batch_size`.
  mesh::Tensor forward(const mesh::Tensor& logits, std::span<const int> users);

  /// Argmax of whole logits, which are gathered.
  /// Throws std::invalid_argument unless `allow_force_argmax` is set.
  mesh::Tensor force_argmax(const mesh::Tensor& logits) const;

  /// Other parameters, for each user or for all; random numbers begin anew.
  /// Throws std::invalid_argument if they are out of range.
  void set_params(const std::vector<SamplingParams>& params);

  /// Makes what the chips need, unless it is there.
  void load_device_buffers() const;

  /// Logits on the chips as a forward call takes them, from [1, 1, users, padded vocab].
  mesh::Tensor input(const mesh::HostTensor& logits, mesh::DataType dtype) const;

  /// Every field is set.
  const SamplingConfig& config() const { return config_; }

 protected:
  /// What the classes differ in.
  struct Variant {
    const char* module;               ///< In messages: "Sampling1D".
    const char* scope;                ///< In scopes: "sampling_1d".
    std::optional<int> cluster_axis;  ///< Along which the vocabulary lies; none: the line.
  };
  Sampling(const Variant& variant, SamplingConfig config);

 private:
  /// Buffers of one value a user.
  struct UserBuffers {
    LazyBuffer k;
    LazyBuffer p;
    LazyBuffer temperature;
    LazyBuffer seed;
  };
  using Gather = mesh::Tensor (Sampling::*)(const mesh::Tensor&) const;
  using Mask = mesh::Tensor (Sampling::*)(const mesh::Tensor&) const;

  void require(const mesh::Tensor& logits, const char* call, std::size_t users) const;
  mesh::Tensor drawn(const mesh::Tensor& logits, const UserBuffers& users);
  int parts() const;
  int candidates() const;
  mesh::Distribution placed() const;
  UserBuffers user_buffers(const std::vector<SamplingParams>& params) const;
  LazyBuffer offsets() const;
  LazyBuffer padding() const;
  mesh::Tensor gather(const mesh::Tensor& tensor) const;
  mesh::Tensor keep(const mesh::Tensor& tensor) const;
  mesh::Tensor mask_padding(const mesh::Tensor& logits) const;

  Variant variant_;
  SamplingConfig config_;
  UserBuffers users_;
  LazyBuffer offsets_;
  LazyBuffer padding_;
  Gather gather_;
  Mask mask_;
  std::int64_t draw_ = 0;
};

/// On one chip or a line.
class Sampling1D : public Sampling {
 public:
  /// All defaults: greedy.
  Sampling1D(const mesh::MeshDevice& device, std::int64_t vocab)
      : Sampling1D(SamplingConfig{.device = device, .vocab = vocab}) {}
  [[nodiscard]] static Sampling1D from_config(const Sampling1DConfig& config) {
    return Sampling1D(config);
  }

 private:
  explicit Sampling1D(const Sampling1DConfig& config);
};

/// On a mesh of several rows and several columns.
class Sampling2D : public Sampling {
 public:
  /// All defaults: greedy.
  Sampling2D(const mesh::MeshDevice& device, std::int64_t vocab)
      : Sampling2D(SamplingConfig{.device = device, .vocab = vocab}) {}
  [[nodiscard]] static Sampling2D from_config(const Sampling2DConfig& config) {
    return Sampling2D(config);
  }

 private:
  explicit Sampling2D(const Sampling2DConfig& config);
};

}  // namespace ttmesh::modules
