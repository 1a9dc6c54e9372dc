#include "ccl/ring_reduce_scatter.hpp"

#include <utility>

#include "ccl/parts.hpp"
#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Lane;
using mesh::Step;

// In a round a chip sends on each lane the slice whose owner is `distance` hops ahead, from the
// farthest to the nearest; what it receives then is for the chip one hop closer, at last itself.
Generator<Step> scatter(Member member, int parts) {
  const std::vector<Step> barrier = neighbour_barrier(member);
  for (const Step& step : barrier) co_yield step;

  const RingCut cut{member.size, parts};
  for (int distance = member.size / 2; distance >= 1; --distance) {
    for (const Lane lane : kLanes) {
      const PartOrder order = scatter_order(cut, lane, distance);
      const int owner = around(member, lane, distance);
      for (int i = 0; i < order.count; ++i) {
        const int part = order.parts[static_cast<std::size_t>(i)];
        const Chunk chunk{lane, sim::Engine::Reduction, distance * parts + part};
        co_yield send(member, chunk, owner * parts + part);
      }
    }
    for (const Lane lane : kLanes) {
      const PartOrder order = scatter_order(cut, lane, distance);
      const int owner = around(member, lane, distance - 1);
      const int arrived = member.size * parts + static_cast<int>(lane);
      for (int i = 0; i < order.count; ++i) {
        const int part = order.parts[static_cast<std::size_t>(i)];
        const Chunk chunk{lane, sim::Engine::Reduction, distance * parts + part};
        co_yield receive(member, chunk, arrived);
        if (distance == 1 && lane == kLanes.front()) {
          co_yield reduce_in_passing(lane, owner * parts + part, arrived);
        } else {
          co_yield reduce(lane, owner * parts + part, arrived);
        }
      }
    }
  }
}

// In a round a chip sends the sum whose owner is `distance` hops ahead, the farthest first.
Generator<Step> scatter_one_way(Member member) {
  const std::vector<Step> barrier = forward_barrier(member);
  for (const Step& step : barrier) co_yield step;
  const int arrived = member.size;
  for (int distance = member.size - 1; distance >= 1; --distance) {
    const Chunk chunk{Lane::Forward, sim::Engine::Reduction, distance};
    const int owner = around(member, Lane::Forward, distance - 1);
    co_yield send(member, chunk, around(member, Lane::Forward, distance));
    co_yield receive(member, chunk, arrived);
    co_yield reduce(Lane::Forward, owner, arrived);
  }
}

mesh::StepPlan plan_of(const Member& member, int dim, int parts, Generator<Step> steps) {
  mesh::StepPlan plan;
  plan.slots.dim = dim;
  plan.slots.parts = parts;
  plan.slots.slots = member.size * parts + static_cast<int>(kLanes.size());
  plan.slots.input_slices = member.size;
  plan.slots.output_first = member.index * parts;
  plan.slots.output_slices = 1;
  plan.ring = true;
  plan.steps = std::move(steps);
  return plan;
}

}  // namespace

mesh::StepPlan ring_reduce_scatter(const Member& member, int dim, int parts) {
  return plan_of(member, dim, parts, scatter(member, parts));
}

mesh::StepPlan one_way_reduce_scatter(const Member& member, int dim) {
  return plan_of(member, dim, 1, scatter_one_way(member));
}

}  // namespace ttmesh::ccl
