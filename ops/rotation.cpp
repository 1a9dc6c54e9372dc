#include "ops/rotation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <vector>

#include "ops/held_values.hpp"
#include "ops/onednn_matmul.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::ops {
namespace {

using mesh::kTileExtent;
using mesh::Placement;
using mesh::Shape;
using mesh::TensorSpec;
using Kind = mesh::Placement::Kind;

constexpr std::int64_t kRowsAtOnce = 128;

void require_input(const char* op, const TensorSpec& input) {
  require_floating(op, {"input", input});
  require_paid(op, {"input", input});
  if (input.shape.rank() != 4 || input.shape[3] % kTileExtent != 0) {
    throw std::invalid_argument(
        fmt::format("[{}] input is {}, needs rank 4 and a last dim that is a multiple of {}", op,
                    to_string(input.shape), kTileExtent));
  }
  require_whole_dim(op, {"input", input}, 3);
}

void require_transformation(const char* op, const TensorSpec& input, const TensorSpec& matrix) {
  require_one_mesh(op, {"input", input}, {"transformation matrix", matrix});
  require_floating(op, {"transformation matrix", matrix});
  require_paid(op, {"transformation matrix", matrix});
  const Shape& shape = matrix.shape;
  if (shape.rank() < 2 || shape[-1] != kTileExtent || shape.volume() % (32 * kTileExtent) != 0) {
    throw std::invalid_argument(
        fmt::format("[{}] transformation matrix is {}, needs [.., 32 * n, 32] of whole 32 x 32 "
                    "matrices",
                    op, to_string(shape)));
  }
}

// Where a table lies along an axis, given the input: sharded with the dim that selects its rows.
Placement needed_placement(RotaryMode mode, const Placement& of_input, const Shape& table) {
  if (of_input.kind != Kind::Shard) return mesh::replicate();
  if (mode == RotaryMode::Decode) return of_input.dim == 1 ? of_input : mesh::replicate();
  const bool by_position = of_input.dim == 2;
  const bool by_head = of_input.dim == 1 && table[1] != 1;
  return by_position || by_head ? of_input : mesh::replicate();
}

void require_table(const char* op, const char* name, RotaryMode mode, const TensorSpec& input,
                   const TensorSpec& table, std::int64_t users) {
  require_one_mesh(op, {"input", input}, {name, table});
  require_floating(op, {name, table});
  require_paid(op, {name, table});
  const Shape& shape = table.shape;
  const Shape& rows = input.shape;
  bool fits = shape.rank() == 4 && shape[0] == 1 && shape[3] == rows[3];
  if (mode == RotaryMode::Decode) {
    fits = fits && shape[1] == users;
  } else {
    fits = fits && shape[2] == rows[2] && (shape[1] == 1 || shape[1] == rows[1]);
  }
  if (!fits) {
    throw std::invalid_argument(
        mode == RotaryMode::Decode
            ? fmt::format("[{}] {} is {} and input {}, needs [1, {}, .., {}]: a row for each user",
                          op, name, to_string(shape), to_string(rows), users, rows[3])
            : fmt::format("[{}] {} is {} and input {}, needs [1, 1 or {}, {}, {}]: a row for each "
                          "position",
                          op, name, to_string(shape), to_string(rows), rows[1], rows[2], rows[3]));
  }
  for (const int axis : {0, 1}) {
    const Placement of_input = mesh::normalised(input.distribution).along(axis);
    const Placement found = mesh::normalised(table.distribution).along(axis);
    const Placement needed = needed_placement(mode, of_input, shape);
    if (found == needed) continue;
    throw std::invalid_argument(
        fmt::format("[{}] {} is {} along cluster_axis {} and input is {}, needs {} {}", op, name,
                    to_string(found), axis, to_string(of_input), name, to_string(needed)));
  }
}

std::vector<float> floats_of(const mesh::Block& block) {
  std::vector<float> values(static_cast<std::size_t>(block.shape().volume()));
  FloatReader(block).read(0, values);
  return values;
}

// First value of the row of a table that turns row `row` of plane (i, j) of the input.
std::int64_t table_row(RotaryMode mode, const Shape& table, std::int64_t plane, std::int64_t row) {
  if (mode == RotaryMode::Decode) return plane * table[2] * table[3];
  return ((plane % table[1]) * table[2] + row) * table[3];
}

// turned = rows * matrix, for each 32 columns of the rows.
void turn(std::span<const float> rows, std::span<const float> matrix, std::span<float> turned) {
  const OneDnnMatmul product{.m = static_cast<std::int64_t>(rows.size()) / kTileExtent,
                             .k = kTileExtent,
                             .n = kTileExtent,
                             .c_stride = kTileExtent};
  execute(product, std::as_bytes(rows).data(), std::as_bytes(matrix).data(),
          std::as_writable_bytes(turned).data());
}

}  // namespace

