#include "ccl/broadcast.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ccl/exchange_schedule.hpp"
#include "ccl/exchange_wiring.hpp"
#include "ccl/groups.hpp"
#include "ccl/steps.hpp"
#include "ccl/tree.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;
using mesh::Generator;
using mesh::Lane;
using mesh::OpCall;
using mesh::SlotPlan;
using mesh::Step;
using mesh::TensorSpec;

std::vector<TensorSpec> infer(const OpCall& call) {
  TensorSpec output = call.inputs.front();
  const std::optional<int> axis = cluster_axis_of(call.attributes);
  for (const int each : {0, 1}) {
    if (axis && *axis != each) continue;
    output.distribution.placements[static_cast<std::size_t>(each)] = mesh::replicate();
  }
  output.distribution.outer_axis = 0;
  output.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {std::move(output)};
}

SlotPlan slots_of(bool is_root) {
  SlotPlan slots;
  slots.slots = 1;
  slots.input_slices = is_root ? 1 : 0;
  slots.output_slices = 1;
  return slots;
}

/// The trees of all groups: the ways from each root to the chips of its group.
struct Multicast {
  std::vector<Tree> trees;
  std::unordered_map<ChipId, std::size_t> tree_of;
  std::unordered_map<ChipId, Lane> lane_into;  ///< By chip: direction from its parent.
  int num_links;
  bool ring;
};

std::shared_ptr<const Multicast> multicast(const mesh::CollectiveCall& call,
                                           const std::vector<Group>& groups, int root) {
  auto made = std::make_shared<Multicast>();
  made->num_links = static_cast<int>(call.call.attributes.integer("num_links"));
  made->ring = groups.front().ring[0] || groups.front().ring[1];
  for (const Group& group : groups) {
    Tree tree{.root = group.chips[static_cast<std::size_t>(root)], .nodes = {}};
    tree.nodes[tree.root];
    for (int to = 0; to < group.size(); ++to) {
      const std::vector<ChipId> path = path_within(call.topology, group, root, to);
      for (std::size_t i = 1; i < path.size(); ++i) {
        if (tree.nodes.count(path[i]) > 0) continue;
        tree.nodes[path[i]].parent = path[i - 1];
        tree.nodes[path[i - 1]].children.push_back(path[i]);
        made->lane_into[path[i]] = lane_between(call.topology, path[i - 1], path[i]);
      }
    }
    for (const auto& [chip, node] : tree.nodes) made->tree_of[chip] = made->trees.size();
    made->trees.push_back(std::move(tree));
  }
  return made;
}

Step payload(Step::Kind kind, Lane lane, ChipId peer) {
  Step step;
  step.kind = kind;
  step.lane = lane;
  step.engine = sim::Engine::Router;
  step.peer = peer;
  step.slot = 0;
  return step;
}

Generator<Step> steps_of(std::shared_ptr<const Multicast> multicast, ChipId chip) {
  const Tree& tree = multicast->trees[multicast->tree_of.at(chip)];
  const Tree::Node& node = tree.nodes.at(chip);
  const std::vector<Step> barrier = collect_signals(tree, chip);
  for (const Step& step : barrier) co_yield step;
  if (node.parent >= 0) {
    co_yield payload(Step::Kind::Receive, multicast->lane_into.at(chip), node.parent);
  } else {
    const std::vector<Step> joins = join_lanes(Lane::Up);
    for (const Step& step : joins) co_yield step;
  }
  for (const ChipId child : node.children) {
    co_yield payload(Step::Kind::Send, multicast->lane_into.at(child), child);
  }
}

mesh::Schedule along_trees(const mesh::CollectiveCall& call, const std::vector<Group>& groups,
                           int root) {
  const std::shared_ptr<const Multicast> made = multicast(call, groups, root);
  return {.plan = [made](ChipId chip) {
    mesh::StepPlan plan;
    plan.slots = slots_of(made->trees[made->tree_of.at(chip)].root == chip);
    plan.num_links = made->num_links;
    plan.ring = made->ring;
    plan.steps = steps_of(made, chip);
    return plan;
  }};
}

mesh::Schedule one_by_one(const mesh::CollectiveCall& call, const std::vector<Group>& groups,
                          int root) {
  std::vector<Transfer> transfers;
  for (const Group& group : groups) {
    for (int to = 0; to < group.size(); ++to) {
      if (to != root) transfers.push_back({path_within(call.topology, group, root, to), 0, 0});
    }
  }
  return exchange_schedule(
      call, {.groups = groups,
             .transfers = std::move(transfers),
             .num_links = static_cast<int>(call.call.attributes.integer("num_links")),
             .slots = [root](int index) { return slots_of(index == root); },
             .last = [](int) { return std::vector<Step>{}; }});
}

mesh::Schedule schedule(const mesh::CollectiveCall& call) {
  const std::vector<Group> groups = wired_groups(call);
  const int root = static_cast<int>(call.call.attributes.integer("root"));
  if (root < 0 || root >= groups.front().size()) {
    throw std::invalid_argument(fmt::format("[broadcast] root is {}, a group has places 0 to {}",
                                            root, groups.front().size() - 1));
  }
  return groups.front().routed ? one_by_one(call, groups, root) : along_trees(call, groups, root);
}

/// A call, ready to be issued.
struct Prepared {
  Wiring wiring;
  mesh::Attributes attributes;
  Choice choice;
};

Prepared prepare(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const BroadcastOptions& options) {
  const mesh::MeshShape shape = device.shape();
  const auto [row, col] = options.root;
  if (row < 0 || row >= shape.rows || col < 0 || col >= shape.cols) {
    throw std::invalid_argument(
        fmt::format("[broadcast] root is row {}, column {}, which lies outside the {} mesh", row,
                    col, to_string(shape)));
  }
  Prepared prepared{
      .wiring = resolve_exchange("broadcast", device,
                                 {options.cluster_axis, options.num_links, options.topology}),
      .attributes = {},
      .choice = {}};
  const int axis = prepared.wiring.cluster_axis;
  const int root = axis == 0 ? row : axis == 1 ? col : row * shape.cols + col;
  prepared.attributes.set("root", std::int64_t{root});
  prepared.attributes.set("memory", to_string(options.memory.value_or(input.memory)));
  prepared.choice = choose_exchange(
      "broadcast", prepared.wiring,
      [&](const std::string& algorithm) {
        mesh::Attributes attributes = prepared.attributes;
        add_exchange(attributes, prepared.wiring, algorithm);
        return device.predict("broadcast", {input}, attributes).time;
      },
      options.algorithm);
  add_exchange(prepared.attributes, prepared.wiring, prepared.choice.algorithm);
  return prepared;
}

}  // namespace

mesh::Tensor broadcast(const mesh::Tensor& input, const BroadcastOptions& options) {
  mesh::MeshDevice device = input.device();
  const Prepared prepared = prepare(device, input.spec(), options);
  if (prepared.wiring.size == 1) return input;
  return device.enqueue("broadcast", std::array{input}, prepared.attributes).front();
}

Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                 const BroadcastOptions& options) {
  return prepare(device, input, options).choice;
}

mesh::OpDefinition broadcast_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = schedule;
  return definition;
}

}  // namespace ttmesh::ccl
