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

WeightSource::WeightSource(WeightAssembly assembly) {
  validate(assembly);
  source_ = std::make_shared<const WeightAssembly>(std::move(assembly));
}

void WeightSource::read(const MatrixBlock& block, std::span<float> out) const {
  require_matrix_block(shape(), block, out.size());
  if (const WeightAssembly* parts = assembly()) {
    read_block(*parts, block, out);
    return;
  }
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
  if (const WeightAssembly* parts = assembly()) {
    std::vector<float> values(static_cast<std::size_t>(parts->shape.volume()));
    read_block(*parts, {0, 0, parts->shape[-2], parts->shape[-1]}, values);
    return {.shape = parts->shape, .values = std::move(values)};
  }
  const RandomNormal* recipe = random();
  if (recipe == nullptr) {
    require_floats(*std::get<0>(source_));
    return *std::get<0>(source_);
  }
  std::vector<float> values(static_cast<std::size_t>(recipe->shape.volume()));
  mesh::fill_normal(recipe->key, 0, static_cast<float>(recipe->scale), values);
  return {.shape = recipe->shape, .values = std::move(values)};
}

WeightSource WeightSource::reshaped(mesh::Shape wanted) const {
  if (wanted == shape()) return *this;
  if (wanted.volume() != shape().volume()) {
    throw std::invalid_argument(
        fmt::format("[WeightSource::reshaped] shape is {}, needs the {} values of {}",
                    to_string(wanted), shape().volume(), to_string(shape())));
  }
  if (const RandomNormal* recipe = random()) {
    return RandomNormal{.key = recipe->key, .scale = recipe->scale, .shape = std::move(wanted)};
  }
  // Leading dims of 1 leave a matrix as it is, unread.
  const mesh::Shape& old = shape();
  const bool same =
      wanted.rank() > 1 && old.rank() > 1 && wanted[-1] == old[-1] && wanted[-2] == old[-2];
  if (assembly() != nullptr && same) {
    WeightAssembly viewed = *assembly();
    viewed.shape = std::move(wanted);
    return viewed;
  }
  mesh::HostTensor::Values values =
      assembly() != nullptr ? host_tensor().values : std::get<0>(source_)->values;
  return mesh::HostTensor{.shape = std::move(wanted), .values = std::move(values)};
}

const mesh::Shape& WeightSource::shape() const {
  if (const WeightAssembly* parts = assembly()) return parts->shape;
  const RandomNormal* recipe = random();
  return recipe != nullptr ? recipe->shape : std::get<0>(source_)->shape;
}

const WeightAssembly* WeightSource::assembly() const {
  const auto* parts = std::get_if<std::shared_ptr<const WeightAssembly>>(&source_);
  return parts != nullptr ? parts->get() : nullptr;
}

std::shared_ptr<const mesh::HostTensor> WeightSource::values() const {
  const auto* tensor = std::get_if<std::shared_ptr<const mesh::HostTensor>>(&source_);
  return tensor != nullptr ? *tensor : nullptr;
}

std::string WeightSource::digest() const {
  if (const WeightAssembly* parts = assembly()) return modules::digest(*parts);
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

namespace {

// The columns as parts and runs, added to an assembly.
void append(WeightAssembly& assembly, const SourceColumns& columns) {
  const auto next = static_cast<int>(assembly.parts.size());
  if (const RandomNormal* random = columns.source.random()) {
    assembly.parts.emplace_back(*random);
    assembly.runs.push_back({next, columns.first, columns.count, columns.rotary_dim});
    return;
  }
  const WeightAssembly& inner = *columns.source.assembly();
  assembly.parts.insert(assembly.parts.end(), inner.parts.begin(), inner.parts.end());
  std::int64_t run_begin = 0;
  for (const ColumnRun& run : inner.runs) {
    const std::int64_t begin = std::max(columns.first, run_begin);
    const std::int64_t end = std::min(columns.first + columns.count, run_begin + run.count);
    if (begin < end) {
      if (columns.rotary_dim != 0 && run.rotary_dim != 0) {
        throw std::invalid_argument(
            "[side_by_side] the heads of a source are interleaved already, needs rotary_dim 0");
      }
      assembly.runs.push_back({next + run.part, run.first + begin - run_begin, end - begin,
                               std::max(run.rotary_dim, columns.rotary_dim)});
    }
    run_begin += run.count;
  }
}

// The same with all values at hand.
mesh::HostTensor joined(std::span<const SourceColumns> columns, const mesh::Shape& shape) {
  std::vector<float> values(static_cast<std::size_t>(shape.volume()));
  std::int64_t at = 0;
  for (const SourceColumns& part : columns) {
    const std::int64_t length = part.source.shape()[-1];
    const std::vector<float>& from = part.source.values()->floats();
    const std::int64_t unit = part.rotary_dim;
    for (std::int64_t row = 0; row < shape[-2]; ++row) {
      for (std::int64_t i = 0; i < part.count; ++i) {
        const std::int64_t column = unit == 0 ? i : half_split_column(i, unit);
        values[static_cast<std::size_t>(row * shape[-1] + at + i)] =
            from[static_cast<std::size_t>(row * length + part.first + column)];
      }
    }
    at += part.count;
  }
  return {.shape = shape, .values = std::move(values)};
}

}  // namespace

WeightSource side_by_side(std::span<const SourceColumns> columns) {
  if (columns.empty()) {
    throw std::invalid_argument("[side_by_side] there are no columns, needs at least one source");
  }
  const mesh::Shape& first = columns.front().source.shape();
  std::int64_t cols = 0;
  std::size_t in_memory = 0;
  for (const SourceColumns& part : columns) {
    const mesh::Shape& shape = part.source.shape();
    if (shape.rank() < 2 || shape.rank() != first.rank() || shape[-2] != first[-2] ||
        shape[-2] * shape[-1] != shape.volume()) {
      throw std::invalid_argument(
          fmt::format("[side_by_side] a source has shape {}, needs a matrix with the rows of {}",
                      to_string(shape), to_string(first)));
    }
    if (part.first < 0 || part.count < 1 || part.first + part.count > shape[-1] ||
        (part.rotary_dim != 0 && (part.rotary_dim % 2 != 0 || part.first % part.rotary_dim != 0 ||
                                  part.count % part.rotary_dim != 0))) {
      throw std::invalid_argument(fmt::format(
          "[side_by_side] {} columns from {} in heads of {}, needs whole heads within {}",
          part.count, part.first, part.rotary_dim, to_string(shape)));
    }
    cols += part.count;
    if (part.source.values() != nullptr) ++in_memory;
  }
  const mesh::Shape shape = first.with(-1, cols);
  if (in_memory == columns.size()) return joined(columns, shape);
  if (in_memory > 0) {
    throw std::invalid_argument(
        fmt::format("[side_by_side] {} of {} sources are tensors in memory, needs all or none",
                    in_memory, columns.size()));
  }
  WeightAssembly assembly{.shape = shape, .parts = {}, .runs = {}};
  for (const SourceColumns& part : columns) append(assembly, part);
  return assembly;
}

}  // namespace ttmesh::modules
