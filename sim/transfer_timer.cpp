#include "sim/transfer_timer.hpp"

#include <algorithm>

namespace ttmesh::sim {
namespace {

bool same_pace(const Transfer& a, const Transfer& b) {
  return a.engine == b.engine && a.ring == b.ring && a.links == b.links &&
         a.packet_bytes == b.packet_bytes;
}

bool same_wire(const Transfer& a, const Transfer& b) {
  return a.bytes == b.bytes && a.packet_bytes == b.packet_bytes;
}

}  // namespace

const TransferTimes& TransferTimer::times(const CollectiveModel& model, const LinkModel& link,
                                          const Transfer& transfer) {
  const bool same_link = link_ == &link;
  const bool keep_pace = same_link && same_pace(transfer_, transfer);
  const bool keep_wire = same_link && same_wire(transfer_, transfer);
  if (keep_pace && keep_wire && transfer_.sent_before == transfer.sent_before) return times_;
  if (!keep_pace) pace_ = engine_pace(model, link, transfer);
  if (!keep_wire) {
    wire_ = wire_time(link, transfer);
    times_.head = head_serialisation(
        link, std::min(transfer.bytes, transfer.packet_bytes.value_or(transfer.bytes)));
  }
  times_.duration = std::max(wire_, engine_time(model, transfer, pace_));
  link_ = &link;
  transfer_ = transfer;
  return times_;
}

}  // namespace ttmesh::sim
