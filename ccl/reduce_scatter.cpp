#include "ccl/reduce_scatter.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/direct_reduce_scatter.hpp"
#include "ccl/line_reduce_scatter.hpp"
#include "ccl/parts.hpp"
#include "ccl/ring_reduce_scatter.hpp"
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
  const int axis = static_cast<int>(call.attributes.integer("cluster_axis"));
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

mesh::StepPlan steps(const mesh::CollectiveCall& call) {
  const Member member = member_of(call);
  const int dim = static_cast<int>(call.call.attributes.integer("dim"));
  const int parts = ring_parts(member.size, page_count(call.call.outputs.front()));
  const bool ring = topology_of(call.call) == Topology::Ring;
  const bool direct = call.call.attributes.flag("direct");
  mesh::StepPlan plan = direct ? direct_reduce_scatter(member, dim, parts)
                        : ring ? ring_reduce_scatter(member, dim, parts)
                               : line_reduce_scatter(member, dim);
  plan.num_links = static_cast<int>(call.call.attributes.integer("num_links"));
  return plan;
}

}  // namespace

mesh::Tensor reduce_scatter(const mesh::Tensor& input, const ReduceScatterOptions& options) {
  const int dim = index_of_dim("reduce_scatter", input.shape(), options.dim);
  mesh::MeshDevice device = input.device();
  const Wiring wiring = resolve_wiring("reduce_scatter", device,
                                       {options.cluster_axis, options.num_links, options.topology});
  if (wiring.size == 1) return input;
  mesh::Attributes attributes = to_attributes(dim, wiring);
  const bool direct = wiring.topology == Topology::Ring && wiring.size <= kMostDirectChips &&
                      chip_bytes(input.spec()) <= device.machine().collective.direct_bytes;
  attributes.set("direct", direct);
  attributes.set("memory", to_string(options.memory.value_or(input.memory())));
  const std::array inputs{input};
  return device.enqueue("reduce_scatter", inputs, std::move(attributes)).front();
}

mesh::OpDefinition reduce_scatter_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.steps = steps;
  return definition;
}

}  // namespace ttmesh::ccl
