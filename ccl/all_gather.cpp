#include "ccl/all_gather.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/line_all_gather.hpp"
#include "ccl/line_schedule.hpp"
#include "ccl/parts.hpp"
#include "ccl/ring_all_gather.hpp"
#include "ccl/routed.hpp"
#include "ccl/slices.hpp"
#include "ccl/wiring.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Distribution;
using mesh::OpCall;
using mesh::Placement;
using mesh::TensorSpec;

void check_placement(const Distribution& distribution, int dim, int axis) {
  const Placement along = distribution.along(axis);
  const Placement other = distribution.along(1 - axis);
  switch (along.kind) {
    case Placement::Kind::Shard:
      if (along.dim != dim) {
        throw std::invalid_argument(fmt::format(
            "[all_gather] input is sharded on dim {} along cluster_axis {}, not on dim {}; gather "
            "dim {} there",
            along.dim, axis, dim, along.dim));
      }
      if (other == along && distribution.outer_axis == axis) {
        throw std::invalid_argument(fmt::format(
            "[all_gather] dim {} is cut along cluster_axis {} and each part again along "
            "cluster_axis {}; gather along the inner axis first: cluster_axis {}",
            dim, axis, 1 - axis, 1 - axis));
      }
      return;
    case Placement::Kind::Partial:
      if (other == mesh::shard(dim)) {
        throw std::invalid_argument(
            fmt::format("[all_gather] terms cannot be stacked along dim {}, which is sharded along "
                        "cluster_axis {}; stack them along another dim, or reduce_scatter",
                        dim, 1 - axis));
      }
      return;
    case Placement::Kind::Replicate:
    case Placement::Kind::Stacked:
      throw std::invalid_argument(fmt::format(
          "[all_gather] input is {} along cluster_axis {}, Shard({}) or Partial is needed; every "
          "chip there has all of it already, so drop the gather or name the other axis",
          along.kind == Placement::Kind::Replicate ? "Replicate" : "Stacked", axis, dim));
  }
}

std::vector<TensorSpec> infer(const OpCall& call) {
  const TensorSpec& input = call.inputs.front();
  const int dim = input.shape.index(static_cast<int>(call.attributes.integer("dim")));
  const int axis = axis_of_lines("all_gather", call.attributes);
  check_placement(input.distribution, dim, axis);

  TensorSpec output = input;
  const int chips = input.distribution.mesh.extent(axis);
  output.shape = input.shape.with(dim, input.shape[dim] * chips);
  const bool stacks = input.distribution.along(axis) == mesh::partial();
  output.distribution.placements[static_cast<std::size_t>(axis)] =
      stacks ? mesh::stacked(dim) : mesh::replicate();
  output.distribution.outer_axis = 0;
  output.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {std::move(output)};
}

constexpr std::array kAlgorithms{
    LineAlgorithm{
        "line", Topology::Linear,
        [](const Member& member, int dim, std::int64_t) { return line_all_gather(member, dim); }},
    LineAlgorithm{"ring", Topology::Ring,
                  [](const Member& member, int dim, std::int64_t pages) {
                    return ring_all_gather(member, dim, ring_parts(member.size, pages));
                  }},
    LineAlgorithm{"ring_one_way", Topology::Ring,
                  [](const Member& member, int dim, std::int64_t) {
                    return one_way_all_gather(member, dim);
                  }},
};

mesh::Schedule schedule(const mesh::CollectiveCall& call) {
  return line_schedule(call, kAlgorithms, routed_all_gather, page_count(call.call.inputs.front()));
}

/// A call, ready to be issued.
struct Prepared {
  Wiring wiring;
  mesh::Attributes attributes;
  Choice choice;
};

Prepared prepare(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const AllGatherOptions& options) {
  const int dim = index_of_dim("all_gather", input.shape, options.dim);
  Prepared prepared{
      .wiring = resolve_wiring("all_gather", device,
                               {options.cluster_axis, options.num_links, options.topology}),
      .attributes = {},
      .choice = {}};
  const Wiring& wiring = prepared.wiring;
  prepared.attributes = to_attributes(dim, wiring);
  prepared.attributes.set("memory", to_string(options.memory.value_or(input.memory)));
  const bool ring = wiring.topology == Topology::Ring;
  prepared.choice =
      choose({.op = "all_gather",
              .wiring = wiring,
              .algorithms = kAlgorithms,
              .usual = {ring ? "ring" : "line", ring ? "a closed line" : "an open line"},
              .predict =
                  [&](const std::string& algorithm) {
                    mesh::Attributes attributes = prepared.attributes;
                    attributes.set("algorithm", algorithm);
                    return device.predict("all_gather", {input}, attributes).time;
                  }},
             options.algorithm);
  prepared.attributes.set("algorithm", prepared.choice.algorithm);
  return prepared;
}

/// Without a cluster_axis on a mesh: along the axis that cuts last, then along the other one.
mesh::Tensor gather_both_axes(const mesh::Tensor& input, AllGatherOptions options) {
  const int outer = input.distribution().outer_axis;
  options.cluster_axis = 1 - outer;
  const mesh::Tensor inner = all_gather(input, options);
  options.cluster_axis = outer;
  return all_gather(inner, options);
}

}  // namespace

mesh::Tensor all_gather(const mesh::Tensor& input, const AllGatherOptions& options) {
  mesh::MeshDevice device = input.device();
  if (!options.cluster_axis && is_plane(device)) return gather_both_axes(input, options);
  const Prepared prepared = prepare(device, input.spec(), options);
  if (prepared.wiring.size == 1) return input;
  return device.enqueue("all_gather", std::array{input}, prepared.attributes).front();
}

Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const AllGatherOptions& options) {
  if (options.cluster_axis || !is_plane(device)) return prepare(device, input, options).choice;
  return {"axis_by_axis", "both axes of a mesh"};
}

std::span<const LineAlgorithm> all_gather_algorithms() { return kAlgorithms; }

mesh::OpDefinition all_gather_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = schedule;
  return definition;
}

}  // namespace ttmesh::ccl
