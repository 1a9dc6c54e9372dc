#include "sim/collective_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kPicosecondsPerSecond = 1'000'000'000'000;

LinkModel with_packets(LinkModel link, std::optional<std::int64_t> packet_bytes) {
  if (packet_bytes) link.packet.payload_bytes = *packet_bytes;
  return link;
}

Ratio rate_of(const CollectiveModel& model, const Transfer& transfer) {
  switch (transfer.engine) {
    case Engine::Router:
      return transfer.ring ? model.relay_rate : model.router_rate;
    case Engine::Relay:
      return model.relay_rate;
    case Engine::Direct:
      return model.direct_rate;
    case Engine::Reduction:
      return transfer.ring ? model.reduce_rate_ring : model.reduce_rate_line;
  }
  return model.router_rate;
}

/// Times that a byte of one direction crosses the DRAM interface on the chip that handles it.
std::int64_t dram_passes(Engine engine) {
  switch (engine) {
    case Engine::Router:
      return 1;
    case Engine::Relay:
    case Engine::Direct:
      return 2;
    case Engine::Reduction:
      return 3;
  }
  return 1;
}

Ramp ramp_of(const CollectiveModel& model, Engine engine) {
  switch (engine) {
    case Engine::Router:
      return model.router_ramp;
    case Engine::Relay:
      return model.relay_ramp;
    case Engine::Reduction:
      return model.reduce_ramp;
    case Engine::Direct:
      return {};
  }
  return {};
}

/// Engine time of a worker's first `bytes` bytes: the ramp is paid in proportion over the worker's
/// part of the ramp's bytes.
Wide engine_picoseconds(const CollectiveModel& model, const Transfer& transfer,
                        const EnginePace& pace, std::int64_t bytes) {
  Wide time = ceil_div(bytes * pace.num, pace.den);
  const Ramp ramp = ramp_of(model, transfer.engine);
  if (ramp.time > Time()) {
    const Wide ramped = std::min<Wide>(Wide{bytes} * transfer.links, ramp.bytes);
    time += ceil_div(ramped * ramp.time.ps(), ramp.bytes);
  }
  if (model.slowdown == Ratio{}) return time;
  return ceil_div(time * model.slowdown.num, model.slowdown.den);
}

Time slowed(const CollectiveModel& model, Time time) {
  return model.slowdown == Ratio{} ? time : scale(time, model.slowdown);
}

EnginePace in_lowest_terms(EnginePace pace) {
  Wide a = pace.num;
  Wide b = pace.den;
  while (b != 0) a = std::exchange(b, a % b);
  return {pace.num / a, pace.den / a};
}

}  // namespace

EnginePace engine_pace(const CollectiveModel& model, const LinkModel& link,
                       const Transfer& transfer) {
  const Ratio rate = rate_of(model, transfer);
  EnginePace pace{Wide{rate.den} * kPicosecondsPerSecond,
                  Wide{rate.num} * link.bandwidth_bytes_per_s};
  if (transfer.packet_bytes) {
    // Rates hold at the link's own packet size; other packets carry more or fewer wire bytes.
    const PacketFormat own = link.packet;
    const PacketFormat other = with_packets(link, transfer.packet_bytes).packet;
    pace.num *= Wide{wire_bytes(other, other.payload_bytes)} * own.payload_bytes;
    pace.den *= Wide{wire_bytes(own, own.payload_bytes)} * other.payload_bytes;
  }
  constexpr int kDirections = 2;
  const EnginePace dram{
      Wide{kDirections} * dram_passes(transfer.engine) * transfer.links * kPicosecondsPerSecond,
      model.dram_bytes_per_s};
  return in_lowest_terms(dram.num * pace.den > pace.num * dram.den ? dram : pace);
}

Time engine_time(const CollectiveModel& model, const Transfer& transfer, const EnginePace& pace) {
  if (transfer.bytes < 0 || transfer.sent_before < 0) {
    throw std::invalid_argument(
        fmt::format("[engine_time] {} bytes after {}, neither may be negative", transfer.bytes,
                    transfer.sent_before));
  }
  const Wide before = engine_picoseconds(model, transfer, pace, transfer.sent_before);
  const Wide after =
      engine_picoseconds(model, transfer, pace, transfer.sent_before + transfer.bytes);
  return Time::picoseconds(narrow("engine_time", after - before));
}

Time wire_time(const LinkModel& link, const Transfer& transfer) {
  return serialisation(with_packets(link, transfer.packet_bytes), transfer.bytes);
}

Time transfer_time(const CollectiveModel& model, const LinkModel& link, const Transfer& transfer) {
  if (transfer.links < 1) {
    throw std::invalid_argument(
        fmt::format("[transfer_time] links is {}, at least 1 is needed", transfer.links));
  }
  return std::max(wire_time(link, transfer),
                  engine_time(model, transfer, engine_pace(model, link, transfer)));
}

Time setup_time(const CollectiveModel& model) { return slowed(model, model.setup); }

Time barrier_time(const CollectiveModel& model) { return slowed(model, model.barrier_step); }

Time step_time(const CollectiveModel& model, Engine engine) {
  switch (engine) {
    case Engine::Router:
      return {};
    case Engine::Relay:
      return slowed(model, model.relay_step);
    case Engine::Direct:
      return slowed(model, model.direct_step);
    case Engine::Reduction:
      return slowed(model, model.reduce_step);
  }
  return {};
}

Time copy_time(const CollectiveModel& model, const LinkModel& link, std::int64_t bytes,
               std::optional<std::int64_t> packet_bytes) {
  const PacketFormat packet = with_packets(link, packet_bytes).packet;
  return slowed(model, packet_count(packet, bytes) * model.copy_packet_latency +
                           time_for(bytes, model.copy_bytes_per_s));
}

}  // namespace ttmesh::sim
