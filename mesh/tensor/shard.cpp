#include "mesh/tensor/shard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

std::int64_t volume_from(const Shape& shape, int first_dim) {
  std::int64_t volume = 1;
  for (int dim = first_dim; dim < shape.rank(); ++dim) volume *= shape[dim];
  return volume;
}

std::int64_t volume_before(const Shape& shape, int end_dim) {
  std::int64_t volume = 1;
  for (int dim = 0; dim < end_dim; ++dim) volume *= shape[dim];
  return volume;
}

bool equal_but_in(const Shape& a, const Shape& b, int dim) {
  const std::span<const std::int64_t> from = a.dims();
  const std::span<const std::int64_t> with = b.dims();
  return from.size() == with.size() && std::equal(from.begin(), from.begin() + dim, with.begin()) &&
         std::equal(from.begin() + dim + 1, from.end(), with.begin() + dim + 1);
}

BlockPtr viewed_as(const BlockPtr& block, const Shape& shape) {
  if (block->shape() == shape) return block;
  return std::make_shared<const Block>(shape, block->type(), block->plain());
}

// Blocks that follow each other in memory order need no flattening if each is a whole number of
// slices of the new outermost dim.
std::optional<Shard> reshaped_blocks(const Shard& shard, const Shape& shape) {
  if (volume_before(shard.shape(), shard.dim()) != 1) return std::nullopt;
  int dim = 0;
  while (dim < shape.rank() && shape[dim] == 1) ++dim;
  if (dim == shape.rank()) return std::nullopt;
  const std::int64_t slice = volume_from(shape, dim + 1);
  std::vector<BlockPtr> blocks;
  for (const BlockPtr& block : shard.blocks()) {
    const std::int64_t volume = block->shape().volume();
    if (volume % slice != 0) return std::nullopt;
    blocks.push_back(viewed_as(block, shape.with(dim, volume / slice)));
  }
  return Shard(std::move(blocks), dim);
}

}  // namespace

Shard::Shard(BlockPtr block) {
  if (!block) throw std::invalid_argument("[Shard] no block, needs one");
  shape_ = block->shape();
  blocks_.push_back(std::move(block));
}

Shard::Shard(std::vector<BlockPtr> blocks, int dim) : blocks_(std::move(blocks)) {
  if (blocks_.empty()) throw std::invalid_argument("[Shard] no blocks, needs at least one");
  for (const BlockPtr& block : blocks_) {
    if (!block) throw std::invalid_argument("[Shard] a block is missing");
  }
  const Block& first = *blocks_.front();
  if (blocks_.size() == 1) {
    shape_ = first.shape();
    return;
  }
  dim_ = first.shape().index(dim);
  std::int64_t extent = 0;
  for (const BlockPtr& block : blocks_) {
    const Shape& shape = block->shape();
    if (!equal_but_in(shape, first.shape(), dim_)) {
      throw std::invalid_argument(
          fmt::format("[Shard] a block of {} after one of {}, needs equal extents but in dim {}",
                      to_string(shape), to_string(first.shape()), dim_));
    }
    if (block->type() != first.type()) {
      throw std::invalid_argument("[Shard] blocks hold different types, needs one type");
    }
    extent += shape[dim_];
  }
  shape_ = first.shape().with(dim_, extent);
}

const Block& Shard::block() const {
  assert(blocks_.size() == 1);
  return *blocks_.front();
}

BlockPtr flatten(const Shard& shard) {
  if (!shard.has_values()) {
    throw std::invalid_argument("[flatten] the shard has no values (timing-only mode)");
  }
  if (shard.blocks().size() == 1) return shard.blocks().front();
  const HeldType type = shard.blocks().front()->type();
  const auto value_bytes = static_cast<std::size_t>(held_bytes(type));
  const auto runs = static_cast<std::size_t>(volume_before(shard.shape(), shard.dim()));
  const std::size_t stride =
      static_cast<std::size_t>(volume_from(shard.shape(), shard.dim())) * value_bytes;
  auto whole = std::make_shared<Buffer>(runs * stride);
  std::size_t offset = 0;
  for (const BlockPtr& block : shard.blocks()) {
    const std::shared_ptr<const Buffer> part = block->plain();
    const std::size_t run =
        static_cast<std::size_t>(volume_from(block->shape(), shard.dim())) * value_bytes;
    for (std::size_t i = 0; i < runs; ++i) {
      std::memcpy(whole->data() + i * stride + offset, part->data() + i * run, run);
    }
    offset += run;
  }
  return std::make_shared<const Block>(shard.shape(), type, std::move(whole));
}

Shard reshaped(const Shard& shard, const Shape& shape) {
  if (shape.volume() != shard.shape().volume()) {
    throw std::invalid_argument(fmt::format("[reshaped] {} has {} values, {} needs {}",
                                            to_string(shard.shape()), shard.shape().volume(),
                                            to_string(shape), shape.volume()));
  }
  if (!shard.has_values()) return Shard(shape);
  if (shard.shape() == shape) return shard;
  if (shard.blocks().size() > 1) {
    if (std::optional<Shard> blocks = reshaped_blocks(shard, shape)) return *std::move(blocks);
  }
  return Shard(viewed_as(flatten(shard), shape));
}

}  // namespace ttmesh::mesh
