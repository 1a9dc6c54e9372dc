#include "mesh/program/ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::mesh {

Ports::Ports(ChipId chip, const Machine& machine)
    : chip_(chip), machine_(machine), workers_(machine.workers_of(chip)) {
  for (const ChipId peer : machine.topology.neighbours(chip)) {
    const int edge = machine.edge_between(chip, peer);
    const int channels = machine.topology.edges[static_cast<std::size_t>(edge)].channels;
    ports_.push_back({peer, edge, outlets_.size(), channels});
    for (int index = 0; index < channels; ++index) {
      const int number = machine.channel(edge, index).number;
      outlets_.push_back({{}, {}, sim::channel_key(machine.seed, chip, peer, number)});
      use_.push_back({chip, peer, number, 0, {}});
    }
  }
}

std::size_t Ports::port_to(ChipId peer) const {
  const auto port = std::find_if(ports_.begin(), ports_.end(),
                                 [&](const Port& each) { return each.peer == peer; });
  if (port == ports_.end()) {
    throw std::logic_error(fmt::format("[Ports] no link joins chips {} and {}", chip_, peer));
  }
  return static_cast<std::size_t>(port - ports_.begin());
}

const Passage& Ports::transmit(const Transmission& transmission) {
  Port& port = ports_[port_to(transmission.peer)];
  const int links = std::min(transmission.links, port.channels);
  const std::int64_t pages =
      (transmission.bytes + transmission.page_bytes - 1) / transmission.page_bytes;
  passage_ = {.channels = std::move(passage_.channels)};
  passage_.channels.clear();
  std::int64_t bytes_left = transmission.bytes;
  for (int index = 0; index < links; ++index) {
    const std::int64_t share = pages / links + (index < pages % links ? 1 : 0);
    const std::int64_t bytes = std::min(bytes_left, share * transmission.page_bytes);
    if (bytes == 0 && index > 0) break;
    bytes_left -= bytes;
    claim(port, index, {.transmission = transmission, .bytes = bytes, .links = links});
  }
  return passage_;
}

void Ports::claim(Port& port, int index, const Share& share) {
  const Transmission& transmission = share.transmission;
  const std::size_t at = port.first + static_cast<std::size_t>(index);
  const Channel& channel = machine_.channel(port.edge, index);
  const sim::LinkModel& model = channel.link;
  Outlet& outlet = outlets_[at];

  const sim::Transfer transfer{.engine = transmission.engine,
                               .ring = transmission.ring,
                               .sent_before = transmission.sent_before,
                               .bytes = share.bytes,
                               .links = share.links,
                               .packet_bytes = transmission.packet_bytes};
  const sim::Time packet_time = port.timer.head(model, transfer);
  sim::Delays delays;
  if (channel.disturbance.any()) {
    sim::PacketFormat format = model.packet;
    format.payload_bytes = transmission.packet_bytes.value_or(format.payload_bytes);
    delays = sim::draw_delays(channel.disturbance, outlet.key, transmission.id,
                              sim::packet_count(format, share.bytes), packet_time);
  }
  const sim::Time duration = port.timer.duration(workers_, model, transfer);
  const sim::Time start = outlet.timeline.claim(transmission.earliest, duration + delays.lost);
  outlet.timeline.hold_until(transmission.not_done_before);
  const sim::Time end = outlet.timeline.free();
  const sim::Time first = std::min(end, start + delays.first_lost + packet_time);
  const sim::Time head = std::max(outlet.last_arrival, first + model.latency + delays.head);
  const sim::Time tail = std::max(head, end + model.latency + delays.tail);
  outlet.last_arrival = tail;

  passage_.sent = std::max(passage_.sent, end);
  passage_.head = std::max(passage_.head, head);
  passage_.tail = std::max(passage_.tail, tail);
  passage_.channels.push_back(
      {machine_.link_track(port.edge, index, chip_ < port.peer), start, end, share.bytes});
  use_[at].bytes += share.bytes;
  use_[at].busy += end - start;
}

sim::Time Ports::signal(ChipId peer, sim::Time time, sim::TransferId id) const {
  const Port& port = ports_[port_to(peer)];
  const Channel& channel = machine_.channel(port.edge, 0);
  const sim::Delays delays =
      sim::draw_delays(channel.disturbance, outlets_[port.first].key, id, 1, {});
  return time + delays.lost + channel.link.latency + delays.tail + sim::barrier_time(workers_);
}

const sim::LinkModel& Ports::link(ChipId peer) const {
  return machine_.channel(ports_[port_to(peer)].edge, 0).link;
}

void Ports::reset_use() {
  for (LinkUse& use : use_) {
    use.bytes = 0;
    use.busy = {};
  }
}

}  // namespace ttmesh::mesh
