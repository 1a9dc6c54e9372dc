#include "mesh/topology/system_name.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/topology/input_file.hpp"
#include "sim/system.hpp"

namespace ttmesh::mesh {
namespace {

std::string_view head_of(std::string_view text) { return text.substr(0, text.find(':')); }

bool equals_ignoring_case(std::string_view x, std::string_view y) {
  return std::equal(x.begin(), x.end(), y.begin(), y.end(), [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

DimType type_of(bool ring) { return ring ? DimType::Ring : DimType::Line; }

/// Wires `shape` as a part of the system's own grid.
std::array<DimType, 2> cut(const sim::System& system, MeshShape shape) {
  MeshShape whole{system.rows, system.cols};
  std::array<bool, 2> rings{system.ring_rows, system.ring_cols};
  if (shape.rows > whole.rows || shape.cols > whole.cols) {
    std::swap(whole.rows, whole.cols);
    std::swap(rings[0], rings[1]);
  }
  if (shape.rows <= whole.rows && shape.cols <= whole.cols) {
    return {type_of(rings[0] && shape.rows == whole.rows),
            type_of(rings[1] && shape.cols == whole.cols)};
  }
  const bool is_line = shape.rows == 1 || shape.cols == 1;
  if (is_line && shape.size() <= whole.size()) return {DimType::Line, DimType::Line};
  throw std::invalid_argument("[topology] a " + to_string(shape) + " mesh does not fit " +
                              std::string(system.name) + ", which is " +
                              to_string({system.rows, system.cols}) +
                              "; add :line or :ring to join as many of its chips as you like");
}

}  // namespace

bool is_system_name(std::string_view text) {
  const std::string_view name = head_of(text);
  const auto systems = sim::systems();
  return std::any_of(systems.begin(), systems.end(), [name](const sim::System& system) {
    return equals_ignoring_case(system.name, name);
  });
}

ParsedTopology parse_system_name(const std::string& text) {
  const std::string_view name = head_of(text);
  const sim::System& system = sim::find_system(name);
  MeshDescription mesh{.name = std::string(system.name),
                       .shape = {system.rows, system.cols},
                       .dim_types = {type_of(system.ring_rows), type_of(system.ring_cols)},
                       .channels = system.channels};
  if (name.size() < text.size()) {
    const std::string rest = text.substr(name.size() + 1);
    const std::size_t colon = rest.find(':');
    mesh.shape = parse_mesh_shape(rest.substr(0, colon));
    if (colon == std::string::npos) {
      mesh.dim_types = cut(system, mesh.shape);
    } else {
      const std::string closing = rest.substr(colon + 1);
      if (closing != "line" && closing != "ring") {
        throw std::invalid_argument("[topology] '" + closing + "' in '" + text +
                                    "' must be line or ring");
      }
      const bool ring = closing == "ring";
      mesh.dim_types = {type_of(ring && mesh.shape.rows > 1), type_of(ring && mesh.shape.cols > 1)};
    }
    if (mesh.shape.size() > kMaxChips) {
      throw std::invalid_argument("[topology] '" + text + "' has " +
                                  std::to_string(mesh.shape.size()) + " chips, the limit is " +
                                  std::to_string(kMaxChips));
    }
    if (mesh.shape.size() > 1 && mesh.channels == 0) {
      throw std::invalid_argument("[topology] '" + text + "': a chip of " +
                                  std::string(system.name) + " has no links to others");
    }
  }
  Topology topology;
  topology.format = "preset";
  topology.system = system.name;
  topology.arch = system.chip.arch;
  topology.usable_links = 0;
  topology.set_edges(neighbour_edges(mesh));
  topology.meshes.push_back(std::move(mesh));
  return {std::move(topology), {}};
}

}  // namespace ttmesh::mesh
