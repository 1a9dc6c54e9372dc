#pragma once

#include <array>
#include <cstdint>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// What befalls packets on a channel at random.
///
/// Jitter delays the arrival of a packet by 0 to `jitter`, both included, uniformly. Loss is that
/// of a channel that keeps the order of its packets: when a packet is lost the sender learns of it
/// after `retransmit_timeout`, and goes back to it. What it has sent meanwhile is dropped by the
/// receiver, so that each loss takes the channel the timeout and that packet's serialisation.
struct Disturbance {
  Time jitter;
  Ratio loss{0, 1};  ///< Probability that a packet is lost, each time it is sent; at most 1/2.
  Time retransmit_timeout = Time::microseconds(10);  ///< assumed: seven round trips of a hop.

  bool any() const { return jitter > Time() || loss.num > 0; }
};

/// One direction of one channel, as a key to what is random on it.
struct ChannelKey {
  std::array<std::uint32_t, 2> jitter;
  std::array<std::uint32_t, 2> loss;
};

/// The key of channel number `channel` from one chip to another under `seed`.
[[nodiscard]] ChannelKey channel_key(std::uint64_t seed, std::int32_t from, std::int32_t to,
                                     std::int32_t channel);

/// Names one transfer on a channel. What is drawn depends on key, transfer and packet alone.
struct TransferId {
  std::uint64_t command = 0;
  std::uint32_t step = 0;  ///< Index among the sender's steps in the command.
};

/// Extra delay of one packet.
[[nodiscard]] Time draw_jitter(Time greatest, const ChannelKey& key, TransferId id,
                               std::int64_t packet);

/// How often packets of a transfer are lost.
struct Losses {
  std::int64_t first = 0;  ///< Its first packet.
  std::int64_t total = 0;  ///< All of them, the first included.
};

/// Draws the losses of `packets` packets until each has come through, in time that is bounded
/// whatever their number: gaps between losses one by one up to 256 expected losses (exact), beyond
/// that their sum (normal, from twelve uniform draws). Integers only.
[[nodiscard]] Losses draw_losses(Ratio loss, const ChannelKey& key, TransferId id,
                                 std::int64_t packets);

/// What befalls one transfer.
struct Delays {
  Time first_lost;  ///< Until its first packet has come through.
  Time lost;        ///< For which losses of all its packets keep the channel.
  Time head;        ///< Jitter of its first packet,
  Time tail;        ///< and of its last.
};

/// Draws the delays of a transfer of `packets` packets that take `packet_time` each.
/// Throws std::invalid_argument if they exceed a Time.
[[nodiscard]] Delays draw_delays(const Disturbance& disturbance, const ChannelKey& key,
                                 TransferId id, std::int64_t packets, Time packet_time);

}  // namespace ttmesh::sim
