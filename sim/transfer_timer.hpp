#pragma once

#include "sim/collective_model.hpp"
#include "sim/link_model.hpp"
#include "sim/time.hpp"

namespace ttmesh::sim {

/// Times of transfers one after another over the channels to a neighbour. Mostly they are alike, so
/// it remembers what it worked out last; its answers do not depend on that.
class TransferTimer {
 public:
  /// As sim::transfer_time().
  Time duration(const CollectiveModel& model, const LinkModel& link, const Transfer& transfer);
  /// Serialisation of the transfer's first packet, as sim::head_serialisation().
  Time head(const LinkModel& link, const Transfer& transfer);

 private:
  void refresh_wire(const LinkModel& link, const Transfer& transfer);

  const LinkModel* pace_link_ = nullptr;
  Transfer paced_{};  ///< What `pace_` is of.
  EnginePace pace_;
  const LinkModel* wire_link_ = nullptr;
  Transfer wired_{};  ///< What `wire_` and `head_` are of.
  Time wire_;
  Time head_;
};

}  // namespace ttmesh::sim
