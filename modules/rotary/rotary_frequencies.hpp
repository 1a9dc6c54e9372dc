#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/tensor/host_tensor.hpp"

namespace ttmesh::modules {

/// How a model stretches the positions that it was trained on.
struct RotaryScaling {
  enum class Kind : std::uint8_t {
    Linear,  ///< All frequencies are divided by `factor`.
    Llama3,  ///< Low ones are, high ones are not, and those between in part.
  };

  Kind kind = Kind::Llama3;
  double factor = 8;
  double low_freq_factor = 1;  ///< Llama3 alone, as the next two.
  double high_freq_factor = 4;
  std::int64_t original_max_position = 8192;  ///< Positions that the model was trained on.
};

/// The angles that positions turn the pairs of a head by.
struct RotaryAngles {
  std::int64_t head_dim;
  double theta = 10000;
  std::optional<RotaryScaling> scaling{};
};

/// Angle of each of the head_dim / 2 pairs for one position. Throws std::invalid_argument unless
/// head_dim is even and positive, and theta and the scaling's factors are positive, the high one
/// above the low.
/// Source: Llama 3.1's rope scaling; "linear" of transformers' rope_scaling.
[[nodiscard]] std::vector<double> rotary_frequencies(const RotaryAngles& angles);

/// Cosines and sines of positions 0 to `positions` - 1: [1, 1, positions, head_dim] each, a pair's
/// value in both of its neighbouring columns (2i and 2i + 1), as Llama's interleaved pairs need.
struct RotaryTables {
  mesh::HostTensor cos;
  mesh::HostTensor sin;
};
[[nodiscard]] RotaryTables rotary_tables(const RotaryAngles& angles, std::int64_t positions);

/// The matrix [1, 1, 32, 32] that exchanges neighbours: x * t turns pairs (a, b) into (-b, a).
[[nodiscard]] mesh::HostTensor rotary_transformation();

/// Columns of heads that are turned in halves (i with i + head_dim / 2), as published checkpoints
/// of transformers have them, in the order of interleaved pairs (2i with 2i + 1): for the weights
/// and biases of queries and keys and for the weights of their norms, along the last dim. Attention
/// is the same for heads in either order, if queries and keys have one.
/// Throws std::invalid_argument if the last dim is not whole heads or holds integers.
[[nodiscard]] mesh::HostTensor interleaved_heads(const mesh::HostTensor& halves,
                                                 std::int64_t head_dim);

}  // namespace ttmesh::modules
