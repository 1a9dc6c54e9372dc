#include "ccl/exchange_schedule.hpp"

#include <memory>
#include <unordered_map>
#include <utility>

#include "ccl/member.hpp"
#include "ccl/steps.hpp"
#include "ccl/tree.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;
using mesh::Generator;
using mesh::Lane;
using mesh::Step;

bool is_line(const Group& group) { return group.shape.rows == 1 || group.shape.cols == 1; }

bool is_ring(const Group& group) { return group.ring[0] || group.ring[1]; }

/// All lanes open when all chips of the line have started.
std::vector<Step> line_opening(const Group& group, int index) {
  const Topology topology = is_ring(group) ? Topology::Ring : Topology::Linear;
  const Member member =
      member_of({.chips = group.chips, .closed = is_ring(group)}, index, topology);
  std::vector<Step> steps =
      is_ring(group) ? ring_barrier(member, group.size() / 2) : line_barrier(member);
  steps.push_back(join(Lane::Forward, Lane::Backward));
  const std::vector<Step> joins = join_lanes(Lane::Forward);
  steps.insert(steps.end(), joins.begin(), joins.end());
  return steps;
}

/// What all chips of the exchange share.
struct Shared {
  ExchangePlan plan;
  std::shared_ptr<const Exchange> exchange;
  std::unordered_map<ChipId, std::pair<std::size_t, int>> places;  ///< Group, and index in it.
  std::optional<Tree> tree;  ///< Way of the signals, if the groups are no lines.

  std::vector<Step> opening(ChipId chip) const {
    if (tree) return tree->nodes.count(chip) > 0 ? tree_barrier(*tree, chip) : std::vector<Step>{};
    const auto [group, index] = places.at(chip);
    return line_opening(plan.groups[group], index);
  }
};

Generator<Step> steps_of(std::shared_ptr<const Shared> shared, ChipId chip) {
  const std::vector<Step> opening = shared->opening(chip);
  for (const Step& step : opening) co_yield step;
  Generator<Step> moves = Exchange::steps(shared->exchange, chip);
  while (const std::optional<Step> step = moves.next()) co_yield *step;
  const auto place = shared->places.find(chip);
  if (place == shared->places.end()) co_return;
  const std::vector<Step> last = shared->plan.last(place->second.second);
  for (const Step& step : last) co_yield step;
}

mesh::StepPlan plan_of(const std::shared_ptr<const Shared>& shared, ChipId chip) {
  mesh::StepPlan plan;
  const auto place = shared->places.find(chip);
  plan.relay = place == shared->places.end();
  if (!plan.relay) {
    plan.slots = shared->plan.slots(place->second.second);
    plan.ring = is_ring(shared->plan.groups[place->second.first]);
  }
  plan.slots.slots = shared->exchange->slots(chip);
  plan.num_links = shared->plan.num_links;
  plan.packet_bytes = shared->plan.packet_bytes;
  if (!plan.relay && shared->plan.refine) {
    const auto [group, index] = place->second;
    shared->plan.refine(shared->plan.groups[group], index, plan);
  }
  plan.steps = steps_of(shared, chip);
  return plan;
}

}  // namespace

mesh::Schedule exchange_schedule(const mesh::CollectiveCall& call, const ExchangePlan& plan) {
  auto shared = std::make_shared<Shared>();
  shared->plan = plan;
  shared->exchange =
      std::make_shared<const Exchange>(call.topology, plan.transfers, plan.slots(0).slots);
  bool lines = true;
  for (std::size_t group = 0; group < plan.groups.size(); ++group) {
    const Group& each = plan.groups[group];
    lines = lines && is_line(each) && !each.routed;
    for (int index = 0; index < each.size(); ++index) {
      shared->places[each.chips[static_cast<std::size_t>(index)]] = {group, index};
    }
  }
  std::vector<ChipId> involved = shared->exchange->chips();
  if (!lines) {
    const std::vector<ChipId> members = chips_of(call.topology, call.view);
    shared->tree = spanning_tree(call.topology, members, members[members.size() / 2]);
    for (const auto& [chip, node] : shared->tree->nodes) involved.push_back(chip);
  }
  mesh::Schedule schedule{.plan = [shared](ChipId chip) { return plan_of(shared, chip); },
                          .relays = {}};
  for (const ChipId chip : involved) {
    if (shared->places.count(chip) == 0) schedule.relays.push_back(chip);
  }
  return schedule;
}

}  // namespace ttmesh::ccl
