#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/tensor/shape.hpp"

namespace ttmesh::modules {

/// A tensor of independent N(0, scale^2) values that exists nowhere yet.
struct RandomNormal {
  mesh::RandomKey key{};
  double scale = 1.0;
  mesh::Shape shape;
};

/// Part of a matrix.
struct MatrixBlock {
  std::int64_t first_row = 0;
  std::int64_t first_col = 0;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
};

/// Where a weight's values come from: a tensor in memory, or a recipe for random values. A handle,
/// cheap to copy.
class WeightSource {
 public:
  // NOLINTBEGIN(google-explicit-constructor): values stand for their source wherever one is taken.
  /// Throws std::invalid_argument if there are not as many values as the shape says.
  WeightSource(mesh::HostTensor values);
  WeightSource(std::shared_ptr<const mesh::HostTensor> values);
  /// Throws std::invalid_argument if the shape has no dims or one is not positive.
  WeightSource(RandomNormal random);
  // NOLINTEND(google-explicit-constructor)

  /// Writes a part of the values, unrounded and row-major, where the leading dims are 1.
  /// Throws std::invalid_argument if the block sticks out, `out` has another size, or the values
  /// are integers.
  void read(const MatrixBlock& block, std::span<float> out) const;

  /// All values, unrounded. Throws std::invalid_argument if they are integers.
  mesh::HostTensor host_tensor() const;

  const mesh::Shape& shape() const;
  /// The recipe, or null.
  const RandomNormal* random() const { return std::get_if<RandomNormal>(&source_); }
  /// The tensor in memory, or null.
  std::shared_ptr<const mesh::HostTensor> values() const;
  /// Names the values: a hash of them, or the recipe.
  std::string digest() const;

 private:
  std::variant<std::shared_ptr<const mesh::HostTensor>, RandomNormal> source_;
};

}  // namespace ttmesh::modules
