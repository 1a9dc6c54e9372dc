#include "mesh/program/ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::mesh {

Ports::Ports(ChipId chip, const Machine& machine) : chip_(chip), machine_(machine) {
  for (const ChipId peer : machine.topology.neighbours(chip)) {
    const int edge = machine.edge_between(chip, peer);
    const int channels = machine.topology.edges[static_cast<std::size_t>(edge)].channels;
    ports_.push_back({peer, edge, timelines_.size(), channels});
    for (int channel = 0; channel < channels; ++channel) {
      timelines_.emplace_back();
      use_.push_back({chip, peer, channel, 0, {}});
    }
  }
}

const Ports::Port& Ports::port_to(ChipId peer) const {
  const auto port = std::find_if(ports_.begin(), ports_.end(),
                                 [&](const Port& each) { return each.peer == peer; });
  if (port == ports_.end()) {
    throw std::logic_error(fmt::format("[Ports] no link joins chips {} and {}", chip_, peer));
  }
  return *port;
}

const Passage& Ports::transmit(const Transmission& transmission) {
  const Port& port = port_to(transmission.peer);
  const sim::LinkModel& model = link(transmission.peer);
  const int links = std::min(transmission.links, port.channels);
  const std::int64_t pages =
      (transmission.bytes + transmission.page_bytes - 1) / transmission.page_bytes;
  passage_ = {.channels = std::move(passage_.channels)};
  passage_.channels.clear();
  std::int64_t bytes_left = transmission.bytes;
  for (int channel = 0; channel < links; ++channel) {
    const std::int64_t share = pages / links + (channel < pages % links ? 1 : 0);
    const std::int64_t bytes = std::min(bytes_left, share * transmission.page_bytes);
    if (bytes == 0 && channel > 0) break;
    bytes_left -= bytes;

    const std::size_t index = port.first + static_cast<std::size_t>(channel);
    const sim::Time duration = sim::transfer_time(machine_.collective, model,
                                                  {.engine = transmission.engine,
                                                   .ring = transmission.ring,
                                                   .sent_before = transmission.sent_before,
                                                   .bytes = bytes,
                                                   .links = links,
                                                   .packet_bytes = transmission.packet_bytes});
    const sim::Time start = timelines_[index].claim(transmission.earliest, duration);
    timelines_[index].hold_until(transmission.not_done_before);
    const sim::Time end = timelines_[index].free();
    const std::int64_t packet = std::min(bytes, transmission.packet_bytes.value_or(bytes));
    const sim::Time head = std::min(end, start + sim::head_serialisation(model, packet));
    passage_.sent = std::max(passage_.sent, end);
    passage_.head = std::max(passage_.head, head + model.latency);
    passage_.tail = std::max(passage_.tail, end + model.latency);
    passage_.channels.push_back(
        {machine_.link_track(port.edge, channel, chip_ < port.peer), start, end, bytes});
    use_[index].bytes += bytes;
    use_[index].busy += end - start;
  }
  return passage_;
}

sim::Time Ports::signal(ChipId peer, sim::Time time) const {
  return time + link(peer).latency + machine_.collective.barrier_step;
}

const sim::LinkModel& Ports::link(ChipId peer) const {
  return machine_.links[static_cast<std::size_t>(port_to(peer).edge)];
}

void Ports::reset_use() {
  for (LinkUse& use : use_) {
    use.bytes = 0;
    use.busy = {};
  }
}

}  // namespace ttmesh::mesh
