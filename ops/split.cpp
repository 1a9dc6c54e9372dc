#include "ops/split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "ops/slice.hpp"

namespace ttmesh::ops {

std::vector<mesh::Tensor> split(const mesh::Tensor& input, const SplitOptions& options) {
  if (options.split_size <= 0) {
    throw std::invalid_argument(
        fmt::format("[split] split_size {}, needs at least 1", options.split_size));
  }
  const mesh::Shape& shape = input.shape();
  const std::int64_t extent = shape[options.dim];
  const mesh::Shape zeros(std::vector<std::int64_t>(static_cast<std::size_t>(shape.rank()), 0));
  std::vector<mesh::Tensor> parts;
  for (std::int64_t first = 0; first < extent; first += options.split_size) {
    const std::int64_t end = std::min(first + options.split_size, extent);
    parts.push_back(slice(
        input, {.begin = zeros.with(options.dim, first), .end = shape.with(options.dim, end)}));
  }
  return parts;
}

}  // namespace ttmesh::ops
