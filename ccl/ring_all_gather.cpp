#include "ccl/ring_all_gather.hpp"

#include <utility>

#include "ccl/parts.hpp"
#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Lane;
using mesh::Step;

// In round r a chip receives on each lane the shard of the chip r hops behind, and sends the one
// that it received in round r - 1; its own in round 1.
Generator<Step> gather(Member member, int parts) {
  const std::vector<Step> barrier = neighbour_barrier(member);
  for (const Step& step : barrier) co_yield step;

  const RingCut cut{member.size, parts};
  for (int round = 1; round <= member.size / 2; ++round) {
    for (const Lane lane : kLanes) {
      const PartOrder order = gather_order(cut, lane, round);
      const int shard = around(member, lane, 1 - round);
      for (int i = 0; i < order.count; ++i) {
        const int part = order.parts[static_cast<std::size_t>(i)];
        const Chunk chunk{lane, sim::Engine::Relay, round * parts + part};
        co_yield send(member, chunk, shard * parts + part);
      }
    }
    for (const Lane lane : kLanes) {
      const PartOrder order = gather_order(cut, lane, round);
      const int shard = around(member, lane, -round);
      for (int i = 0; i < order.count; ++i) {
        const int part = order.parts[static_cast<std::size_t>(i)];
        const Chunk chunk{lane, sim::Engine::Relay, round * parts + part};
        co_yield receive(member, chunk, shard * parts + part);
      }
    }
  }
}

// In round r a chip sends the shard of the chip r - 1 hops behind.
Generator<Step> gather_one_way(Member member) {
  const std::vector<Step> barrier = forward_barrier(member);
  for (const Step& step : barrier) co_yield step;
  for (int round = 1; round < member.size; ++round) {
    const Chunk chunk{Lane::Forward, sim::Engine::Relay, round};
    co_yield send(member, chunk, around(member, Lane::Forward, 1 - round));
    co_yield receive(member, chunk, around(member, Lane::Forward, -round));
  }
}

mesh::StepPlan plan_of(const Member& member, int dim, int parts, Generator<Step> steps) {
  mesh::StepPlan plan;
  plan.slots.dim = dim;
  plan.slots.parts = parts;
  plan.slots.slots = member.size * parts;
  plan.slots.input_first = member.index * parts;
  plan.slots.input_slices = 1;
  plan.slots.output_slices = member.size;
  plan.ring = true;
  plan.steps = std::move(steps);
  return plan;
}

}  // namespace

mesh::StepPlan ring_all_gather(const Member& member, int dim, int parts) {
  return plan_of(member, dim, parts, gather(member, parts));
}

mesh::StepPlan one_way_all_gather(const Member& member, int dim) {
  return plan_of(member, dim, 1, gather_one_way(member));
}

}  // namespace ttmesh::ccl
