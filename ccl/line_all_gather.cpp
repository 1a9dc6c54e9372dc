#include "ccl/line_all_gather.hpp"

#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Generator;
using mesh::Lane;
using mesh::Step;

// A lane is a conveyor: item k on it is the shard of the chip that has k chips behind it, and the
// chip with p behind passes item k at tick p + k. So a chip waits at a tick only for what its
// neighbour does at the tick before, and no order of chips can deadlock.
Generator<Step> gather(Member member) {
  const std::vector<Step> barrier = line_barrier(member);
  for (const Step& step : barrier) co_yield step;

  const int last = member.size - 1;
  const int own = member.size;
  const Lane copying = 2 * member.index <= last ? Lane::Forward : Lane::Backward;
  for (int tick = 0; tick <= 2 * last; ++tick) {
    for (const Lane lane : kLanes) {
      const int position = chips_behind(member, lane);
      const int item = tick - position;
      if (item < 0 || item > position) continue;
      const Chunk chunk{lane, sim::Engine::Router, item};
      const bool is_own = item == position;
      const int shard = lane == Lane::Forward ? item : last - item;
      const int slot = is_own ? own : shard;
      if (!is_own) co_yield receive(member, chunk, slot);
      if (position < last) co_yield send(member, chunk, slot);
      if (is_own && lane == copying) co_yield copy(lane, shard, own);
    }
  }
}

}  // namespace

mesh::StepPlan line_all_gather(const Member& member, int dim) {
  mesh::StepPlan plan;
  plan.slots.dim = dim;
  plan.slots.slots = member.size + 1;
  plan.slots.input_first = member.size;
  plan.slots.input_slices = 1;
  plan.slots.output_slices = member.size;
  plan.steps = gather(member);
  return plan;
}

}  // namespace ttmesh::ccl
