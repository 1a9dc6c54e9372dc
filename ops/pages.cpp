#include "ops/pages.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>

#include "ops/integer_values.hpp"

namespace ttmesh::ops {
namespace {

[[noreturn]] void throw_beyond(std::int64_t position, std::int64_t length) {
  throw std::invalid_argument(
      fmt::format("position {} is beyond the cache, which holds {}", position, length));
}

}  // namespace

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

std::int64_t Pages::positions() const {
  return table_.empty() ? cache_.shape[2] : per_user_ * cache_.shape[2];
}

}  // namespace ttmesh::ops
