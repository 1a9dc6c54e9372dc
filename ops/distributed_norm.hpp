#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "ops/normalization.hpp"

namespace ttmesh::ops {

/// What the first halves of distributed norms share.
struct PreAllGatherOptions {
  mesh::DataType dtype = mesh::DataType::Bfloat16;  ///< Of the statistics.
  std::optional<mesh::MemoryConfig> memory{};       ///< Of the statistics; the input's if unset.
};

/// The first half of a distributed norm that adds a residual first.
struct ResidualPreAllGather {
  mesh::Tensor statistics;  ///< Of the sum.
  mesh::Tensor sum;  ///< Input plus residual, rounded; number format and memory of the residual.
};

/// What the second halves of distributed norms share.
struct PostAllGatherOptions {
  double epsilon = 1e-12;                      ///< Added to the mean square before the root.
  std::optional<mesh::Tensor> weight{};        ///< The chip's values, sharded as the input's rows.
  std::optional<mesh::Tensor> bias{};          ///< The same.
  std::optional<mesh::DataType> dtype{};       ///< That of the input if unset.
  std::optional<mesh::MemoryConfig> memory{};  ///< That of the input if unset.
};

/// Columns of a chip's statistics: a tile with the sum of squares in its first column and, about
/// the mean, one with the sum.
[[nodiscard]] std::int64_t statistics_columns(Centre centre);
constexpr std::int64_t kSumColumn = mesh::kTileExtent;

/// Definitions of the halves, and how they are issued.
[[nodiscard]] mesh::OpDefinition pre_all_gather_definition(const char* op, Centre centre);
[[nodiscard]] mesh::OpDefinition post_all_gather_definition(const char* op, Centre centre);
[[nodiscard]] std::vector<mesh::Tensor> enqueue_pre_all_gather(
    const char* op, const mesh::Tensor& input, const std::optional<mesh::Tensor>& residual,
    const PreAllGatherOptions& options);
[[nodiscard]] mesh::Tensor enqueue_post_all_gather(const char* op, const mesh::Tensor& input,
                                                   const mesh::Tensor& statistics,
                                                   const PostAllGatherOptions& options);

}  // namespace ttmesh::ops
