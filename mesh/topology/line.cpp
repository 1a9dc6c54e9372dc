#include "mesh/topology/line.hpp"

#include <algorithm>
#include <cstdlib>
#include <queue>
#include <stdexcept>
#include <string>

namespace ttmesh::mesh {
namespace {

const MeshDescription& mesh_with_id(const Topology& topology, int id) {
  const auto found = std::find_if(topology.meshes.begin(), topology.meshes.end(),
                                  [id](const MeshDescription& mesh) { return mesh.id == id; });
  if (found == topology.meshes.end()) {
    throw std::invalid_argument("[MeshView] " + topology.name + " has no mesh with id " +
                                std::to_string(id));
  }
  return *found;
}

/// The mesh of a view that lies within it.
const MeshDescription& mesh_of_view(const Topology& topology, const MeshView& view) {
  const MeshDescription& mesh = mesh_with_id(topology, view.mesh);
  const bool inside = view.origin.row >= 0 && view.origin.col >= 0 && view.shape.rows >= 1 &&
                      view.shape.cols >= 1 &&
                      view.shape.rows <= mesh.shape.rows - view.origin.row &&
                      view.shape.cols <= mesh.shape.cols - view.origin.col;
  if (!inside) {
    throw std::invalid_argument("[MeshView] a " + to_string(view.shape) + " view at (" +
                                std::to_string(view.origin.row) + ", " +
                                std::to_string(view.origin.col) + ") does not fit mesh " +
                                std::to_string(mesh.id) + " of shape " + to_string(mesh.shape));
  }
  return mesh;
}

/// Appends the chips between `route.back()` and the one at `target` along `axis`, moving the
/// shorter way round where the axis wraps; forward if both are as long.
void walk(const MeshDescription& mesh, int axis, int target, std::vector<ChipId>& route) {
  Coordinate at = mesh.coordinate(route.back());
  int& position = axis == 0 ? at.row : at.col;
  const int extent = mesh.shape.extent(axis);
  const int distance = target - position;
  int step = distance < 0 ? -1 : 1;
  const int around = extent - std::abs(distance);
  if (mesh.wraps(axis) &&
      (around < std::abs(distance) || (around == std::abs(distance) && distance < 0))) {
    step = -step;
  }
  while (position != target) {
    position = (position + step + extent) % extent;
    route.push_back(mesh.chip(at));
  }
}

/// A shortest route over any links; the lower chip is preferred wherever several are as short.
std::vector<ChipId> search(const Topology& topology, ChipId from, ChipId to) {
  std::vector<ChipId> next_hop(static_cast<std::size_t>(topology.chip_count()), -1);
  std::queue<ChipId> frontier;
  next_hop[static_cast<std::size_t>(to)] = to;
  frontier.push(to);
  while (!frontier.empty() && next_hop[static_cast<std::size_t>(from)] < 0) {
    const ChipId chip = frontier.front();
    frontier.pop();
    for (const ChipId neighbour : topology.neighbours(chip)) {
      ChipId& hop = next_hop[static_cast<std::size_t>(neighbour)];
      if (hop >= 0) continue;
      hop = chip;
      frontier.push(neighbour);
    }
  }
  if (next_hop[static_cast<std::size_t>(from)] < 0) {
    throw unreachable(topology, from, to);
  }
  std::vector<ChipId> route{from};
  while (route.back() != to) route.push_back(next_hop[static_cast<std::size_t>(route.back())]);
  return route;
}

}  // namespace

Error unreachable(const Topology& topology, ChipId from, ChipId to) {
  std::vector<bool> reached(static_cast<std::size_t>(topology.chip_count()));
  std::vector<ChipId> found{from};
  reached[static_cast<std::size_t>(from)] = true;
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const ChipId neighbour : topology.neighbours(found[i])) {
      if (reached[static_cast<std::size_t>(neighbour)]) continue;
      reached[static_cast<std::size_t>(neighbour)] = true;
      found.push_back(neighbour);
    }
  }
  constexpr std::size_t kListed = 16;
  std::sort(found.begin(), found.end());
  std::string list;
  for (std::size_t i = 0; i < std::min(kListed, found.size()); ++i) {
    list += (i == 0 ? "" : ", ") + std::to_string(found[i]);
  }
  if (found.size() > kListed) list += " and " + std::to_string(found.size() - kListed) + " more";
  return Error(ErrorCode::Unreachable,
               "no links lead from chip " + std::to_string(from) + " to chip " +
                   std::to_string(to) + ": chip " + std::to_string(from) + " reaches " +
                   (found.size() == 1 ? "no other chip" : "only chips " + list) +
                   "; bring a link up or leave these chips out");
}

