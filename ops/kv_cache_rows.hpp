#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// A KV cache's values on one chip while rows of them are replaced.
class CacheRows {
 public:
  /// `spec` outlives this.
  CacheRows(mesh::Shard own, const mesh::TensorSpec& spec);

  /// Replaces the row of one user (or block), head and position, rounded to the cache's dtype.
  void write(std::int64_t first, std::int64_t head, std::int64_t position,
             std::span<const float> row);
  mesh::Shard finish();

 private:
  const mesh::TensorSpec& spec_;
  mesh::HeldType type_;
  std::shared_ptr<mesh::Buffer> buffer_;
};

}  // namespace ttmesh::ops
