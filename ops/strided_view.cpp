#include "ops/strided_view.hpp"

#include <cstring>
#include <memory>
#include <utility>

namespace ttmesh::ops {
namespace {

// Copies the last dim: `count` elements, `from_stride` and `to_stride` apart.
template <typename T>
void copy_strided(const std::byte* from, std::int64_t from_stride, std::byte* to,
                  std::int64_t to_stride, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + i * to_stride * std::int64_t{sizeof(T)},
                from + i * from_stride * std::int64_t{sizeof(T)}, sizeof(T));
  }
}

struct Walk {
  const StridedView& source;
  const StridedView& target;
  std::int64_t value_bytes;
  int runs_dim = 0;  ///< Dims from here on lie together in both.
  std::size_t run_bytes = 0;
};

void copy_from(const Walk& walk, int dim, const std::byte* from, std::byte* to) {
  if (dim == walk.runs_dim) {
    std::memcpy(to, from, walk.run_bytes);
    return;
  }
  const auto at = static_cast<std::size_t>(dim);
  const std::int64_t from_stride = walk.source.strides[at];
  const std::int64_t to_stride = walk.target.strides[at];
  const std::int64_t extent = walk.source.shape[dim];
  if (dim == walk.source.shape.rank() - 1) {
    if (walk.value_bytes == 2) {
      copy_strided<std::uint16_t>(from, from_stride, to, to_stride, extent);
    } else {
      copy_strided<std::uint32_t>(from, from_stride, to, to_stride, extent);
    }
    return;
  }
  for (std::int64_t i = 0; i < extent; ++i) {
    copy_from(walk, dim + 1, from + i * from_stride * walk.value_bytes,
              to + i * to_stride * walk.value_bytes);
  }
}

}  // namespace

StridedView dense_view(const mesh::Shape& shape) {
  StridedView view{.shape = shape,
                   .strides = std::vector<std::int64_t>(static_cast<std::size_t>(shape.rank()))};
  std::int64_t stride = 1;
  for (int dim = shape.rank() - 1; dim >= 0; --dim) {
    view.strides[static_cast<std::size_t>(dim)] = stride;
    stride *= shape[dim];
  }
  return view;
}

StridedView permuted(const StridedView& view, const std::vector<int>& order) {
  std::vector<std::int64_t> dims;
  StridedView result{.shape = {}, .strides = {}, .offset = view.offset};
  for (const int dim : order) {
    dims.push_back(view.shape[dim]);
    result.strides.push_back(view.strides[static_cast<std::size_t>(dim)]);
  }
  result.shape = mesh::Shape(std::move(dims));
  return result;
}

void copy(const StridedView& source, const std::byte* from, const StridedView& target,
          std::byte* to, std::int64_t value_bytes) {
  Walk walk{.source = source, .target = target, .value_bytes = value_bytes};
  std::int64_t run = 1;
  walk.runs_dim = source.shape.rank();
  while (walk.runs_dim > 0) {
    const auto at = static_cast<std::size_t>(walk.runs_dim - 1);
    if (source.strides[at] != run || target.strides[at] != run) break;
    run *= source.shape[--walk.runs_dim];
  }
  walk.run_bytes = static_cast<std::size_t>(run * value_bytes);
  copy_from(walk, 0, from + source.offset * value_bytes, to + target.offset * value_bytes);
}

mesh::BlockPtr taken(const mesh::Block& block, const StridedView& view, const mesh::Shape& shape) {
  const std::int64_t value_bytes = mesh::held_bytes(block.type());
  const std::shared_ptr<const mesh::Buffer> plain = block.plain();
  auto buffer =
      std::make_shared<mesh::Buffer>(static_cast<std::size_t>(shape.volume() * value_bytes));
  copy(view, plain->data(), dense_view(view.shape), buffer->data(), value_bytes);
  return std::make_shared<const mesh::Block>(shape, block.type(), std::move(buffer));
}

}  // namespace ttmesh::ops
