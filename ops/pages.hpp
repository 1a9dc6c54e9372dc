#pragma once

#include <cstdint>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

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
  /// Positions of a user.
  std::int64_t positions() const;

 private:
  const mesh::TensorSpec& cache_;
  std::vector<std::int64_t> table_;
  std::int64_t per_user_ = 0;
};

}  // namespace ttmesh::ops
