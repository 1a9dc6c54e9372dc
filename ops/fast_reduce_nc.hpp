#pragma once

#include <optional>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/program/attributes.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct FastReduceNcOptions {
  std::vector<int> dims;  ///< Dims to sum over, any but the last two; their extent becomes 1.
  std::optional<mesh::DataType> dtype{};       ///< That of the input if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Sums over leading dims, in float32, in order.
///
/// Shapes:    [n, c, h, w] -> [1, c, h, w] for dim 0.
/// Placement: Stacked{d} -> Replicate for d in `dims`: this pays a sum whose terms a gather
///            stacked; Shard{d} -> Partial; everything else stays.
/// Cost:      reads it once, writes the sum once; 8 cycles a tile and core.
/// Throws:    std::invalid_argument if a dim is one of the last two, or a stacked dim holds more
///            than the terms.
/// Source:    ttnn.experimental.fast_reduce_nc.
[[nodiscard]] mesh::Tensor fast_reduce_nc(const mesh::Tensor& input,
                                          const FastReduceNcOptions& options);

/// The call as a command has it, to be predicted rather than issued.
[[nodiscard]] mesh::Attributes to_attributes(const mesh::TensorSpec& input,
                                             const FastReduceNcOptions& options);

[[nodiscard]] mesh::OpDefinition fast_reduce_nc_definition();

}  // namespace ttmesh::ops
