#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "mesh/program/step.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::ccl {

/// One payload's way through the machine.
struct Transfer {
  std::vector<mesh::ChipId> route;  ///< From the chip that has it to the one that wants it.
  int from_slot;
  int to_slot;
};

/// Payloads that travel on their own, passed on by routers, over links that they share.
///
/// All chips handle hop 0 of every payload, then hop 1, and so on: in a hop a chip sends first, in
/// the order of the transfers, and then receives. So a chip waits only for what others sent in the
/// same hop, and what it sends then it received in the hop before: nothing can deadlock, whatever
/// the routes.
class Exchange {
 public:
  /// `member_slots` are the slots of a chip before those of the payloads that it passes on.
  Exchange(const mesh::Topology& topology, const std::vector<Transfer>& transfers,
           int member_slots);

  /// Slots of a chip in all.
  int slots(mesh::ChipId chip) const;
  /// The chips on all routes.
  std::vector<mesh::ChipId> chips() const;
  /// What a chip sends and receives. The exchange lives as long as the steps are taken.
  static mesh::Generator<mesh::Step> steps(std::shared_ptr<const Exchange> exchange,
                                           mesh::ChipId chip);

 private:
  struct Move {
    int hop;
    mesh::Step step;
  };
  struct Part {
    std::vector<Move> moves;
    int slots;
  };

  std::unordered_map<mesh::ChipId, Part> parts_;
  int member_slots_;
};

/// The direction of travel over a link: along a row, along a column, or by chip number where the
/// link leads along neither.
[[nodiscard]] mesh::Lane lane_between(const mesh::Topology& topology, mesh::ChipId from,
                                      mesh::ChipId to);

}  // namespace ttmesh::ccl
