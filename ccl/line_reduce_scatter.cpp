#include "ccl/line_reduce_scatter.hpp"

#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Lane;
using mesh::Step;

// A lane is a conveyor: item k on it is the slice of the chip that has k chips ahead, and the chip
// with p behind handles item k at tick p + k, as in line_all_gather.
Generator<Step> scatter(Member member) {
  const std::vector<Step> barrier = neighbour_barrier(member);
  for (const Step& step : barrier) co_yield step;

  const int last = member.size - 1;
  for (int tick = 0; tick <= last; ++tick) {
    for (const Lane lane : kLanes) {
      const int position = chips_behind(member, lane);
      const int item = tick - position;
      if (item < 0) continue;
      const int owner = lane == Lane::Forward ? last - item : item;
      const Chunk chunk{lane, sim::Engine::Reduction, item};
      if (position > 0) {
        const int arrived = member.size + static_cast<int>(lane);
        co_yield receive(member, chunk, arrived);
        const bool from_both_sides =
            owner == member.index && lane == kLanes.front() && owner < last;
        if (from_both_sides) {
          co_yield reduce_in_passing(lane, owner, arrived);
        } else {
          co_yield reduce(lane, owner, arrived);
        }
      }
      if (owner != member.index) co_yield send(member, chunk, owner);
    }
  }
}

}  // namespace

mesh::StepPlan line_reduce_scatter(const Member& member, int dim) {
  mesh::StepPlan plan;
  plan.slots.dim = dim;
  plan.slots.slots = member.size + static_cast<int>(kLanes.size());
  plan.slots.input_slices = member.size;
  plan.slots.output_first = member.index;
  plan.slots.output_slices = 1;
  plan.steps = scatter(member);
  return plan;
}

}  // namespace ttmesh::ccl
