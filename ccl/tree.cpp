#include "ccl/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <unordered_set>

#include "ccl/steps.hpp"
#include "mesh/topology/error.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;
using mesh::Lane;
using mesh::Step;

/// By chip: the next one on a shortest way to the root.
using Parents = std::unordered_map<ChipId, ChipId>;

template <typename Allowed>
Parents search(const mesh::Topology& topology, ChipId root, const Allowed& allowed) {
  Parents parents{{root, -1}};
  std::queue<ChipId> frontier;
  frontier.push(root);
  while (!frontier.empty()) {
    const ChipId chip = frontier.front();
    frontier.pop();
    for (const ChipId neighbour : topology.neighbours(chip)) {
      if (allowed(neighbour) && parents.emplace(neighbour, chip).second) frontier.push(neighbour);
    }
  }
  return parents;
}

bool reaches(const Parents& parents, const std::vector<ChipId>& members) {
  return std::all_of(members.begin(), members.end(),
                     [&](ChipId member) { return parents.count(member) > 0; });
}

}  // namespace

Tree spanning_tree(const mesh::Topology& topology, const std::vector<ChipId>& members,
                   ChipId root) {
  const std::unordered_set<ChipId> own(members.begin(), members.end());
  Parents parents = search(topology, root, [&](ChipId chip) { return own.count(chip) > 0; });
  if (!reaches(parents, members)) {
    parents = search(topology, root, [](ChipId) { return true; });
  }
  Tree tree{.root = root, .nodes = {}};
  tree.nodes[root];
  for (const ChipId member : members) {
    if (parents.count(member) == 0) throw mesh::unreachable(topology, root, member);
    for (ChipId chip = member; tree.nodes.count(chip) == 0; chip = parents.at(chip)) {
      tree.nodes[chip].parent = parents.at(chip);
    }
  }
  for (auto& [chip, node] : tree.nodes) {
    if (node.parent >= 0) tree.nodes.at(node.parent).children.push_back(chip);
  }
  for (auto& [chip, node] : tree.nodes) std::sort(node.children.begin(), node.children.end());
  return tree;
}

Tree path_tree(const std::vector<ChipId>& route) {
  Tree tree{.root = route.front(), .nodes = {}};
  tree.nodes[route.front()];
  for (std::size_t i = 1; i < route.size(); ++i) {
    tree.nodes[route[i]].parent = route[i - 1];
    tree.nodes[route[i - 1]].children.push_back(route[i]);
  }
  return tree;
}

std::vector<Step> collect_signals(const Tree& tree, ChipId chip) {
  const Tree::Node& node = tree.nodes.at(chip);
  std::vector<Step> steps;
  for (const ChipId child : node.children) steps.push_back(await(Lane::Up, child));
  if (node.parent >= 0) steps.push_back(signal(Lane::Up, node.parent));
  return steps;
}

std::vector<Step> tree_barrier(const Tree& tree, ChipId chip) {
  const Tree::Node& node = tree.nodes.at(chip);
  std::vector<Step> steps = collect_signals(tree, chip);
  if (node.parent >= 0) {
    steps.push_back(await(Lane::Down, node.parent));
  } else {
    steps.push_back(join(Lane::Down, Lane::Up));
  }
  for (const ChipId child : node.children) steps.push_back(signal(Lane::Down, child));
  const std::vector<Step> joins = join_lanes(Lane::Down);
  steps.insert(steps.end(), joins.begin(), joins.end());
  return steps;
}

std::vector<Step> join_lanes(Lane lane) {
  std::vector<Step> steps;
  for (const Lane each : {Lane::Forward, Lane::Backward, Lane::Down, Lane::Up}) {
    if (each != lane) steps.push_back(join(each, lane));
  }
  return steps;
}

}  // namespace ttmesh::ccl
