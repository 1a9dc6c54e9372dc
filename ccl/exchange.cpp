#include "ccl/exchange.hpp"

#include <algorithm>

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;
using mesh::Lane;
using mesh::Step;

Step move(Step::Kind kind, Lane lane, ChipId peer, int slot, int round) {
  Step step;
  step.kind = kind;
  step.lane = lane;
  step.engine = sim::Engine::Router;
  step.peer = peer;
  step.slot = slot;
  step.round = round;
  return step;
}

}  // namespace

Lane lane_between(const mesh::Topology& topology, ChipId from, ChipId to) {
  const mesh::MeshDescription& mesh = topology.mesh_of(from);
  if (!mesh.owns(to) || !mesh.is_grid) return from < to ? Lane::Forward : Lane::Backward;
  const mesh::Coordinate a = mesh.coordinate(from);
  const mesh::Coordinate b = mesh.coordinate(to);
  // A step of more than one leads over a wrap link, against the coordinates.
  const auto onward = [](int x, int y) { return y == x + 1 || y < x - 1; };
  if (a.row == b.row) return onward(a.col, b.col) ? Lane::Forward : Lane::Backward;
  return onward(a.row, b.row) ? Lane::Down : Lane::Up;
}

Exchange::Exchange(const mesh::Topology& topology, const std::vector<Transfer>& transfers,
                   int member_slots)
    : member_slots_(member_slots) {
  const auto part = [this](ChipId chip) -> Part& {
    return parts_.try_emplace(chip, Part{.moves = {}, .slots = member_slots_}).first->second;
  };
  for (std::size_t round = 0; round < transfers.size(); ++round) {
    const Transfer& transfer = transfers[round];
    const std::size_t last = transfer.route.size() - 1;
    int slot = transfer.from_slot;
    for (std::size_t hop = 0; hop < last; ++hop) {
      const ChipId from = transfer.route[hop];
      const ChipId to = transfer.route[hop + 1];
      const Lane lane = lane_between(topology, from, to);
      const int at = static_cast<int>(hop);
      part(from).moves.push_back(
          {at, move(Step::Kind::Send, lane, to, slot, static_cast<int>(round))});
      Part& receiver = part(to);
      slot = hop + 1 == last ? transfer.to_slot : receiver.slots++;
      receiver.moves.push_back(
          {at, move(Step::Kind::Receive, lane, from, slot, static_cast<int>(round))});
    }
  }
  for (auto& [chip, own] : parts_) {
    std::stable_sort(own.moves.begin(), own.moves.end(), [](const Move& a, const Move& b) {
      const bool a_receives = a.step.kind == Step::Kind::Receive;
      const bool b_receives = b.step.kind == Step::Kind::Receive;
      return std::pair(a.hop, a_receives) < std::pair(b.hop, b_receives);
    });
  }
}

int Exchange::slots(ChipId chip) const {
  const auto part = parts_.find(chip);
  return part == parts_.end() ? member_slots_ : part->second.slots;
}

std::vector<ChipId> Exchange::chips() const {
  std::vector<ChipId> chips;
  chips.reserve(parts_.size());
  for (const auto& [chip, part] : parts_) chips.push_back(chip);
  std::sort(chips.begin(), chips.end());
  return chips;
}

mesh::Generator<Step> Exchange::steps(std::shared_ptr<const Exchange> exchange, ChipId chip) {
  const auto part = exchange->parts_.find(chip);
  if (part == exchange->parts_.end()) co_return;
  for (const Move& each : part->second.moves) co_yield each.step;
}

}  // namespace ttmesh::ccl
