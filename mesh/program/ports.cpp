#include "mesh/program/ports.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <tuple>

namespace ttmesh::mesh {
namespace {

bool alike(const sim::LinkModel& a, const sim::LinkModel& b) {
  const auto fields = [](const sim::LinkModel& link) {
    const sim::PacketFormat& packet = link.packet;
    return std::tuple(link.bandwidth_bytes_per_s, link.latency, packet.payload_bytes,
                      packet.header_bytes, packet.frame_bytes, packet.frame_overhead_bytes,
                      packet.interval);
  };
  return fields(a) == fields(b);
}

/// The first of the machine's links that is like `link`: what is equal has one address, mostly.
const sim::LinkModel* first_alike(const Machine& machine, const sim::LinkModel& link) {
  for (const Channel& channel : machine.channels) {
    for (const bool from_lower : {true, false}) {
      const sim::LinkModel& other = channel.direction(from_lower).link;
      if (alike(other, link)) return &other;
    }
  }
  return &link;
}

}  // namespace

Ports::Ports(ChipId chip, const Machine& machine)
    : chip_(chip), machine_(machine), workers_(machine.workers_of(chip)) {
  for (const ChipId peer : machine.topology.neighbours(chip)) {
    const int edge = machine.edge_between(chip, peer);
    const int channels = machine.topology.edges[static_cast<std::size_t>(edge)].channels;
    ports_.push_back({peer, edge, outlets_.size(), channels});
    for (int index = 0; index < channels; ++index) {
      const ChannelDirection& direction = outgoing(ports_.back(), index);
      const int number = machine.channel(edge, index).number;
      outlets_.push_back({.link = first_alike(machine, direction.link),
                          .disturbed = direction.disturbance.any(),
                          .number = number,
                          .track = machine.link_track(edge, index, chip < peer),
                          .key = sim::channel_key(machine.seed, chip, peer, number)});
    }
  }
}

const ChannelDirection& Ports::outgoing(const Port& port, int index) const {
  return machine_.channel(port.edge, index).direction(chip_ < port.peer);
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
    claim(port, index, transmission,
          {.engine = transmission.engine,
           .ring = transmission.ring,
           .sent_before = transmission.sent_before,
           .bytes = bytes,
           .links = links,
           .packet_bytes = transmission.packet_bytes});
  }
  return passage_;
}

void Ports::claim(Port& port, int index, const Transmission& transmission,
                  const sim::Transfer& share) {
  Outlet& outlet = outlets_[port.first + static_cast<std::size_t>(index)];
  const sim::LinkModel& link = *outlet.link;
  const sim::TransferTimes& times = port.timer.times(workers_, link, share);
  sim::Delays delays;
  if (outlet.disturbed) {
    sim::PacketFormat format = link.packet;
    format.payload_bytes = transmission.packet_bytes.value_or(format.payload_bytes);
    delays = sim::draw_delays(outgoing(port, index).disturbance, outlet.key, transmission.id,
                              sim::packet_count(format, share.bytes), times.head);
  }
  const sim::Time start =
      outlet.timeline.claim(transmission.earliest, times.duration + delays.lost);
  outlet.timeline.hold_until(transmission.not_done_before);
  const sim::Time end = outlet.timeline.free();
  const sim::Time first = std::min(end, start + delays.first_lost + times.head);
  const sim::Time head = std::max(outlet.last_arrival, first + link.latency + delays.head);
  const sim::Time tail = std::max(head, end + link.latency + delays.tail);
  outlet.last_arrival = tail;
  outlet.bytes += share.bytes;
  outlet.busy += end - start;

  passage_.sent = std::max(passage_.sent, end);
  passage_.head = std::max(passage_.head, head);
  passage_.tail = std::max(passage_.tail, tail);
  passage_.channels.push_back({outlet.track, start, end, share.bytes});
}

sim::Time Ports::signal(ChipId peer, sim::Time time, sim::TransferId id) const {
  const Port& port = ports_[port_to(peer)];
  const ChannelDirection& channel = outgoing(port, 0);
  const sim::Delays delays =
      sim::draw_delays(channel.disturbance, outlets_[port.first].key, id, 1, {});
  return time + delays.lost + channel.link.latency + delays.tail + sim::barrier_time(workers_);
}

const sim::LinkModel& Ports::link(ChipId peer) const {
  return outgoing(ports_[port_to(peer)], 0).link;
}

std::vector<LinkUse> Ports::use() const {
  std::vector<LinkUse> use;
  use.reserve(outlets_.size());
  for (const Port& port : ports_) {
    for (int index = 0; index < port.channels; ++index) {
      const Outlet& outlet = outlets_[port.first + static_cast<std::size_t>(index)];
      use.push_back({chip_, port.peer, outlet.number, outlet.bytes, outlet.busy});
    }
  }
  return use;
}

void Ports::reset_use() {
  for (Outlet& outlet : outlets_) {
    outlet.bytes = 0;
    outlet.busy = {};
  }
}

}  // namespace ttmesh::mesh
