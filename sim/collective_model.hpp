#pragma once

#include <cstdint>
#include <optional>

#include "sim/link_model.hpp"
#include "sim/time.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {

/// What feeds a transfer of a collective.
enum class Engine : std::uint8_t {
  Router,     ///< Fabric routers: multicast and unicast over a line; cut-through.
  Relay,      ///< A worker that passes chunks on around a ring; store-and-forward.
  Reduction,  ///< A worker that adds what it received to its own part and passes it on.
  Direct,     ///< Slices sent straight to their owner, which adds them: routers and one reduction.
};

/// What an engine takes longer in all until it streams at full rate.
struct Ramp {
  Time time;
  std::int64_t bytes = 1;  ///< Per direction, all links together, that pay it in proportion.
};

/// What a chip's collective workers cost, per system. Rates are parts of a link's line rate, so
/// that they follow the number of links and a scenario's bandwidth.
///
/// The protocol that the parameters are fitted for, h being the link's latency: a chip starts the
/// command and pays `setup`; its entry-barrier signal then takes `h + barrier_step` for each hop,
/// and a payload leaves when the signal of every chip that it is for has arrived: all chips of the
/// line for a router's multicast, the neighbour alone for a relay or a reduction. A chunk's tail
/// arrives h after it was sent, per hop, and is the chip's own `step_time` later: a relay or a
/// reduction may then send it on, and the chip that it ends at is done with it. The step delays the
/// chunk and leaves the worker free for others, except that slices sent directly are added one
/// after another, on one worker for each direction that they come from.
struct CollectiveModel {
  Time setup;              ///< Launch, opening and closing of connections; once per command.
  Time barrier_step;       ///< Combining a barrier signal and passing it on, for each hop.
  Time relay_step;         ///< A relay worker between a chunk's tail and its own send.
  Time reduce_step;        ///< The same for a reduction worker.
  Time direct_step;        ///< Adding one slice that was sent directly.
  Ratio router_rate;       ///< Payload rate over line rate, at the link's packet size.
  Ratio relay_rate;        ///< On a ring, and of routers that send around a ring.
  Ratio reduce_rate_line;  ///< Reduction engine on a line.
  Ratio reduce_rate_ring;  ///< The same, per direction, on a ring.
  Ratio direct_rate;       ///< Slices sent straight to their owner, per direction.
  Ramp router_ramp;
  Ramp relay_ramp;
  Ramp reduce_ramp;
  std::int64_t direct_bytes;  ///< Whole tensors up to this are reduce-scattered directly on a ring.
  /// What the workers of a chip together move to and from DRAM. A relay writes and reads each byte
  /// in two directions, a reduction reads two operands and writes one.
  std::int64_t dram_bytes_per_s;
  Time copy_packet_latency;       ///< Local copy of a worker's own shard, for each packet.
  std::int64_t copy_bytes_per_s;  ///< The same, for each byte.
  /// A gather's worker on a line copies its own shard after it has sent it, in turn.
  bool serial_copy = false;
  /// Factor on every time that the functions below give: a chip that is slower than its system's.
  Ratio slowdown{};
};

/// One transfer of a worker over one link.
struct Transfer {
  Engine engine;
  bool ring = false;                           ///< The line is closed.
  std::int64_t sent_before = 0;                ///< Bytes this worker has sent in the same command.
  std::int64_t bytes = 0;                      ///< Payload bytes of this transfer.
  int links = 1;                               ///< Links the worker's command uses side by side.
  std::optional<std::int64_t> packet_bytes{};  ///< Packets other than the link's.
};

/// How fast an engine streams: picoseconds per byte, as `num / den` in lowest terms.
struct EnginePace {
  Wide num = 0;
  Wide den = 1;
};

/// The slower of what the transfer's engine reaches on one link and of its share of the chip's
/// DRAM. Depends on the transfer's engine, ring, links and packets.
[[nodiscard]] EnginePace engine_pace(const CollectiveModel& model, const LinkModel& link,
                                     const Transfer& transfer);

/// Time that the engine takes for the transfer at such a pace, its part of the ramp included.
[[nodiscard]] Time engine_time(const CollectiveModel& model, const Transfer& transfer,
                               const EnginePace& pace);

/// Time that the transfer takes on the wire.
[[nodiscard]] Time wire_time(const LinkModel& link, const Transfer& transfer);

/// Time for which the transfer occupies its channel: the slower of wire and engine, ramp included.
/// The engine's share of consecutive transfers adds up exactly, however they are cut.
/// Throws std::invalid_argument if bytes are negative, or links or packets not positive.
[[nodiscard]] Time transfer_time(const CollectiveModel& model, const LinkModel& link,
                                 const Transfer& transfer);

/// From the start of a command on a chip to its first signal.
[[nodiscard]] Time setup_time(const CollectiveModel& model);

/// What combining a barrier signal and passing it on takes, besides the hop.
[[nodiscard]] Time barrier_time(const CollectiveModel& model);

/// What a worker does with a chunk between its tail's arrival and its own send, or the end.
[[nodiscard]] Time step_time(const CollectiveModel& model, Engine engine);

/// Time in which a worker copies `bytes` of its own shard to their place, cut into packets of the
/// link's size or of `packet_bytes`.
[[nodiscard]] Time copy_time(const CollectiveModel& model, const LinkModel& link,
                             std::int64_t bytes,
                             std::optional<std::int64_t> packet_bytes = std::nullopt);

}  // namespace ttmesh::sim
