#pragma once

#include <optional>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

struct EmbeddingOptions {
  mesh::Layout layout = mesh::Layout::Tile;    ///< Of the output.
  std::optional<mesh::DataType> dtype{};       ///< That of the weight if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the weight if unset.
};

/// Rows of a table by index: out[b, s] = weight[indices[b, s]].
///
/// Shapes:    indices [b, s], or [b, 1, .., s], of uint32 or int32, and [.., vocab, d], leading
///            dims of 1, -> [b, s, d].
/// Placement: along each axis one of the two is Replicate: Shard(last) of the table -> Shard(2); a
///            dim of the indices sharded -> the same. The rows of the table are whole on each chip.
/// Cost:      reads the indices and the rows that they name, writes the result.
/// Throws:    std::invalid_argument if dtypes, shapes or placements do not fit. An index that the
///            table lacks fails the chip: mesh::Error when the values are read.
/// Source:    ttnn.embedding.
[[nodiscard]] mesh::Tensor embedding(const mesh::Tensor& indices, const mesh::Tensor& weight,
                                     const EmbeddingOptions& options = {});

[[nodiscard]] mesh::OpDefinition embedding_definition();

}  // namespace ttmesh::ops