TensorSpec rotated_spec(const char* op, RotaryMode mode, const TensorSpec& input,
                        const RotaryTables<TensorSpec>& tables, std::int64_t users) {
  require_input(op, input);
  if (mode == RotaryMode::Decode && input.shape[0] != 1) {
    throw std::invalid_argument(
        fmt::format("[{}] input is {}, needs [1, users, heads, head dim] in decode", op,
                    to_string(input.shape)));
  }
  require_transformation(op, input, tables.transformation);
  require_table(op, "cos", mode, input, tables.cos, users);
  require_table(op, "sin", mode, input, tables.sin, users);
  if (tables.cos.shape != tables.sin.shape) {
    throw std::invalid_argument(fmt::format("[{}] cos is {} and sin {}, needs one shape", op,
                                            to_string(tables.cos.shape),
                                            to_string(tables.sin.shape)));
  }
  for (const int axis : {0, 1}) {
    const Placement placement = mesh::normalised(tables.transformation.distribution).along(axis);
    const bool by_user = mode == RotaryMode::Decode &&
                         mesh::normalised(input.distribution).along(axis) == mesh::shard(1);
    if (placement.kind == Kind::Replicate || by_user) continue;
    require_replicated(op, {"transformation matrix", tables.transformation});
  }
  return input;
}

mesh::Shard rotated(RotaryMode mode, const mesh::Block& input,
                    const RotaryTables<mesh::Block>& tables, std::int64_t first_user,
                    const TensorSpec& out) {
  const Shape& shape = input.shape();
  const std::int64_t rows = shape[2];
  const std::int64_t length = shape[3];
  const std::int64_t matrices = tables.transformation.shape().volume() / (32 * kTileExtent);
  const std::vector<float> transformation = floats_of(tables.transformation);
  const FloatReader reader(input);
  const FloatReader cos(tables.cos);
  const FloatReader sin(tables.sin);
  RoundedWriter writer(out);
  std::vector<float> values(static_cast<std::size_t>(kRowsAtOnce * length));
  std::vector<float> turned(values.size());
  std::vector<float> factors(static_cast<std::size_t>(length));
  for (std::int64_t plane = 0; plane < shape[0] * shape[1]; ++plane) {
    const std::int64_t of_table = mode == RotaryMode::Decode ? first_user + plane : plane;
    const std::int64_t matrix = mode == RotaryMode::Decode ? plane % matrices : 0;
    for (std::int64_t first = 0; first < rows; first += kRowsAtOnce) {
      const std::int64_t count = std::min(kRowsAtOnce, rows - first);
      const std::int64_t at = (plane * rows + first) * length;
      const std::span part(values.data(), static_cast<std::size_t>(count * length));
      const std::span part_turned(turned.data(), part.size());
      reader.read(at, part);
      turn(part,
           std::span(transformation)
               .subspan(static_cast<std::size_t>(matrix * 32 * kTileExtent), 32 * kTileExtent),
           part_turned);
      for (std::int64_t i = 0; i < count; ++i) {
        const auto offset = static_cast<std::size_t>(i * length);
        const std::int64_t row = table_row(mode, tables.cos.shape(), of_table, first + i);
        cos.read(row, factors);
        multiply_by(part.subspan(offset, factors.size()), factors);
        sin.read(row, factors);
        multiply_by(part_turned.subspan(offset, factors.size()), factors);
      }
      add_to(part, part_turned);
      writer.write(at, part);
    }
  }
  return writer.finish();
}

std::int64_t rotation_cycles_per_tile() {
  constexpr std::int64_t kPasses = 3;  // Two products and a sum, value by value.
  return sim::cycles_per_tile_product(sim::MathFidelity::HiFi4) +
         kPasses * kElementwiseCyclesPerTile;
}

}  // namespace ttmesh::ops
