#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mesh/program/attributes.hpp"
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

/// How a file holds floating-point numbers; little-endian.
enum class StoredType : std::uint8_t { Float32, Float16, Bfloat16 };

[[nodiscard]] std::int64_t stored_bytes(StoredType type);

/// A matrix in a file.
struct StoredMatrix {
  std::filesystem::path file;
  std::uint64_t offset = 0;  ///< Of the first value, in bytes.
  StoredType type = StoredType::Float32;
  std::int64_t rows = 0;    ///< Of the matrix, whichever way the file has it.
  std::int64_t cols = 0;    ///< The same.
  bool transposed = false;  ///< The file has one column after another.
  std::string stamp{};      ///< What `stamp_of` must give where it is read; empty: anything.
};

using WeightPart = std::variant<StoredMatrix, RandomNormal>;

/// Neighbouring columns of a part.
struct ColumnRun {
  int part = 0;
  std::int64_t first = 0;
  std::int64_t count = 0;
  /// Not 0: the columns are heads of so many, whose halves turn together (HuggingFace's order);
  /// they are given as neighbouring pairs (that of rotary_embedding_llama): 0, d/2, 1, d/2 + 1, ..
  std::int64_t rotary_dim = 0;
};

/// Which column of heads of two halves column `column` of interleaved pairs is.
[[nodiscard]] std::int64_t half_split_column(std::int64_t column, std::int64_t rotary_dim);

/// A matrix whose columns are those of others, which are in files or random. Data: it travels to
/// the host of each chip, which reads or makes its own part alone.
struct WeightAssembly {
  mesh::Shape shape;  ///< Leading dims of 1, rows, columns.
  std::vector<WeightPart> parts;
  std::vector<ColumnRun> runs;  ///< From the first column to the last.
};

/// Throws std::invalid_argument unless the runs lie within the parts and fill the shape.
void validate(const WeightAssembly& assembly);

/// Writes a part of the values, unrounded and row-major. Files are read at their places, not
/// mapped, so that one that was cut short since is an error.
/// Throws std::invalid_argument if the block sticks out or `out` has another size, and
/// mesh::InvalidFile if a file cannot be read.
void read_block(const WeightAssembly& assembly, const MatrixBlock& block, std::span<float> out);

/// The assembly with the stamps of its files, and their full names: as other hosts are to find
/// them. Throws mesh::InvalidFile if one cannot be read.
[[nodiscard]] WeightAssembly stamped(WeightAssembly assembly);

/// Throws mesh::InvalidFile if a file holds something else than its stamp says.
void require_stamps(const WeightAssembly& assembly);

/// The assembly as attributes of an op; `assembly_of` gives it back.
void add_to(mesh::Attributes& attributes, const WeightAssembly& assembly);
[[nodiscard]] WeightAssembly assembly_of(const mesh::Attributes& attributes);

/// Names the values: files with size and time of change, recipes, and the runs.
[[nodiscard]] std::string digest(const WeightAssembly& assembly);

}  // namespace ttmesh::modules
