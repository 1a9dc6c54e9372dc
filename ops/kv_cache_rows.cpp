#include "ops/kv_cache_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>

#include "mesh/tensor/convert.hpp"
#include "ops/integer_values.hpp"

namespace ttmesh::ops {
namespace {

[[noreturn]] void throw_beyond(std::int64_t position, std::int64_t length) {
  throw std::invalid_argument(
      fmt::format("position {} is beyond the cache, which holds {}", position, length));
}

}  // namespace

CacheRows::CacheRows(mesh::Shard own, const mesh::TensorSpec& spec)
    : spec_(spec), type_(mesh::held_type(spec.dtype)) {
  mesh::BlockPtr block = own.blocks().size() == 1 ? own.blocks().front() : flatten(own);
  own = mesh::Shard();
  buffer_ = mesh::take_buffer(std::move(block));
}

void CacheRows::write(std::int64_t first, std::int64_t head, std::int64_t position,
                      std::span<const float> row) {
  const std::int64_t at = (first * spec_.shape[1] + head) * spec_.shape[2] + position;
  const auto width = static_cast<std::size_t>(spec_.shape[3]);
  const std::size_t offset = static_cast<std::size_t>(at) * width;
  if (type_ == mesh::HeldType::Float32) {
    std::copy(row.begin(), row.end(), mesh::values<float>(*buffer_).subspan(offset).begin());
  } else {
    mesh::quantise(row, mesh::values<mesh::Bfloat16>(*buffer_).subspan(offset, width), spec_.dtype,
                   spec_.shape[3]);
  }
}

mesh::Shard CacheRows::finish() {
  return mesh::Shard(std::make_shared<const mesh::Block>(spec_.shape, type_, std::move(buffer_)));
}

Pages::Pages(const mesh::TensorSpec& cache, const mesh::Block& table)
    : cache_(cache), table_(integer_values(table)), per_user_(table.shape()[1]) {}

Pages::Place Pages::of(std::int64_t user, std::int64_t position) const {
  const std::int64_t length = cache_.shape[2];
  if (table_.empty()) {
    if (position >= length) throw_beyond(position, length);
    return {user, position};
  }
  const std::int64_t page = position / length;
  if (page >= per_user_) throw_beyond(position, per_user_ * length);
  const std::int64_t block = table_[static_cast<std::size_t>(user * per_user_ + page)];
  if (block < 0 || block >= cache_.shape[0]) {
    throw std::invalid_argument(
        fmt::format("page {} of user {} is block {}, the cache has blocks 0 to {}", page, user,
                    block, cache_.shape[0] - 1));
  }
  return {block, position % length};
}

}  // namespace ttmesh::ops
