#include "sim/transfer_timer.hpp"

#include <algorithm>

namespace ttmesh::sim {
namespace {

bool same_pace(const Transfer& a, const Transfer& b) {
  return a.engine == b.engine && a.ring == b.ring && a.links == b.links &&
         a.packet_bytes == b.packet_bytes;
}

}  // namespace

Time TransferTimer::duration(const CollectiveModel& model, const LinkModel& link,
                             const Transfer& transfer) {
  if (pace_link_ != &link || !same_pace(paced_, transfer)) {
    pace_ = engine_pace(model, link, transfer);
    pace_link_ = &link;
    paced_ = transfer;
  }
  refresh_wire(link, transfer);
  return std::max(wire_, engine_time(model, transfer, pace_));
}

Time TransferTimer::head(const LinkModel& link, const Transfer& transfer) {
  refresh_wire(link, transfer);
  return head_;
}

void TransferTimer::refresh_wire(const LinkModel& link, const Transfer& transfer) {
  if (wire_link_ == &link && wired_.bytes == transfer.bytes &&
      wired_.packet_bytes == transfer.packet_bytes) {
    return;
  }
  wire_ = wire_time(link, transfer);
  head_ = head_serialisation(
      link, std::min(transfer.bytes, transfer.packet_bytes.value_or(transfer.bytes)));
  wire_link_ = &link;
  wired_ = transfer;
}

}  // namespace ttmesh::sim
