#include "ccl/direct_reduce_scatter.hpp"

#include "ccl/parts.hpp"
#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Lane;
using mesh::Step;

/// Slots of a chip: its own terms, then the terms of other chips by lane, distance and part.
struct Slots {
  int size;
  int parts;

  int own(int owner, int part) const { return owner * parts + part; }
  int sent_from(Lane lane, int distance, int part) const {
    const int farthest = size / 2;
    return (size + static_cast<int>(lane) * farthest + distance - 1) * parts + part;
  }
  /// Round in which a part takes hop `hop` of its `distance`.
  int round(int hop, int distance, int part) const {
    return (hop * (size + 1) + distance) * parts + part;
  }
  int count() const { return (size + 2 * (size / 2)) * parts; }
};

// A slice whose owner is `distance` hops away from its chip takes its first hop at hop 0. At each
// hop a chip passes on, the farthest first, the slices that have come that far and are not at their
// owner yet. The link's last slice is the one that went farthest, and is added first: nothing is
// added before all slices are there. A lane opens when all chips that its slices are for have
// started.
Generator<Step> scatter(Member member, int parts) {
  const int farthest = member.size / 2;
  const std::vector<Step> barrier = ring_barrier(member, farthest);
  for (const Step& step : barrier) co_yield step;

  const RingCut cut{member.size, parts};
  const Slots slots{member.size, parts};
  for (int hop = 0; hop < farthest; ++hop) {
    for (const Lane lane : kLanes) {
      for (int distance = farthest; distance > hop; --distance) {
        const PartOrder order = scatter_order(cut, lane, distance);
        for (int i = 0; i < order.count; ++i) {
          const int part = order.parts[static_cast<std::size_t>(i)];
          const int own = slots.own(around(member, lane, distance), part);
          const int slot = hop == 0 ? own : slots.sent_from(lane, distance, part);
          const Chunk chunk{lane, sim::Engine::Direct, slots.round(hop, distance, part)};
          co_yield send(member, chunk, slot);
        }
      }
    }
    for (const Lane lane : kLanes) {
      for (int distance = farthest; distance > hop; --distance) {
        const PartOrder order = scatter_order(cut, lane, distance);
        for (int i = 0; i < order.count; ++i) {
          const int part = order.parts[static_cast<std::size_t>(i)];
          const int slot = slots.sent_from(lane, distance, part);
          const Chunk chunk{lane, sim::Engine::Direct, slots.round(hop, distance, part)};
          co_yield receive(member, chunk, slot);
        }
      }
    }
  }

  for (int part = 0; part < parts; ++part) {
    const int sum = slots.own(member.index, part);
    for (const Lane lane : kLanes) {
      const PartOrder order = scatter_order(cut, lane, farthest);
      const int first = has_part(order, part) ? farthest : farthest - 1;
      if (first == 0) continue;
      const bool forward = lane == Lane::Forward;
      const int into = forward ? sum : slots.sent_from(lane, first, part);
      for (int distance = forward ? first : first - 1; distance >= 1; --distance) {
        co_yield reduce_direct(lane, into, slots.sent_from(lane, distance, part));
      }
      if (!forward) co_yield reduce_in_passing(lane, sum, into);
    }
  }
}

}  // namespace

mesh::StepPlan direct_reduce_scatter(const Member& member, int dim, int parts) {
  mesh::StepPlan plan;
  plan.slots.dim = dim;
  plan.slots.parts = parts;
  plan.slots.slots = Slots{member.size, parts}.count();
  plan.slots.input_slices = member.size;
  plan.slots.output_first = member.index * parts;
  plan.slots.output_slices = 1;
  plan.ring = true;
  plan.steps = scatter(member, parts);
  return plan;
}

}  // namespace ttmesh::ccl
