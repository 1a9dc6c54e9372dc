#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "mesh/program/machine.hpp"
#include "mesh/program/report.hpp"
#include "sim/collective_model.hpp"
#include "sim/disturbance.hpp"
#include "sim/timeline.hpp"
#include "sim/transfer_timer.hpp"

namespace ttmesh::mesh {

/// One payload on its way to a neighbour.
struct Transmission {
  ChipId peer;
  int links = 1;  ///< The first channels that are up, side by side, or as many as there are.
  std::int64_t bytes = 0;
  std::int64_t page_bytes = 1;  ///< Pages stay whole when the payload is split over links.
  std::optional<std::int64_t> packet_bytes{};  ///< Packets other than the link's.
  sim::Engine engine = sim::Engine::Router;
  bool ring = false;
  std::int64_t sent_before = 0;  ///< Bytes that the same worker has sent in this command.
  sim::Time earliest;            ///< No channel starts sooner.
  sim::Time not_done_before;     ///< A router cannot finish before its own input has.
  sim::TransferId id{};          ///< What jitter and loss are drawn by.
};

/// When a transmission used one channel.
struct ChannelUse {
  int track;
  sim::Time start;
  sim::Time end;
  std::int64_t bytes;
};

struct Passage {
  sim::Time sent;  ///< The last channel is free again.
  sim::Time head;  ///< Arrival of the first packet, on the slowest channel.
  sim::Time tail;  ///< Arrival of the last packet.
  std::vector<ChannelUse> channels;
};

/// The outgoing direction of every channel of one chip: timelines that it alone claims.
///
/// Packets arrive in the order in which they were sent on a channel. Jitter is drawn for the first
/// and the last packet of a transmission on each channel; a packet that would overtake arrives with
/// the one before it. Losses lengthen the claim: sim::Disturbance says by how much.
class Ports {
 public:
  Ports(ChipId chip, const Machine& machine);

  /// Claims the channels for a payload; the passage is valid until the next one. Throws
  /// std::logic_error if no such link exists.
  const Passage& transmit(const Transmission& transmission);
  /// Arrival at `peer` of a signal sent at `time`: a single packet that claims no channel. It takes
  /// the first one that is up, and is lost and delayed like any other.
  sim::Time signal(ChipId peer, sim::Time time, sim::TransferId id) const;
  /// The first channel to `peer`. Throws std::logic_error if there is none.
  const sim::LinkModel& link(ChipId peer) const;
  bool has_links() const { return !ports_.empty(); }
  /// The link to the first neighbour: whose packets a local copy is cut into.
  const sim::LinkModel& first_link() const { return link(ports_.at(0).peer); }

  /// Bytes and busy time of every channel since `reset_use()`.
  std::vector<LinkUse> use() const;
  void reset_use();

 private:
  struct Port {
    ChipId peer;
    int edge;
    std::size_t first;  ///< Its first channel in `outlets_`.
    int channels;
    sim::TransferTimer timer{};
  };
  /// One direction of one channel.
  struct Outlet {
    const sim::LinkModel* link;  ///< One for all channels that are alike.
    bool disturbed;
    int number;  ///< As Channel::number.
    int track;   ///< In a trace.
    sim::ChannelKey key;
    sim::Timeline timeline{};
    sim::Time last_arrival{};
    std::int64_t bytes = 0;  ///< Since `reset_use()`, as is `busy`.
    sim::Time busy{};
  };

  /// The direction away from this chip of channel `index` of a port.
  const ChannelDirection& outgoing(const Port& port, int index) const;
  /// Position in `ports_`.
  std::size_t port_to(ChipId peer) const;
  /// Claims channel `index` of a port for its share, and adds its use to the passage.
  void claim(Port& port, int index, const Transmission& transmission, const sim::Transfer& share);

  ChipId chip_;
  const Machine& machine_;
  const sim::CollectiveModel& workers_;
  std::vector<Port> ports_;
  std::vector<Outlet> outlets_;
  Passage passage_;  ///< The latest; kept, so that its list need not be allocated again.
};

}  // namespace ttmesh::mesh
