#include "ccl/wiring.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "ccl/places.hpp"
#include "ccl/tree.hpp"
#include "mesh/topology/line.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;
using mesh::Line;

int resolve_axis(const char* op, mesh::MeshShape shape, std::optional<int> cluster_axis) {
  if (cluster_axis) {
    if (*cluster_axis == 0 || *cluster_axis == 1) return *cluster_axis;
    throw std::invalid_argument(fmt::format(
        "[{}] cluster_axis is {}, 0 (chips of a column) or 1 (chips of a row) is needed", op,
        *cluster_axis));
  }
  if (shape.rows > 1 && shape.cols > 1) {
    throw std::invalid_argument(fmt::format(
        "[{}] cluster_axis is absent on a mesh of {}, 0 (chips of a column) or 1 (chips of a row) "
        "is needed",
        op, to_string(shape)));
  }
  return shape.rows > 1 ? 0 : 1;
}

/// Every line of the view along an axis.
std::vector<Line> lines_along(const mesh::Topology& topology, const mesh::MeshView& view,
                              int cluster_axis) {
  const std::vector<ChipId> chips = chips_of(topology, view);
  const auto stride = static_cast<std::size_t>(cluster_axis == 0 ? 1 : view.shape.cols);
  std::vector<Line> lines;
  for (int i = 0; i < view.shape.extent(1 - cluster_axis); ++i) {
    const ChipId first = chips[static_cast<std::size_t>(i) * stride];
    lines.push_back(line_through(topology, view, cluster_axis, first));
  }
  return lines;
}

std::string name_of(const Line& line) {
  constexpr std::size_t kShown = 8;
  const std::size_t shown = std::min(kShown, line.chips.size());
  const std::vector<ChipId> first(line.chips.begin(),
                                  line.chips.begin() + static_cast<std::ptrdiff_t>(shown));
  const bool cut = shown < line.chips.size();
  return fmt::format("{}{}", fmt::join(first, "-"),
                     cut ? fmt::format("-..-{}", line.chips.back()) : "");
}

/// Fewest channels between neighbours on a line that are joined, and where.
struct Narrowest {
  int channels;
  ChipId from;
  ChipId to;
};

Narrowest narrowest(const mesh::Topology& topology, const Line& line, bool ring) {
  Narrowest found{.channels = std::numeric_limits<int>::max(), .from = -1, .to = -1};
  const std::size_t size = line.chips.size();
  for (std::size_t i = 0; i < (ring ? size : size - 1); ++i) {
    const ChipId from = line.chips[i];
    const ChipId to = line.chips[(i + 1) % size];
    const int channels = topology.channels_between(from, to);
    if (channels == 0) continue;
    if (channels < found.channels) found = {channels, from, to};
  }
  return found;
}

/// What keeps a line from being used as asked for: a link that is down.
struct Damage {
  bool in_pieces = false;
  std::string note;
};

Damage damage_of(const char* op, const mesh::Machine& machine, const Line& line, bool ring,
                 int cluster_axis) {
  const bool whole = first_of(machine.topology, line) == 0;
  if (whole && (line.closed || !ring)) return {};
  const std::size_t size = line.chips.size();
  for (std::size_t i = 0; i < (ring ? size : size - 1); ++i) {
    const ChipId from = line.chips[i];
    const ChipId to = line.chips[(i + 1) % size];
    if (machine.topology.channels_between(from, to) > 0) continue;
    const bool goes_on = first_of(machine.topology, line).has_value();
    if (machine.is_down(from, to)) {
      return {!goes_on, fmt::format("the link between chips {} and {} is down: {}", from, to,
                                    goes_on ? ring ? "the ring is used as a line"
                                                   : "the line goes the other way round"
                                            : "payloads take detours")};
    }
    if (ring && i + 1 == size) {
      throw std::invalid_argument(fmt::format(
          "[{}] topology Ring needs a closed line; chips {} of cluster_axis {} are open; use "
          "Linear or a torus",
          op, name_of(line), cluster_axis));
    }
    return {!goes_on,
            fmt::format("no link joins chips {} and {}: {}", from, to,
                        goes_on ? "the line goes the other way round" : "payloads take detours")};
  }
  return {};
}

/// Throws mesh::Error (Unreachable) unless links lead from every chip of a view to every other.
void check_joined(const mesh::Topology& topology, const mesh::MeshView& view) {
  const std::vector<ChipId> chips = chips_of(topology, view);
  (void)spanning_tree(topology, chips, chips.front());
}

}  // namespace

Wiring resolve_wiring(const char* op, const mesh::MeshDevice& device,
                      const WiringOptions& options) {
  const mesh::Topology& topology = device.topology();
  const int axis = resolve_axis(op, device.shape(), options.cluster_axis);
  if (options.num_links && *options.num_links < 1) {
    throw std::invalid_argument(
        fmt::format("[{}] num_links is {}, at least 1 is needed", op, *options.num_links));
  }
  Wiring wiring{.cluster_axis = axis,
                .size = device.shape().extent(axis),
                .num_links = options.num_links.value_or(topology.usable_links),
                .topology = options.topology};
  if (wiring.size <= 2) wiring.topology = Topology::Linear;
  if (wiring.size == 1) return wiring;

  const bool ring = wiring.topology == Topology::Ring;
  for (const Line& line : lines_along(topology, device.view(), axis)) {
    const Damage damage = damage_of(op, device.machine(), line, ring, axis);
    if (!damage.note.empty()) {
      wiring.topology = Topology::Linear;
      if (wiring.note.empty() || (damage.in_pieces && !wiring.in_pieces)) wiring.note = damage.note;
      wiring.in_pieces = wiring.in_pieces || damage.in_pieces;
    }
    const Narrowest link = narrowest(topology, line, ring);
    if (options.num_links && *options.num_links > link.channels) {
      throw std::invalid_argument(
          fmt::format("[{}] num_links is {}, but {} join chips {} and {}; at most {} can be used",
                      op, *options.num_links, link.channels, link.from, link.to, link.channels));
    }
    wiring.num_links = std::min(wiring.num_links, link.channels);
  }
  if (wiring.in_pieces) check_joined(topology, device.view());
  return wiring;
}

bool is_plane(const mesh::MeshDevice& device) {
  return device.shape().rows > 1 && device.shape().cols > 1;
}

mesh::Attributes to_attributes(int dim, const Wiring& wiring) {
  return {{"dim", std::int64_t{dim}},
          {"cluster_axis", std::int64_t{wiring.cluster_axis}},
          {"num_links", std::int64_t{wiring.num_links}}};
}

}  // namespace ttmesh::ccl
