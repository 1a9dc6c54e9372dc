#include "ccl/steps.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Lane;
using mesh::Step;

Step signal(const Member& member, Lane lane) { return ccl::signal(lane, behind(member, lane)); }

Step await(const Member& member, Lane lane) { return ccl::await(lane, ahead(member, lane)); }

}  // namespace

Step signal(Lane lane, mesh::ChipId peer) {
  Step step;
  step.kind = Step::Kind::Signal;
  step.lane = lane;
  step.peer = peer;
  return step;
}

Step await(Lane lane, mesh::ChipId peer) {
  Step step = signal(lane, peer);
  step.kind = Step::Kind::Await;
  return step;
}

Step join(Lane lane, Lane other) {
  Step step;
  step.kind = Step::Kind::Join;
  step.lane = lane;
  step.other = other;
  return step;
}

Step send(const Member& member, const Chunk& chunk, int slot) {
  Step step;
  step.kind = Step::Kind::Send;
  step.lane = chunk.lane;
  step.engine = chunk.engine;
  step.peer = ahead(member, chunk.lane);
  step.slot = slot;
  step.round = chunk.round;
  return step;
}

Step receive(const Member& member, const Chunk& chunk, int slot) {
  Step step = send(member, chunk, slot);
  step.kind = Step::Kind::Receive;
  step.peer = behind(member, chunk.lane);
  return step;
}

Step reduce(Lane lane, int slot, int source) {
  Step step;
  step.kind = Step::Kind::Reduce;
  step.lane = lane;
  step.engine = sim::Engine::Reduction;
  step.slot = slot;
  step.source = source;
  return step;
}

Step reduce_in_passing(Lane lane, int slot, int source) {
  Step step = reduce(lane, slot, source);
  step.engine = sim::Engine::Router;
  return step;
}

Step reduce_direct(Lane lane, int slot, int source) {
  Step step = reduce(lane, slot, source);
  step.engine = sim::Engine::Direct;
  return step;
}

Step copy(Lane lane, int slot, int source) {
  Step step;
  step.kind = Step::Kind::Copy;
  step.lane = lane;
  step.slot = slot;
  step.source = source;
  return step;
}

Step copy_in_turn(Lane lane, int slot, int source) {
  Step step = copy(lane, slot, source);
  step.engine = sim::Engine::Relay;
  return step;
}

std::vector<Step> line_barrier(const Member& member) {
  // The lane with fewer chips ahead opens sooner; the other must not wait behind it.
  const bool forward_first =
      chips_behind(member, Lane::Backward) <= chips_behind(member, Lane::Forward);
  const std::array lanes = forward_first ? std::array{Lane::Forward, Lane::Backward}
                                         : std::array{Lane::Backward, Lane::Forward};
  std::vector<Step> steps;
  for (const Lane lane : lanes) {
    if (ahead(member, lane) >= 0) steps.push_back(await(member, lane));
    if (behind(member, lane) >= 0) steps.push_back(signal(member, lane));
  }
  return steps;
}

std::vector<Step> ring_barrier(const Member& member, int hops) {
  std::vector<Step> steps;
  for (int hop = 0; hop < hops; ++hop) {
    for (const Lane lane : kLanes) {
      steps.push_back(signal(member, lane));
      steps.back().round = hop;
    }
    for (const Lane lane : kLanes) {
      steps.push_back(await(member, lane));
      steps.back().round = hop;
    }
  }
  return steps;
}

std::vector<Step> neighbour_barrier(const Member& member) {
  std::vector<Step> steps;
  steps.reserve(2 * kLanes.size());
  for (const Lane lane : kLanes) {
    if (behind(member, lane) >= 0) steps.push_back(signal(member, lane));
  }
  for (const Lane lane : kLanes) {
    if (ahead(member, lane) >= 0) steps.push_back(await(member, lane));
  }
  return steps;
}

std::vector<Step> forward_barrier(const Member& member) {
  return {signal(member, Lane::Forward), await(member, Lane::Forward)};
}

}  // namespace ttmesh::ccl