std::string to_string(const MeshView& view) {
  return "mesh " + std::to_string(view.mesh) + ", " + to_string(view.shape) + " at row " +
         std::to_string(view.origin.row) + ", column " + std::to_string(view.origin.col);
}

std::vector<ChipId> chips_of(const Topology& topology, const MeshView& view) {
  const MeshDescription& mesh = mesh_of_view(topology, view);
  std::vector<ChipId> chips;
  chips.reserve(static_cast<std::size_t>(view.shape.size()));
  for (int row = 0; row < view.shape.rows; ++row) {
    for (int col = 0; col < view.shape.cols; ++col) {
      chips.push_back(mesh.chip({view.origin.row + row, view.origin.col + col}));
    }
  }
  return chips;
}

std::optional<Coordinate> position_in(const Topology& topology, const MeshView& view, ChipId chip) {
  const MeshDescription& mesh = mesh_of_view(topology, view);
  if (!mesh.owns(chip)) return std::nullopt;
  const Coordinate at = mesh.coordinate(chip);
  const Coordinate position{at.row - view.origin.row, at.col - view.origin.col};
  const bool inside = position.row >= 0 && position.row < view.shape.rows && position.col >= 0 &&
                      position.col < view.shape.cols;
  if (!inside) return std::nullopt;
  return position;
}

Line line_through(const Topology& topology, const MeshView& view, std::optional<int> cluster_axis,
                  ChipId chip) {
  if (cluster_axis && *cluster_axis != 0 && *cluster_axis != 1) {
    throw std::invalid_argument("[line_through] cluster_axis is " + std::to_string(*cluster_axis) +
                                "; it must be 0 (a column) or 1 (a row)");
  }
  if (!cluster_axis && view.shape.rows > 1 && view.shape.cols > 1) {
    throw std::invalid_argument("[line_through] a view of shape " + to_string(view.shape) +
                                " needs a cluster_axis: 0 (a column) or 1 (a row)");
  }
  const int axis = cluster_axis.value_or(view.shape.rows > 1 ? 0 : 1);
  const std::optional<Coordinate> position = position_in(topology, view, chip);
  if (!position) {
    throw std::invalid_argument("[line_through] chip " + std::to_string(chip) +
                                " is outside the view");
  }
  const MeshDescription& mesh = mesh_with_id(topology, view.mesh);
  Line line;
  for (int i = 0; i < view.shape.extent(axis); ++i) {
    const int row = axis == 0 ? i : position->row;
    const int col = axis == 1 ? i : position->col;
    line.chips.push_back(mesh.chip({view.origin.row + row, view.origin.col + col}));
  }
  line.closed =
      line.size() >= 3 && topology.channels_between(line.chips.back(), line.chips.front()) > 0;
  return line;
}

std::vector<ChipId> route(const Topology& topology, ChipId from, ChipId to) {
  const MeshDescription& mesh = topology.mesh_of(from);
  if (&mesh != &topology.mesh_of(to) || !mesh.is_grid) return search(topology, from, to);
  std::vector<ChipId> chips{from};
  const Coordinate target = mesh.coordinate(to);
  walk(mesh, 0, target.row, chips);
  walk(mesh, 1, target.col, chips);
  for (std::size_t hop = 1; hop < chips.size(); ++hop) {
    if (topology.channels_between(chips[hop - 1], chips[hop]) == 0) {
      return search(topology, from, to);
    }
  }
  return chips;
}

}  // namespace ttmesh::mesh
