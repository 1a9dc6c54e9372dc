#include "mesh/program/recorder.hpp"

namespace ttmesh::mesh {

void Recorder::op(int queue_track, const Command& command, sim::Time start, sim::Time end) {
  ops.push_back({command.number, start, end});
  if (trace) slices.push_back({queue_track, start, end, command.number, 0, command.op, 0});
}

void Recorder::passage(const Command& command, std::uint32_t step, const Passage& passage,
                       int receiver_track) {
  if (!trace) return;
  for (const ChannelUse& use : passage.channels) {
    slices.push_back({use.track, use.start, use.end, command.number, step, command.op, use.bytes});
  }
  const ChannelUse& first = passage.channels.front();
  arrows.push_back({first.track, receiver_track, first.start, passage.tail, command.number, step});
}

}  // namespace ttmesh::mesh
