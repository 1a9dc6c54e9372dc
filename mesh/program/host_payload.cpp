#include "mesh/program/host_payload.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "mesh/topology/line.hpp"

namespace ttmesh::mesh {
namespace {

/// Extents of the grid of hosts that the payload is cut by.
constexpr const char* kHosts = "payload_hosts";

MeshShape chips_of_a_host(MeshShape mesh, MeshShape hosts) {
  return {mesh.rows / hosts.rows, mesh.cols / hosts.cols};
}

/// Where the host of `rank` lies in the grid of hosts; nothing if its chips are not the rectangle
/// that is there.
std::optional<Coordinate> place_of(const Topology& topology, const MeshDescription& mesh,
                                   int rank) {
  const MeshShape own = chips_of_a_host(mesh.shape, mesh.host_shape);
  std::optional<Coordinate> place;
  for (ChipId chip = mesh.first_chip; chip < mesh.first_chip + mesh.shape.size(); ++chip) {
    const Coordinate at = mesh.coordinate(chip);
    const Coordinate found{at.row / own.rows, at.col / own.cols};
    if (topology.host_of(chip) == rank) {
      if (place.value_or(found) != found) return std::nullopt;
      place = found;
    } else if (place == found) {
      return std::nullopt;
    }
  }
  return place;
}

/// Whether each host's parts lie together: nested parts do along the axis that cuts first.
bool is_cut_by(const Distribution& distribution, MeshShape hosts) {
  const Placement& rows = distribution.along(0);
  const Placement& cols = distribution.along(1);
  const bool nested = rows.kind == Placement::Kind::Shard && rows == cols;
  return !nested || (distribution.outer_axis == 0 ? hosts.cols : hosts.rows) == 1;
}

/// The dtype in which values of the payload's kind pass unrounded.
DataType unrounded(const HostTensor& payload, DataType dtype) {
  return std::holds_alternative<std::vector<float>>(payload.values) ? DataType::Float32 : dtype;
}

}  // namespace

CommandPtr for_host(const CommandPtr& command, const Topology& topology, int rank) {
  if (!command->payload || command->output_specs.empty()) return command;
  const TensorSpec& spec = command->output_specs.front();
  const MeshDescription& mesh = select_mesh(topology, command->view.mesh);
  const MeshShape hosts = mesh.host_shape;
  const bool whole = command->view.origin == Coordinate{} && command->view.shape == mesh.shape;
  if (!whole || hosts.size() == 1 || !is_cut_by(spec.distribution, hosts)) return command;
  const std::optional<Coordinate> place = place_of(topology, mesh, rank);
  if (!place) return command;

  // The host's values are its part if each host were one chip.
  Distribution over_hosts = spec.distribution;
  over_hosts.mesh = hosts;
  const HostTensor& all = *command->payload;
  const TensorSpec part{.shape = local_shape(all.shape, over_hosts),
                        .dtype = unrounded(all, spec.dtype),
                        .layout = spec.layout,
                        .memory = spec.memory,
                        .distribution = over_hosts};
  auto own = std::make_shared<Command>(*command);
  own->payload = std::make_shared<const HostTensor>(to_host(shard_of(all, part, *place)));
  own->attributes.set(kHosts, std::vector<std::int64_t>{hosts.rows, hosts.cols});
  return own;
}

Shard written_shard(const OpRun& run) {
  TensorSpec spec = run.call.outputs.front();
  if (!run.call.attributes.has(kHosts)) return shard_of(*run.payload, spec, run.chip);
  const std::vector<std::int64_t> hosts = run.call.attributes.integers(kHosts);
  const MeshShape own = chips_of_a_host(
      spec.distribution.mesh, {static_cast<int>(hosts.at(0)), static_cast<int>(hosts.at(1))});
  spec.distribution.mesh = own;
  return shard_of(*run.payload, spec, {run.chip.row % own.rows, run.chip.col % own.cols});
}

}  // namespace ttmesh::mesh
