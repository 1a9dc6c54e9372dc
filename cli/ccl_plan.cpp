#include "cli/ccl_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <vector>

#include "ccl/wiring.hpp"
#include "cli/byte_size.hpp"
#include "cli/ccl_dtype.hpp"
#include "mesh/topology/line.hpp"

namespace ttmesh::cli {
namespace {

constexpr const char* kUsualSize = "32M";

CclSizes sizes_of(const CclArguments& arguments) {
  // Signals have no size: a single row, whatever is asked for.
  if (arguments.collective == "barrier") return {.first = 0, .last = 0, .step = 1, .factor = 1};
  CclSizes sizes{.first = parse_byte_size("-b", arguments.min_bytes),
                 .last = parse_byte_size("-e", kUsualSize),
                 .step = parse_byte_size("-i", arguments.step_bytes),
                 .factor = arguments.factor.value_or(1)};
  sizes.last = arguments.max_bytes.empty() ? std::max(sizes.first, sizes.last)
                                           : parse_byte_size("-e", arguments.max_bytes);
  if (sizes.last < sizes.first) {
    throw std::invalid_argument(fmt::format(
        "[-e] the largest size {} is below the smallest {}; needs -b SMALLEST -e LARGEST",
        arguments.max_bytes, arguments.min_bytes));
  }
  return sizes;
}

/// Whether every line along an axis is a closed one.
bool is_closed(const mesh::MeshDevice& device, int axis) {
  const mesh::Topology& topology = device.topology();
  const std::vector<mesh::ChipId> chips = chips_of(topology, device.view());
  return std::all_of(chips.begin(), chips.end(), [&](mesh::ChipId chip) {
    return line_through(topology, device.view(), axis, chip).closed;
  });
}

CclGroups groups_of(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const mesh::MeshShape shape = device.shape();
  if (arguments.cluster_axis) return {shape, arguments.cluster_axis};
  if (shape.rows > 1 && shape.cols > 1) return {shape, std::nullopt};
  return {shape, shape.rows > 1 ? 0 : 1};
}

int index_below(const char* option, int index, int count) {
  if (index >= 0 && index < count) return index;
  throw std::invalid_argument(
      fmt::format("[{}] there is no chip {}, needs one from 0 to {}", option, index, count - 1));
}

/// How the chips of the groups are joined, and in words.
struct Plan {
  CclCall call;
  std::string wiring;
};

std::string count_of(int count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string text_of(const CclGroups& groups) {
  std::string text = count_of(groups.size(), "chip");
  if (groups.count() > 1) text = fmt::format("{} groups of {}", groups.count(), text);
  return text + (groups.cluster_axis ? fmt::format(" along cluster_axis {}", *groups.cluster_axis)
                                     : fmt::format(" of a {} mesh", to_string(groups.mesh)));
}

Plan plan_of(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const CclGroups groups = groups_of(device, arguments);
  Plan plan{.call = {.groups = groups,
                     .num_links = arguments.num_links,
                     .algorithm = arguments.algorithm,
                     .root = index_below("--root", arguments.root.value_or(0), groups.size())},
            .wiring = text_of(groups)};
  if (groups.size() == 1) return plan;
  if (find_collective(arguments.collective).extra == CclExtra::Barrier) {
    plan.wiring += groups.cluster_axis ? ", signals along the line" : ", signals over a tree";
    return plan;
  }

  std::vector<int> axes;
  for (const int axis : {0, 1}) {
    const bool is_used = axis == groups.cluster_axis.value_or(axis);
    if (is_used && device.shape().extent(axis) > 1) axes.push_back(axis);
  }
  const bool closed =
      std::all_of(axes.begin(), axes.end(), [&](int axis) { return is_closed(device, axis); });
  const bool ring = arguments.topology.empty() ? closed : arguments.topology == "ring";
  plan.call.topology = ring ? ccl::Topology::Ring : ccl::Topology::Linear;
  const std::string why = !arguments.topology.empty() ? ""
                          : closed                    ? " (the line is closed)"
                                                      : " (the line is open)";
  bool stays_ring = ring;
  std::string notes;
  int links = std::numeric_limits<int>::max();
  for (const int axis : axes) {
    // Some collectives take a mesh as a ring that is closed along one axis only.
    const ccl::Topology topology = axes.size() > 1 ? ccl::Topology::Linear : plan.call.topology;
    const ccl::Wiring wiring =
        ccl::resolve_wiring("ccl", device, {axis, arguments.num_links, topology});
    links = std::min(links, wiring.num_links);
    // A ring of two chips is a line, and so is one with a link that is down.
    if (axes.size() == 1) stays_ring = wiring.topology == ccl::Topology::Ring;
    if (!wiring.note.empty()) notes += fmt::format(" ({})", wiring.note);
  }
  plan.wiring += fmt::format(", {}{}{}, {}", stays_ring ? "ring" : "linear",
                             notes.empty() ? why : "", notes, count_of(links, "link"));
  return plan;
}

/// From one chip, which is all of `device`, to another of the machine.
Plan plan_of_ends(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const mesh::ChipId from = chips_of(device.topology(), device.view()).front();
  const mesh::MeshDevice receiver = chip_device(device, "--to", arguments.to.value_or(1));
  const mesh::ChipId to = chips_of(device.topology(), receiver.view()).front();
  const std::size_t hops = mesh::route(device.topology(), from, to).size() - 1;
  return {.call = {.groups = {device.shape(), std::nullopt},
                   .num_links = arguments.num_links,
                   .algorithm = {},
                   .receiver = receiver},
          .wiring = fmt::format("from chip {} to chip {}, {}", from, to,
                                count_of(static_cast<int>(hops), "hop"))};
}

}  // namespace

int mesh_of_chip(const mesh::Topology& topology, const char* option, int chip) {
  return topology.mesh_of(index_below(option, chip, topology.chip_count())).id;
}

mesh::MeshDevice chip_device(const mesh::MeshDevice& device, const char* option, int chip) {
  const mesh::Topology& topology = device.topology();
  const mesh::MeshDescription& mesh =
      topology.mesh_of(index_below(option, chip, topology.chip_count()));
  return device.mesh(mesh.id).submesh({1, 1}, mesh.coordinate(chip));
}

void check_usage(const CclArguments& arguments) {
  (void)sizes_of(arguments);
  const Collective& collective = find_collective(arguments.collective);
  const auto refuse = [&](const char* option, bool given, bool taken) {
    if (!given || taken) return;
    throw std::invalid_argument(
        fmt::format("[{}] {} has no such option; drop it", option, collective.name));
  };
  const bool has_ends = collective.extra == CclExtra::Ends;
  refuse("--root", arguments.root.has_value(), collective.extra == CclExtra::Root);
  refuse("--from", arguments.from.has_value(), has_ends);
  refuse("--to", arguments.to.has_value(), has_ends);
  const bool is_barrier = collective.extra == CclExtra::Barrier;
  refuse("--cluster-axis", arguments.cluster_axis.has_value(), !has_ends && !is_barrier);
  refuse("--topology", !arguments.topology.empty(), !has_ends && !is_barrier);
  refuse("--num-links", arguments.num_links.has_value(), !is_barrier);
  refuse("--algorithm", arguments.algorithm.has_value(), collective.choice != nullptr);
  const mesh::DataType dtype = parse_ccl_dtype(arguments.dtype);
  if (collective.needs_rows && mesh::is_block_float(dtype)) {
    throw std::invalid_argument(
        fmt::format("[-d] {} takes row-major tensors, and {} exists only in tiles; needs a format "
                    "that is no block float, such as bf16",
                    collective.name, name(dtype)));
  }
}

CclHeading heading_of(const mesh::MeshDevice& device, const CclArguments& arguments) {
  const MachineArguments& machine = arguments.machine;
  const Collective& collective = find_collective(arguments.collective);
  const Plan plan = collective.extra == CclExtra::Ends ? plan_of_ends(device, arguments)
                                                       : plan_of(device, arguments);
  return {.arguments = arguments.words,
          .topology = machine.topology,
          .system = device.topology().system,
          .wiring = plan.wiring,
          .sizes = sizes_of(arguments),
          .request = {.collective = &collective,
                      .call = plan.call,
                      .dtype = parse_ccl_dtype(arguments.dtype),
                      .seed = machine.seed,
                      .iterations = arguments.iterations,
                      .warm_ups = arguments.warm_ups,
                      .check = arguments.check != 0,
                      .trace = !machine.trace.empty()},
          .timing_only = device.timing_only()};
}

}  // namespace ttmesh::cli
