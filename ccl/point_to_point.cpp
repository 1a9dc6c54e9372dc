#include "ccl/point_to_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/exchange.hpp"
#include "ccl/groups.hpp"
#include "ccl/tree.hpp"
#include "mesh/topology/line.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::ChipId;
using mesh::Generator;
using mesh::Lane;
using mesh::OpCall;
using mesh::Step;
using mesh::TensorSpec;

ChipId chip_of(const OpCall& call, const char* name) {
  return static_cast<ChipId>(call.attributes.integer(name));
}

std::vector<TensorSpec> infer(const OpCall& call) { return {call.inputs.front()}; }

/// The one payload and its way.
struct Delivery {
  Tree way;
  std::shared_ptr<const Exchange> exchange;
  ChipId from;
  ChipId to;
  int num_links;
};

Generator<Step> steps_of(std::shared_ptr<const Delivery> delivery, ChipId chip) {
  const std::vector<Step> barrier = collect_signals(delivery->way, chip);
  for (const Step& step : barrier) co_yield step;
  if (chip == delivery->from) {
    const std::vector<Step> joins = join_lanes(Lane::Up);
    for (const Step& step : joins) co_yield step;
  }
  Generator<Step> moves = Exchange::steps(delivery->exchange, chip);
  while (const std::optional<Step> step = moves.next()) co_yield *step;
}

void require_on(const char* which, const mesh::Topology& topology, ChipId chip,
                const mesh::MeshView& view) {
  if (position_in(topology, view, chip)) return;
  throw std::invalid_argument(fmt::format("[point_to_point] {} is chip {}, one of {} is needed",
                                          which, chip, to_string(view)));
}

Generator<Step> no_steps() { co_return; }

mesh::Schedule schedule(const mesh::CollectiveCall& call) {
  const ChipId from = chip_of(call.call, "from");
  const ChipId to = chip_of(call.call, "to");
  require_on("from", call.topology, from, call.view);
  require_on("to", call.topology, to, call.output_view);
  const std::vector<ChipId> route = mesh::route(call.topology, from, to);
  const auto delivery = std::make_shared<const Delivery>(Delivery{
      .way = path_tree(route),
      .exchange =
          std::make_shared<const Exchange>(call.topology, std::vector<Transfer>{{route, 0, 0}}, 1),
      .from = from,
      .to = to,
      .num_links = static_cast<int>(call.call.attributes.integer("num_links"))});
  return {.plan =
              [delivery](ChipId chip) {
                mesh::StepPlan plan;
                plan.relay = chip != delivery->from && chip != delivery->to;
                plan.slots.slots = delivery->exchange->slots(chip);
                plan.slots.input_slices = chip == delivery->from ? 1 : 0;
                plan.slots.output_slices = plan.relay ? 0 : 1;
                plan.num_links = delivery->num_links;
                const bool involved = delivery->way.nodes.count(chip) > 0;
                plan.steps = involved ? steps_of(delivery, chip) : no_steps();
                return plan;
              },
          .relays = route};
}

ChipId chip_at(const char* which, const mesh::MeshDevice& device, mesh::Coordinate at) {
  const mesh::MeshShape shape = device.shape();
  if (at.row < 0 || at.row >= shape.rows || at.col < 0 || at.col >= shape.cols) {
    throw std::invalid_argument(
        fmt::format("[point_to_point] {} is row {}, column {}, which lies outside the {} mesh",
                    which, at.row, at.col, to_string(shape)));
  }
  return groups_of(device.topology(), device.view(), std::nullopt).front().chip(at);
}

}  // namespace

mesh::Tensor point_to_point(const mesh::Tensor& input, const PointToPointOptions& options) {
  mesh::MeshDevice device = input.device();
  const mesh::MeshDevice receiver = options.receiver.value_or(device);
  if (receiver != device && (device.shape().size() > 1 || receiver.shape().size() > 1)) {
    throw std::invalid_argument(fmt::format(
        "[point_to_point] from a {} mesh to a {} one; between devices both must be single chips, "
        "as submesh({{1, 1}}, at) gives",
        to_string(device.shape()), to_string(receiver.shape())));
  }
  if (options.num_links && *options.num_links < 1) {
    throw std::invalid_argument(
        fmt::format("[point_to_point] num_links is {}, at least 1 is needed", *options.num_links));
  }
  const ChipId from = chip_at("from", device, options.from);
  const ChipId to = chip_at("to", receiver, options.to);
  if (from == to) return input;

  int channels = options.num_links.value_or(device.topology().usable_links);
  const std::vector<ChipId> route = mesh::route(device.topology(), from, to);
  for (std::size_t i = 1; i < route.size(); ++i) {
    channels = std::min(channels, device.topology().channels_between(route[i - 1], route[i]));
  }
  if (options.num_links && channels < *options.num_links) {
    throw std::invalid_argument(
        fmt::format("[point_to_point] num_links is {}, but {} join two chips on the way from {} to "
                    "{}; at most {} can be used",
                    *options.num_links, channels, from, to, channels));
  }
  return device
      .enqueue_to(receiver, "point_to_point", std::array{input},
                  {{"from", std::int64_t{from}},
                   {"to", std::int64_t{to}},
                   {"num_links", std::int64_t{channels}}})
      .front();
}

mesh::OpDefinition point_to_point_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = schedule;
  return definition;
}

}  // namespace ttmesh::ccl
