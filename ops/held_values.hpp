#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ops {

/// Reads the floating-point values of a block as float32, whatever it holds.
class FloatReader {
 public:
  /// Throws std::invalid_argument if the block holds integers.
  explicit FloatReader(const mesh::Block& block);

  /// Values `first` to `first + out.size() - 1`.
  void read(std::int64_t first, std::span<float> out) const;
  /// All values; converted into a buffer of the reader unless the block holds float32.
  std::span<const float> all();

 private:
  std::shared_ptr<const mesh::Buffer> buffer_;
  bool is_float32_;
  std::vector<float> converted_;
};

/// A block in the making: takes float32 values and keeps them rounded to the dtype of a spec.
class RoundedWriter {
 public:
  explicit RoundedWriter(const mesh::TensorSpec& spec);

  /// Values from element `first` on: whole rows of the last dim, or a part of one row that begins
  /// at a multiple of kSharedExponentRun in it.
  void write(std::int64_t first, std::span<const float> values);
  /// Elements of the block, for dtypes held as bfloat16 without shared exponents.
  std::span<mesh::Bfloat16> bfloat16_values();
  /// The block. Nothing may be written afterwards.
  mesh::Shard finish();

 private:
  mesh::Shape shape_;
  mesh::DataType dtype_;
  std::int64_t row_length_;
  std::shared_ptr<mesh::Buffer> buffer_;
};

/// Values of a block float that share an exponent: a run within a row of the last dim.
constexpr std::int64_t kSharedExponentRun = 16;

/// Extent of the last dim; 1 for rank 0.
[[nodiscard]] std::int64_t row_length(const mesh::Shape& shape);

/// The block's values rounded again to `dtype`, which for block floats matters when the runs that
/// share an exponent have changed; otherwise the block itself.
[[nodiscard]] mesh::BlockPtr regrouped(mesh::BlockPtr block, mesh::DataType dtype);

}  // namespace ttmesh::ops
