#pragma once

#include "sim/collective_model.hpp"
#include "sim/link_model.hpp"
#include "sim/time.hpp"

namespace ttmesh::sim {

/// How long a transfer occupies its channel, and when its first packet is out.
struct TransferTimes {
  Time head;      ///< Serialisation of the first packet, as sim::head_serialisation().
  Time duration;  ///< As sim::transfer_time().
};

/// Times of transfers one after another over the channels to a neighbour. Mostly they are alike, so
/// it remembers what it worked out last; its answers do not depend on that.
class TransferTimer {
 public:
  /// `model` is the same at every call; `link` stays as it is while it is in use.
  const TransferTimes& times(const CollectiveModel& model, const LinkModel& link,
                             const Transfer& transfer);

 private:
  // What the rest is of.
  const LinkModel* link_ = nullptr;
  Transfer transfer_{};

  EnginePace pace_;
  Time wire_;
  TransferTimes times_;
};

}  // namespace ttmesh::sim
