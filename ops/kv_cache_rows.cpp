#include "ops/kv_cache_rows.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "mesh/tensor/convert.hpp"

namespace ttmesh::ops {

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

}  // namespace ttmesh::ops
