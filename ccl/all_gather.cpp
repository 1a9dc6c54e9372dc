#include "ccl/all_gather.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/line_all_gather.hpp"
#include "ccl/parts.hpp"
#include "ccl/ring_all_gather.hpp"
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
  const int axis = static_cast<int>(call.attributes.integer("cluster_axis"));
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

mesh::StepPlan steps(const mesh::CollectiveCall& call) {
  const Member member = member_of(call);
  const int dim = static_cast<int>(call.call.attributes.integer("dim"));
  const int parts = ring_parts(member.size, page_count(call.call.inputs.front()));
  const bool ring = topology_of(call.call) == Topology::Ring;
  mesh::StepPlan plan = ring ? ring_all_gather(member, dim, parts) : line_all_gather(member, dim);
  plan.num_links = static_cast<int>(call.call.attributes.integer("num_links"));
  return plan;
}

}  // namespace

mesh::Tensor all_gather(const mesh::Tensor& input, const AllGatherOptions& options) {
  const int dim = index_of_dim("all_gather", input.shape(), options.dim);
  mesh::MeshDevice device = input.device();
  const Wiring wiring = resolve_wiring("all_gather", device,
                                       {options.cluster_axis, options.num_links, options.topology});
  if (wiring.size == 1) return input;
  mesh::Attributes attributes = to_attributes(dim, wiring);
  attributes.set("memory", to_string(options.memory.value_or(input.memory())));
  const std::array inputs{input};
  return device.enqueue("all_gather", inputs, std::move(attributes)).front();
}

mesh::OpDefinition all_gather_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.steps = steps;
  return definition;
}

}  // namespace ttmesh::ccl
