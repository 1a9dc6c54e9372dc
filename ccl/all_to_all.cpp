#include "ccl/all_to_all.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/exchange_schedule.hpp"
#include "ccl/exchange_wiring.hpp"
#include "ccl/groups.hpp"
#include "ccl/slices.hpp"
#include "ccl/steps.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Lane;
using mesh::OpCall;
using mesh::SlotPlan;
using mesh::TensorSpec;

/// Packets of tt-metal's all-to-all kernels.
constexpr std::int64_t kPacketBytes = 4096;

int dim_of(const OpCall& call, const char* name) {
  return static_cast<int>(call.attributes.integer(name));
}

/// Axes along which the input's placement changes.
std::vector<int> axes_of(const OpCall& call) {
  const std::optional<int> axis = cluster_axis_of(call.attributes);
  return axis ? std::vector{*axis} : std::vector{0, 1};
}

void check_placement(const TensorSpec& input, int in_dim, const std::vector<int>& axes) {
  const mesh::Distribution& distribution = input.distribution;
  for (const int axis : axes) {
    if (distribution.along(axis) == mesh::shard(in_dim)) continue;
    if (distribution.mesh.extent(axis) == 1) continue;
    throw std::invalid_argument(
        fmt::format("[all_to_all] input is {} along cluster_axis {}, Shard({}) is needed",
                    to_string(distribution), axis, in_dim));
  }
  const bool nested = distribution.placements[0] == distribution.placements[1];
  if (axes.size() == 1 && nested && distribution.outer_axis == axes.front()) {
    throw std::invalid_argument(fmt::format(
        "[all_to_all] dim {} is cut along cluster_axis {} and each part again along cluster_axis "
        "{}; exchange along the inner axis first: cluster_axis {}",
        in_dim, axes.front(), 1 - axes.front(), 1 - axes.front()));
  }
  if (axes.size() == 2 && nested && distribution.outer_axis != 0) {
    throw std::invalid_argument(
        fmt::format("[all_to_all] dim {} is cut along columns first, rows first is needed for all "
                    "chips of a mesh; name a cluster_axis",
                    in_dim));
  }
}

std::vector<TensorSpec> infer(const OpCall& call) {
  const TensorSpec& input = call.inputs.front();
  const int in_dim = dim_of(call, "in_dim");
  const int out_dim = dim_of(call, "out_dim");
  const std::vector<int> axes = axes_of(call);
  check_placement(input, in_dim, axes);
  int chips = 1;
  for (const int axis : axes) chips *= input.distribution.mesh.extent(axis);
  if (!cuts_evenly(input, out_dim, chips)) {
    throw std::invalid_argument(fmt::format(
        "[all_to_all] dim {} of {} does not cut into {} slices of whole {}, a multiple of {} is "
        "needed",
        out_dim, to_string(input.shape), chips,
        input.layout == mesh::Layout::Tile ? "tiles" : "elements",
        chips * slice_step(input, out_dim)));
  }
  TensorSpec output = input;
  output.shape = input.shape.with(out_dim, input.shape[out_dim] / chips)
                     .with(in_dim, input.shape[in_dim] * chips);
  for (const int axis : axes) {
    output.distribution.placements[static_cast<std::size_t>(axis)] = mesh::shard(out_dim);
  }
  const bool nested =
      axes.size() == 1 && input.distribution.along(1 - axes.front()) == mesh::shard(out_dim);
  output.distribution.outer_axis = nested ? 1 - axes.front() : 0;
  output.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {std::move(output)};
}

/// The lane whose worker copies a chip's own slice: the one that sends most of a line; around a
/// ring the one that does not send the farthest.
Lane copying_lane(int size, bool ring, int index) {
  const bool forward = ring ? index % 2 == 1 : 2 * index < size;
  return forward ? Lane::Forward : Lane::Backward;
}

mesh::Schedule schedule(const mesh::CollectiveCall& call) {
  const std::vector<Group> groups = wired_groups(call);
  const int size = groups.front().size();
  const auto payload = [size](int from, int to) { return PayloadSlots{to, size + from}; };
  const auto slots = [size, in_dim = dim_of(call.call, "in_dim"),
                      out_dim = dim_of(call.call, "out_dim")](int) {
    SlotPlan plan;
    plan.dim = out_dim;
    plan.join_dim = in_dim;
    plan.slots = 2 * size;
    plan.input_slices = size;
    plan.output_first = size;
    plan.output_slices = size;
    return plan;
  };
  const bool ring = groups.front().ring[0] || groups.front().ring[1];
  const auto last = [size, ring](int index) {
    return std::vector{copy_in_turn(copying_lane(size, ring, index), size + index, index)};
  };
  return exchange_schedule(call, {.groups = groups,
                                  .transfers = everyone_to_everyone(call.topology, groups, payload),
                                  .num_links = dim_of(call.call, "num_links"),
                                  .packet_bytes = kPacketBytes,
                                  .slots = slots,
                                  .last = last});
}

/// A call, ready to be issued.
struct Prepared {
  Wiring wiring;
  mesh::Attributes attributes;
  Choice choice;
};

Prepared prepare(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const AllToAllOptions& options) {
  const int in_dim = index_of_dim("all_to_all", input.shape, options.in_dim);
  const int out_dim = index_of_dim("all_to_all", input.shape, options.out_dim);
  if (in_dim == out_dim) {
    throw std::invalid_argument(
        fmt::format("[all_to_all] in_dim and out_dim are both {}, two dims are needed", in_dim));
  }
  Prepared prepared{
      .wiring = resolve_exchange("all_to_all", device,
                                 {options.cluster_axis, options.num_links, options.topology}),
      .attributes = {{"in_dim", std::int64_t{in_dim}}, {"out_dim", std::int64_t{out_dim}}},
      .choice = {}};
  prepared.choice = choose_exchange(
      "all_to_all", prepared.wiring,
      [&](const std::string& algorithm) {
        mesh::Attributes attributes = prepared.attributes;
        add_exchange(attributes, prepared.wiring, algorithm);
        attributes.set("memory", to_string(input.memory));
        return device.predict("all_to_all", {input}, attributes).time;
      },
      options.algorithm);
  add_exchange(prepared.attributes, prepared.wiring, prepared.choice.algorithm);
  prepared.attributes.set("memory", to_string(options.memory.value_or(input.memory)));
  return prepared;
}

}  // namespace

mesh::Tensor all_to_all(const mesh::Tensor& input, const AllToAllOptions& options) {
  mesh::MeshDevice device = input.device();
  const Prepared prepared = prepare(device, input.spec(), options);
  if (prepared.wiring.size == 1) return input;
  return device.enqueue("all_to_all", std::array{input}, prepared.attributes).front();
}

Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const AllToAllOptions& options) {
  return prepare(device, input, options).choice;
}

mesh::OpDefinition all_to_all_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = schedule;
  return definition;
}

}  // namespace ttmesh::ccl
