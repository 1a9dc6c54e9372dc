#include "sim/link_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

void check(std::string_view function, const PacketFormat& packet, std::int64_t payload_bytes) {
  if (packet.payload_bytes <= 0 || packet.frame_bytes <= 0) {
    throw std::invalid_argument(
        fmt::format("[{}] packets of {} bytes in frames of {} bytes, both must be positive",
                    function, packet.payload_bytes, packet.frame_bytes));
  }
  if (payload_bytes < 0) {
    throw std::invalid_argument(fmt::format("[{}] the payload is {} bytes, it must not be negative",
                                            function, payload_bytes));
  }
}

Wide packet_wire_bytes(const PacketFormat& packet, std::int64_t payload_bytes) {
  const Wide framed = Wide{payload_bytes} + packet.header_bytes;
  return framed + packet.frame_overhead_bytes * ceil_div(framed, packet.frame_bytes);
}

}  // namespace

std::int64_t packet_count(const PacketFormat& packet, std::int64_t payload_bytes) {
  check("packet_count", packet, payload_bytes);
  return static_cast<std::int64_t>(ceil_div(payload_bytes, packet.payload_bytes));
}

std::int64_t wire_bytes(const PacketFormat& packet, std::int64_t payload_bytes) {
  check("wire_bytes", packet, payload_bytes);
  const std::int64_t full = payload_bytes / packet.payload_bytes;
  const std::int64_t rest = payload_bytes % packet.payload_bytes;
  const Wide last = rest == 0 ? 0 : packet_wire_bytes(packet, rest);
  return narrow("wire_bytes", full * packet_wire_bytes(packet, packet.payload_bytes) + last);
}

Time serialisation(const LinkModel& link, std::int64_t payload_bytes) {
  const Time wire = time_for(wire_bytes(link.packet, payload_bytes), link.bandwidth_bytes_per_s);
  return std::max(wire, packet_count(link.packet, payload_bytes) * link.packet.interval);
}

Time head_serialisation(const LinkModel& link, std::int64_t payload_bytes) {
  return serialisation(link, std::min(payload_bytes, link.packet.payload_bytes));
}

}  // namespace ttmesh::sim
