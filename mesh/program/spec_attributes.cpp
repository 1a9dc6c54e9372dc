#include "mesh/program/spec_attributes.hpp"

#include <stdexcept>

namespace ttmesh::mesh {
namespace {

std::int64_t encode(Placement::Kind kind) { return static_cast<std::int64_t>(kind); }

}  // namespace

Attributes to_attributes(const TensorSpec& spec) {
  const auto& [rows, columns] = spec.distribution.placements;
  Attributes attributes;
  attributes.set("shape",
                 std::vector<std::int64_t>(spec.shape.dims().begin(), spec.shape.dims().end()));
  attributes.set("dtype", std::string(name(spec.dtype)));
  attributes.set("layout", std::string(spec.layout == Layout::Tile ? "tile" : "row_major"));
  attributes.set("memory", to_string(spec.memory));
  attributes.set(
      "mesh", std::vector<std::int64_t>{spec.distribution.mesh.rows, spec.distribution.mesh.cols});
  attributes.set("placements",
                 std::vector<std::int64_t>{encode(rows.kind), rows.dim, encode(columns.kind),
                                           columns.dim, spec.distribution.outer_axis});
  return attributes;
}

TensorSpec spec_of(const Attributes& attributes) {
  const auto& mesh = attributes.integers("mesh");
  const auto& placements = attributes.integers("placements");
  if (mesh.size() != 2 || placements.size() != 5) {
    throw std::invalid_argument("[spec_of] mesh needs 2 numbers and placements 5");
  }
  const auto placement = [&](std::size_t at) {
    if (placements[at] < 0 || placements[at] > encode(Placement::Kind::Stacked)) {
      throw std::invalid_argument("[spec_of] unknown kind of placement");
    }
    return Placement{static_cast<Placement::Kind>(placements[at]),
                     static_cast<int>(placements[at + 1])};
  };
  TensorSpec spec;
  spec.shape = Shape(attributes.integers("shape"));
  spec.dtype = parse_dtype(attributes.text("dtype"));
  spec.layout = attributes.text("layout") == "tile" ? Layout::Tile : Layout::RowMajor;
  spec.memory = parse_memory_config(attributes.text("memory"));
  spec.distribution = {.mesh = {static_cast<int>(mesh[0]), static_cast<int>(mesh[1])},
                       .placements = {placement(0), placement(2)},
                       .outer_axis = static_cast<int>(placements[4])};
  return spec;
}

}  // namespace ttmesh::mesh
