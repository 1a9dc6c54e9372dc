#pragma once

#include <cstdint>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// How a payload is cut into packets, and what each packet costs on the wire.
struct PacketFormat {
  std::int64_t payload_bytes;              ///< Largest payload of one packet.
  std::int64_t header_bytes;               ///< Fabric routing header of each packet.
  std::int64_t frame_bytes = 1500;         ///< Payload of one Ethernet frame.
  std::int64_t frame_overhead_bytes = 50;  ///< Wire bytes that each frame adds.
  Time interval{};  ///< Least time from packet to packet: a router's packet rate.
};

/// One Ethernet channel, in one direction.
struct LinkModel {
  std::int64_t bandwidth_bytes_per_s;  ///< Line rate.
  Time latency;                        ///< Added by each hop, head and tail alike.
  PacketFormat packet;
};

/// Wire bytes of `payload_bytes`, headers and frame overhead included.
[[nodiscard]] std::int64_t wire_bytes(const PacketFormat& packet, std::int64_t payload_bytes);

/// Packets that carry `payload_bytes`; the last may be short.
[[nodiscard]] std::int64_t packet_count(const PacketFormat& packet, std::int64_t payload_bytes);

/// Time for which `payload_bytes` occupy the channel, latency excluded: at line rate, but no faster
/// than the router's packet rate.
[[nodiscard]] Time serialisation(const LinkModel& link, std::int64_t payload_bytes);

/// Serialisation of the first packet of `payload_bytes`: after it a router may forward.
[[nodiscard]] Time head_serialisation(const LinkModel& link, std::int64_t payload_bytes);

}  // namespace ttmesh::sim
