#include "ccl/exchange_wiring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace ttmesh::ccl {
namespace {

constexpr int kWholeMesh = -1;

constexpr std::array kAlgorithms{LineAlgorithm{"line", Topology::Linear, nullptr},
                                 LineAlgorithm{"ring", Topology::Ring, nullptr}};

/// Whether links close every line of the groups along an axis.
bool is_closed(const mesh::Topology& topology, const Group& group, int axis) {
  const int extent = group.shape.extent(axis);
  if (extent < 3) return false;
  for (int i = 0; i < group.shape.extent(1 - axis); ++i) {
    const auto chip = [&](int at) {
      return group.chip(axis == 0 ? mesh::Coordinate{at, i} : mesh::Coordinate{i, at});
    };
    if (topology.channels_between(chip(extent - 1), chip(0)) == 0) return false;
  }
  return true;
}

/// The wiring of one axis; a line of an axis that is not closed stays a line.
Wiring resolve_one(const char* op, const mesh::MeshDevice& device, WiringOptions options, int axis,
                   bool may_be_open) {
  options.cluster_axis = axis;
  const Group all = groups_of(device.topology(), device.view(), std::nullopt).front();
  if (may_be_open && !is_closed(device.topology(), all, axis)) {
    options.topology = Topology::Linear;
  }
  return resolve_wiring(op, device, options);
}

}  // namespace

Wiring resolve_exchange(const char* op, const mesh::MeshDevice& device,
                        const WiringOptions& options) {
  if (options.cluster_axis || !is_plane(device)) {
    Wiring wiring = resolve_wiring(op, device, options);
    // Payloads that travel on their own take a detour where a line goes on the other way round.
    wiring.in_pieces = !wiring.note.empty();
    return wiring;
  }
  const bool ring = options.topology == Topology::Ring;
  const Wiring rows = resolve_one(op, device, options, 0, ring);
  const Wiring cols = resolve_one(op, device, options, 1, ring);
  Wiring wiring = rows;
  wiring.cluster_axis = kWholeMesh;
  wiring.size = device.shape().size();
  wiring.num_links = std::min(rows.num_links, cols.num_links);
  if (cols.topology == Topology::Ring) wiring.topology = Topology::Ring;
  if (wiring.note.empty()) wiring.note = cols.note;
  wiring.in_pieces = !wiring.note.empty();
  if (ring && wiring.topology != Topology::Ring && !wiring.in_pieces) {
    throw std::invalid_argument(fmt::format(
        "[{}] topology Ring needs closed lines along an axis, and those of both are open; use "
        "Linear or a torus",
        op));
  }
  return wiring;
}

Choice choose_exchange(const char* op, const Wiring& wiring,
                       std::function<sim::Time(const std::string&)> predict,
                       const std::optional<std::string>& wanted) {
  const bool ring = wiring.topology == Topology::Ring;
  return choose({.op = op,
                 .wiring = wiring,
                 .algorithms = kAlgorithms,
                 .usual = {ring ? "ring" : "line", ring ? "closed lines" : "open lines"},
                 .predict = std::move(predict)},
                wanted);
}

void add_exchange(mesh::Attributes& attributes, const Wiring& wiring,
                  const std::string& algorithm) {
  attributes.set("cluster_axis", std::int64_t{wiring.cluster_axis});
  attributes.set("num_links", std::int64_t{wiring.num_links});
  attributes.set("algorithm", algorithm);
}

std::optional<int> cluster_axis_of(const mesh::Attributes& attributes) {
  const std::int64_t axis = attributes.integer("cluster_axis");
  if (axis < kWholeMesh || axis > 1) {
    throw std::invalid_argument(fmt::format(
        "cluster_axis is {}, 0, 1 or, for all chips of a mesh, {} is needed", axis, kWholeMesh));
  }
  return axis == kWholeMesh ? std::nullopt : std::optional(static_cast<int>(axis));
}

std::vector<Group> wired_groups(const mesh::CollectiveCall& call) {
  const mesh::Attributes& attributes = call.call.attributes;
  const std::string& algorithm = attributes.text("algorithm");
  std::vector<Group> groups = groups_of(call.topology, call.view, cluster_axis_of(attributes));
  for (Group& group : groups) {
    group.routed = algorithm == kRouted;
    for (const int axis : {0, 1}) {
      group.ring[static_cast<std::size_t>(axis)] =
          algorithm == "ring" && is_closed(call.topology, group, axis);
    }
  }
  return groups;
}

}  // namespace ttmesh::ccl
