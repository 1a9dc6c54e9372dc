#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/shape.hpp"
#include "modules/weight_assembly.hpp"

namespace ttmesh::modules {

/// Where a weight's values come from: a tensor in memory, a recipe for random values, or columns of
/// matrices in files. A handle, cheap to copy.
class WeightSource {
 public:
  // NOLINTBEGIN(google-explicit-constructor): values stand for their source wherever one is taken.
  /// Throws std::invalid_argument if there are not as many values as the shape says.
  WeightSource(mesh::HostTensor values);
  WeightSource(std::shared_ptr<const mesh::HostTensor> values);
  /// Throws std::invalid_argument if the shape has no dims or one is not positive.
  WeightSource(RandomNormal random);
  /// Throws std::invalid_argument as `validate` does.
  WeightSource(WeightAssembly assembly);
  // NOLINTEND(google-explicit-constructor)

  /// Writes a part of the values, unrounded and row-major, where the leading dims are 1.
  /// Throws std::invalid_argument if the block sticks out, `out` has another size, or the values
  /// are integers, and mesh::InvalidFile if a file cannot be read.
  void read(const MatrixBlock& block, std::span<float> out) const;

  /// All values, unrounded. Throws std::invalid_argument if they are integers.
  mesh::HostTensor host_tensor() const;

  /// The same values in another shape. Throws std::invalid_argument if the volume differs.
  WeightSource reshaped(mesh::Shape shape) const;

  const mesh::Shape& shape() const;
  /// The recipe, or null.
  const RandomNormal* random() const { return std::get_if<RandomNormal>(&source_); }
  /// The matrices that it is put together of, or null.
  const WeightAssembly* assembly() const;
  /// The tensor in memory, or null.
  std::shared_ptr<const mesh::HostTensor> values() const;
  /// Names the values: a hash of them, or the recipe.
  std::string digest() const;

 private:
  std::variant<std::shared_ptr<const mesh::HostTensor>, RandomNormal,
               std::shared_ptr<const WeightAssembly>>
      source_;
};

/// Neighbouring columns of a source.
struct SourceColumns {
  WeightSource source;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t rotary_dim = 0;  ///< See ColumnRun.
};

/// The matrix of those columns, side by side. Nothing is read; but if all sources are tensors in
/// memory the result is one too.
/// Throws std::invalid_argument if rows differ, columns are out of range, or some sources are
/// tensors in memory and others are not.
[[nodiscard]] WeightSource side_by_side(std::span<const SourceColumns> columns);

}  // namespace ttmesh::modules
