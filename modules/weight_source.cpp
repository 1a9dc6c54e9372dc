#include "modules/weight_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <utility>
#include <vector>

#include "modules/hash.hpp"

namespace ttmesh::modules {
namespace {

void require_matrix_block(const mesh::Shape& shape, const MatrixBlock& block, std::size_t size) {
  const bool is_matrix = shape.rank() >= 2 && shape[-2] * shape[-1] == shape.volume();
  if (!is_matrix) {
    throw std::invalid_argument(
        fmt::format("[WeightSource::read] shape is {}, needs a matrix", to_string(shape)));
  }
  if (block.first_row < 0 || block.first_col < 0 || block.rows < 0 || block.cols < 0 ||
      block.first_row + block.rows > shape[-2] || block.first_col + block.cols > shape[-1]) {
    throw std::invalid_argument(fmt::format(
        "[WeightSource::read] {} rows from {} and {} columns from {}, needs a part of {}",
        block.rows, block.first_row, block.cols, block.first_col, to_string(shape)));
  }
  if (static_cast<std::int64_t>(size) != block.rows * block.cols) {
    throw std::invalid_argument(fmt::format("[WeightSource::read] room for {} values, needs {}",
                                            size, block.rows * block.cols));
  }
}

void require_floats(const mesh::HostTensor& tensor) {
  if (std::holds_alternative<std::vector<float>>(tensor.values)) return;
  throw std::invalid_argument("[WeightSource::read] the values are integers, needs floats");
}

}  // namespace

WeightSource::WeightSource(mesh::HostTensor values)
    : WeightSource(std::make_shared<const mesh::HostTensor>(std::move(values))) {}

WeightSource::WeightSource(std::shared_ptr<const mesh::HostTensor> values)
    : source_(std::move(values)) {
  const mesh::HostTensor& tensor = *std::get<0>(source_);
  const std::size_t count = std::visit([](const auto& v) { return v.size(); }, tensor.values);
  if (static_cast<std::int64_t>(count) != tensor.shape.volume()) {
    throw std::invalid_argument(fmt::format("[WeightSource] {} values for {}, needs {}", count,
                                            to_string(tensor.shape), tensor.shape.volume()));
  }
}

WeightSource::WeightSource(RandomNormal random) : source_(std::move(random)) {
  const auto dims = shape().dims();
  if (dims.empty() || std::any_of(dims.begin(), dims.end(), [](auto dim) { return dim < 1; })) {
    throw std::invalid_argument(fmt::format(
        "[WeightSource] shape is {}, needs at least one dim, all positive", to_string(shape())));
  }
}

void WeightSource::read(const MatrixBlock& block, std::span<float> out) const {
  require_matrix_block(shape(), block, out.size());
  const std::int64_t length = shape()[-1];
  const RandomNormal* recipe = random();
  if (recipe == nullptr) require_floats(*std::get<0>(source_));
  for (std::int64_t row = 0; row < block.rows; ++row) {
    const std::int64_t first = (block.first_row + row) * length + block.first_col;
    const auto to = out.subspan(static_cast<std::size_t>(row * block.cols),
                                static_cast<std::size_t>(block.cols));
    if (recipe != nullptr) {
      mesh::fill_normal(recipe->key, static_cast<std::uint64_t>(first),
                        static_cast<float>(recipe->scale), to);
    } else {
      std::ranges::copy(std::span(std::get<0>(source_)->floats())
                            .subspan(static_cast<std::size_t>(first), to.size()),
                        to.begin());
    }
  }
}

mesh::HostTensor WeightSource::host_tensor() const {
  const RandomNormal* recipe = random();
  if (recipe == nullptr) {
    require_floats(*std::get<0>(source_));
    return *std::get<0>(source_);
  }
  std::vector<float> values(static_cast<std::size_t>(recipe->shape.volume()));
  mesh::fill_normal(recipe->key, 0, static_cast<float>(recipe->scale), values);
  return {.shape = recipe->shape, .values = std::move(values)};
}

const mesh::Shape& WeightSource::shape() const {
  const RandomNormal* recipe = random();
  return recipe != nullptr ? recipe->shape : std::get<0>(source_)->shape;
}

std::shared_ptr<const mesh::HostTensor> WeightSource::values() const {
  return random() != nullptr ? nullptr : std::get<0>(source_);
}

std::string WeightSource::digest() const {
  if (const RandomNormal* recipe = random()) {
    return fmt::format("random {} {} {} {}", recipe->key.seed, recipe->key.stream, recipe->scale,
                       to_string(recipe->shape));
  }
  const mesh::HostTensor& tensor = *std::get<0>(source_);
  const std::string hash =
      std::visit([](const auto& values) { return hash_text(std::as_bytes(std::span(values))); },
                 tensor.values);
  return fmt::format("values {} {} {}", tensor.values.index(), hash, to_string(tensor.shape));
}

}  // namespace ttmesh::modules
