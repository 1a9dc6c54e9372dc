#include "ccl/reduce_scatter.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/direct_reduce_scatter.hpp"
#include "ccl/line_reduce_scatter.hpp"
#include "ccl/line_schedule.hpp"
#include "ccl/parts.hpp"
#include "ccl/ring_reduce_scatter.hpp"
#include "ccl/routed.hpp"
#include "ccl/slices.hpp"
#include "ccl/wiring.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::OpCall;
using mesh::TensorSpec;

std::vector<TensorSpec> infer(const OpCall& call) {
  const TensorSpec& input = call.inputs.front();
  const int dim = input.shape.index(static_cast<int>(call.attributes.integer("dim")));
  const int axis = axis_of_lines("reduce_scatter", call.attributes);
  const int chips = input.distribution.mesh.extent(axis);
  if (input.distribution.along(axis) != mesh::partial()) {
    throw std::invalid_argument(
        fmt::format("[reduce_scatter] input {} owes no sum along cluster_axis {}, Partial is "
                    "needed; mesh_partition cuts a replicated tensor",
                    to_string(input.distribution), axis));
  }
  if (input.distribution.along(1 - axis) == mesh::stacked(dim)) {
    throw std::invalid_argument(
        fmt::format("[reduce_scatter] dim {} holds the stacked terms of cluster_axis {}, a dim "
                    "that is no stack is needed; fast_reduce_nc over dim {} first",
                    dim, 1 - axis, dim));
  }
  if (!cuts_evenly(input, dim, chips)) {
    throw std::invalid_argument(fmt::format(
        "[reduce_scatter] dim {} of {} does not cut into {} slices of whole {}, a "
        "multiple of {} is needed",
        dim, to_string(input.shape), chips,
        input.layout == mesh::Layout::Tile ? "tiles" : "elements", chips * slice_step(input, dim)));
  }

  TensorSpec output = input;
  output.shape = input.shape.with(dim, input.shape[dim] / chips);
  output.distribution.placements[static_cast<std::size_t>(axis)] = mesh::shard(dim);
  const bool nested = input.distribution.along(1 - axis) == mesh::shard(dim);
  output.distribution.outer_axis = nested ? 1 - axis : 0;
  output.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {std::move(output)};
}

constexpr std::array kAlgorithms{
    LineAlgorithm{"line", Topology::Linear,
                  [](const Member& member, int dim, std::int64_t) {
                    return line_reduce_scatter(member, dim);
                  }},
    LineAlgorithm{"ring", Topology::Ring,
                  [](const Member& member, int dim, std::int64_t pages) {
                    return ring_reduce_scatter(member, dim, ring_parts(member.size, pages));
                  }},
    LineAlgorithm{"ring_one_way", Topology::Ring,
                  [](const Member& member, int dim, std::int64_t) {
                    return one_way_reduce_scatter(member, dim);
                  }},
    LineAlgorithm{"direct", Topology::Ring,
                  [](const Member& member, int dim, std::int64_t pages) {
                    return direct_reduce_scatter(member, dim, ring_parts(member.size, pages));
                  },
                  kMostDirectChips},
};

mesh::Schedule schedule(const mesh::CollectiveCall& call) {
  return line_schedule(call, kAlgorithms, routed_reduce_scatter,
                       page_count(call.call.outputs.front()));
}

/// What tt-metal runs.
Choice usual_choice(const mesh::MeshDevice& device, const TensorSpec& input, const Wiring& wiring) {
  if (wiring.topology != Topology::Ring) return {"line", "an open line"};
  const std::int64_t limit = device.machine().collective.direct_bytes;
  const bool small = chip_bytes(input) <= limit;
  if (small && wiring.size <= kMostDirectChips) {
    return {"direct", fmt::format("at most {} bytes around a closed line", limit)};
  }
  return {"ring", "a closed line"};
}

/// A call, ready to be issued.
struct Prepared {
  Wiring wiring;
  mesh::Attributes attributes;
  Choice choice;
};

Prepared prepare(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const ReduceScatterOptions& options) {
  const int dim = index_of_dim("reduce_scatter", input.shape, options.dim);
  Prepared prepared{
      .wiring = resolve_wiring("reduce_scatter", device,
                               {options.cluster_axis, options.num_links, options.topology}),
      .attributes = {},
      .choice = {}};
  prepared.attributes = to_attributes(dim, prepared.wiring);
  prepared.attributes.set("memory", to_string(options.memory.value_or(input.memory)));
  prepared.choice = choose({.op = "reduce_scatter",
                            .wiring = prepared.wiring,
                            .algorithms = kAlgorithms,
                            .usual = usual_choice(device, input, prepared.wiring),
                            .predict =
                                [&](const std::string& algorithm) {
                                  mesh::Attributes attributes = prepared.attributes;
                                  attributes.set("algorithm", algorithm);
                                  return device.predict("reduce_scatter", {input}, attributes).time;
                                }},
                           options.algorithm);
  prepared.attributes.set("algorithm", prepared.choice.algorithm);
  return prepared;
}

/// Without a cluster_axis on a mesh: rows cut first, as mappers do.
mesh::Tensor scatter_both_axes(const mesh::Tensor& input, ReduceScatterOptions options) {
  options.cluster_axis = 0;
  const mesh::Tensor rows = reduce_scatter(input, options);
  options.cluster_axis = 1;
  return reduce_scatter(rows, options);
}

}  // namespace

mesh::Tensor reduce_scatter(const mesh::Tensor& input, const ReduceScatterOptions& options) {
  mesh::MeshDevice device = input.device();
  if (!options.cluster_axis && is_plane(device)) return scatter_both_axes(input, options);
  const Prepared prepared = prepare(device, input.spec(), options);
  if (prepared.wiring.size == 1) return input;
  return device.enqueue("reduce_scatter", std::array{input}, prepared.attributes).front();
}

Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const ReduceScatterOptions& options) {
  if (options.cluster_axis || !is_plane(device)) return prepare(device, input, options).choice;
  return {"axis_by_axis", "both axes of a mesh"};
}

std::span<const LineAlgorithm> reduce_scatter_algorithms() { return kAlgorithms; }

mesh::OpDefinition reduce_scatter_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = schedule;
  return definition;
}

}  // namespace ttmesh::ccl
