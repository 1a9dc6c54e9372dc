#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

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

/// Where users' positions are: in the cache's rows themselves, or in blocks by a page table.
class Pages {
 public:
  /// `cache` outlives this.
  explicit Pages(const mesh::TensorSpec& cache) : cache_(cache) {}
  Pages(const mesh::TensorSpec& cache, const mesh::Block& table);

  struct Place {
    std::int64_t first;  ///< User or block.
    std::int64_t position;
  };
  /// Throws std::invalid_argument if the position is beyond the cache, or the table names no block.
  Place of(std::int64_t user, std::int64_t position) const;

 private:
  const mesh::TensorSpec& cache_;
  std::vector<std::int64_t> table_;
  std::int64_t per_user_ = 0;
};

}  // namespace ttmesh::ops
