#pragma once

#include <cstdint>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ops {

/// How each user's token is drawn: tensors of one value a user, row-major.
struct SamplingParameters {
  mesh::Tensor k;            ///< Best candidates to keep, of uint32; 1 is greedy.
  mesh::Tensor p;            ///< Share of probability to keep, of f32; 1 keeps all.
  mesh::Tensor temperature;  ///< Reciprocal: what values are multiplied by, of f32.
  mesh::Tensor seed;         ///< Of uint32.
  std::int64_t draw = 0;     ///< Tells one call's numbers from another's with the same seeds.
};

/// One of each user's candidates, at random: of the k best (ties by lowest index) the fewest whose
/// probabilities reach p, by softmax of value * temperature.
///
/// Shapes:    values and indices [1, 1, users, n], parameters [users] -> [1, 1, 1, users] of
///            uint32.
/// Placement: users (dim 2) of both and of the parameters (dim 0) alike, Replicate or Shard;
///            candidates whole on each chip.
/// Cost:      reads both, writes the tokens; 32 cycles a tile and comparing pass over the
///            candidates, as topk.
/// Throws:    std::invalid_argument if shapes, dtypes or placements do not fit. A k of 0, a p
///            outside (0, 1] other than 0 for greedy, or a temperature that is not positive fails
///            the chip.
/// Source:    ttnn.sampling. The random numbers are this project's own: Philox4x32-10, keyed by
///            seed and counted by user and draw.
[[nodiscard]] mesh::Tensor sampling(const mesh::Tensor& values, const mesh::Tensor& indices,
                                    const SamplingParameters& parameters);

[[nodiscard]] mesh::OpDefinition sampling_definition();

}  // namespace ttmesh::ops
