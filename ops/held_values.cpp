#include "ops/held_values.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "mesh/tensor/convert.hpp"

namespace ttmesh::ops {

using mesh::Bfloat16;
using mesh::HeldType;

FloatReader::FloatReader(const mesh::Block& block)
    : buffer_(block.plain()), is_float32_(block.type() == HeldType::Float32) {
  if (!is_float32_ && block.type() != HeldType::Bfloat16) {
    throw std::invalid_argument("[FloatReader] the block holds integers, needs floating point");
  }
}

void FloatReader::read(std::int64_t first, std::span<float> out) const {
  if (is_float32_) {
    const auto part = mesh::values<float>(*buffer_).subspan(static_cast<std::size_t>(first));
    std::copy_n(part.begin(), out.size(), out.begin());
    return;
  }
  mesh::to_float(
      mesh::values<Bfloat16>(*buffer_).subspan(static_cast<std::size_t>(first), out.size()), out);
}

std::span<const float> FloatReader::all() {
  if (is_float32_) return mesh::values<float>(*buffer_);
  if (converted_.empty()) {
    converted_.resize(mesh::values<Bfloat16>(*buffer_).size());
    read(0, converted_);
  }
  return converted_;
}

RoundedWriter::RoundedWriter(const mesh::TensorSpec& spec)
    : shape_(spec.shape),
      dtype_(spec.dtype),
      row_length_(ops::row_length(spec.shape)),
      buffer_(std::make_shared<mesh::Buffer>(static_cast<std::size_t>(
          spec.shape.volume() * mesh::held_bytes(mesh::held_type(spec.dtype))))) {
  if (!mesh::is_floating(dtype_)) {
    throw std::invalid_argument("[RoundedWriter] the dtype is an integer, needs floating point");
  }
}

void RoundedWriter::write(std::int64_t first, std::span<const float> values) {
  const auto begin = static_cast<std::size_t>(first);
  const std::int64_t row = std::min(row_length_, static_cast<std::int64_t>(values.size()));
  if (mesh::held_type(dtype_) == HeldType::Float32) {
    std::copy(values.begin(), values.end(),
              mesh::values<float>(*buffer_).subspan(begin, values.size()).begin());
  } else {
    mesh::quantise(values, mesh::values<Bfloat16>(*buffer_).subspan(begin, values.size()), dtype_,
                   row);
  }
}

std::span<Bfloat16> RoundedWriter::bfloat16_values() { return mesh::values<Bfloat16>(*buffer_); }

mesh::Shard RoundedWriter::finish() {
  return mesh::Shard(
      std::make_shared<const mesh::Block>(shape_, mesh::held_type(dtype_), std::move(buffer_)));
}

std::int64_t row_length(const mesh::Shape& shape) { return shape.rank() == 0 ? 1 : shape[-1]; }

mesh::BlockPtr regrouped(mesh::BlockPtr block, mesh::DataType dtype) {
  if (!mesh::is_block_float(dtype)) return block;
  RoundedWriter writer({.shape = block->shape(), .dtype = dtype});
  writer.write(0, FloatReader(*block).all());
  return writer.finish().blocks().front();
}

}  // namespace ttmesh::ops
