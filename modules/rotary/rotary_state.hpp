#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "modules/rotary/rotary_config.hpp"
#include "ops/rotary_embedding_llama.hpp"

namespace ttmesh::modules {

/// Tables of all positions on every chip, which both rotary setups select from.
class RotaryState {
 public:
  /// Throws std::invalid_argument, beginning with `module`, if the config does not fit.
  RotaryState(const char* module, const RotaryConfig& config);

  /// Makes the tables on the chips, unless they are there.
  void load();
  const mesh::Tensor& cos() const { return *cos_; }
  const mesh::Tensor& sin() const { return *sin_; }
  const mesh::Tensor& transformation() const { return *transformation_; }

  /// Tables of positions `start` to `start + length - 1`: [1, 1, length, head_dim].
  /// Throws std::invalid_argument if the tables lack one.
  ops::RotaryEmbedding prefill(std::int64_t start, std::int64_t length);

  /// Throws std::invalid_argument unless there is a position of the tables, or -1, for each user.
  void require_positions(std::span<const std::int64_t> positions) const;

  const char* module() const { return module_; }
  const RotaryConfig& config() const { return config_; }

 private:
  const char* module_;
  RotaryConfig config_;
  std::optional<mesh::Tensor> cos_{};
  std::optional<mesh::Tensor> sin_{};
  std::optional<mesh::Tensor> transformation_{};
};

/// Indices of rows of the tables for each user; users at -1, who idle, take row 0. The users of
/// each of `parts` chips in turn, twice if queries and keys are turned at once.
[[nodiscard]] std::vector<std::int32_t> rotary_indices(const RotaryConfig& config,
                                                       std::span<const std::int64_t> positions,
                                                       int parts);

}  // namespace ttmesh::modules
