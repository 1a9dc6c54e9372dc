#pragma once

#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::mesh {

/// What one chip holds of a tensor: one block, or several that lie one after another along a dim
/// (what a gather leaves). In timing-only mode a shard has a shape and no blocks.
class Shard {
 public:
  Shard() = default;
  /// A shard without values.
  explicit Shard(Shape shape) : shape_(std::move(shape)) {}
  explicit Shard(BlockPtr block);
  /// `blocks` one after another along `dim`. Throws std::invalid_argument if other dims differ.
  Shard(std::vector<BlockPtr> blocks, int dim);

  const Shape& shape() const { return shape_; }
  bool has_values() const { return !blocks_.empty(); }
  const std::vector<BlockPtr>& blocks() const { return blocks_; }
  int dim() const { return dim_; }

  /// The only block. The caller has flattened the shard.
  const Block& block() const;

 private:
  Shape shape_;
  std::vector<BlockPtr> blocks_;
  int dim_ = 0;
};

/// One block with the values of all of the shard's blocks; the block itself if there is only one.
[[nodiscard]] BlockPtr flatten(const Shard& shard);

/// The shard's values under another shape of the same volume, without a copy if it is one block.
[[nodiscard]] Shard reshaped(const Shard& shard, const Shape& shape);

}  // namespace ttmesh::mesh
