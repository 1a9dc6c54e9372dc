#include "ccl/all_to_all_combine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/expert_exchange.hpp"
#include "ccl/expert_routing.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::OpCall;
using mesh::Shard;
using mesh::TensorSpec;

constexpr const char* kOp = "all_to_all_combine";

std::vector<TensorSpec> infer(const OpCall& call) {
  check_inputs(kOp, call);
  const TensorSpec& rows = call.inputs[0];
  const TensorSpec& metadata = call.inputs[1];
  const std::int64_t chips = call.attributes.integer("chips");
  if (chips < 1 || metadata.shape[1] % chips != 0) {
    throw std::invalid_argument(
        fmt::format("[{}] dim 1 of metadata {} does not cut into {} slices, a multiple of {} is "
                    "needed",
                    kOp, to_string(metadata.shape), chips, chips));
  }
  TensorSpec output = rows;
  output.shape = {metadata.shape[3], metadata.shape[1] / chips, metadata.shape[2], rows.shape[3]};
  const auto axis = call.attributes.integer("cluster_axis");
  for (const int each : {0, 1}) {
    const bool exchanges = axis < 0 || axis == each;
    output.distribution.placements[static_cast<std::size_t>(each)] =
        exchanges ? mesh::shard(1) : mesh::partial();
  }
  output.distribution.outer_axis = 0;
  output.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {std::move(output)};
}

/// Tokens that come from each chip of the group.
std::int64_t tokens_per_chip(const ExpertSeat& seat, std::span<const Shard> inputs) {
  const mesh::Shape& metadata = inputs[1].shape();
  return metadata[1] * metadata[2] / static_cast<std::int64_t>(seat.devices.size());
}

std::vector<std::int64_t> rows(const ExpertSeat& seat, std::span<const Shard> inputs) {
  const std::int64_t own = tokens_per_chip(seat, inputs);
  const std::int64_t selected = inputs[1].shape()[-1];
  if (!inputs[1].has_values() || !inputs[2].has_values()) {
    return std::vector<std::int64_t>(seat.devices.size(),
                                     balanced_count(own, selected, inputs[2].shape()[-1]));
  }
  const ExpertRouting routing(inputs[1].block(), inputs[2].block());
  const int device = seat.devices[static_cast<std::size_t>(seat.index)];
  std::vector<std::int64_t> counts(seat.devices.size());
  for (std::int64_t token = 0; token < routing.tokens(); ++token) {
    for (int k = 0; k < routing.selected_per_token(); ++k) {
      const bool here = routing.device_of(routing.expert(token, k)) == device;
      counts[static_cast<std::size_t>(token / own)] += here ? 1 : 0;
    }
  }
  return counts;
}

/// Row k of each own token: the output of its k-th expert, if that is on the line.
Shard assemble(const ExpertSeat& seat, std::span<const mesh::Piece> pieces,
               std::span<const Shard> inputs) {
  const ExpertRouting routing(inputs[1].block(), inputs[2].block());
  const std::int64_t own = tokens_per_chip(seat, inputs);
  const mesh::Shape& all = inputs[1].shape();
  const std::int64_t width = inputs[0].shape()[3];
  const mesh::HeldType type = pieces.front().block->type();
  std::vector<std::shared_ptr<const mesh::Buffer>> sources;
  for (const mesh::Piece& piece : pieces) sources.push_back(piece.block->plain());
  const mesh::Shape shape{all[3], all[1] / static_cast<std::int64_t>(seat.devices.size()), all[2],
                          width};
  return rows_of(shape, type, [&](std::int64_t row) {
    const std::int64_t token = seat.index * own + row % own;
    const std::int64_t expert = routing.expert(token, static_cast<int>(row / own));
    const auto chip =
        std::find(seat.devices.begin(), seat.devices.end(), routing.device_of(expert));
    if (chip == seat.devices.end()) return static_cast<const std::byte*>(nullptr);
    const auto& source = sources[static_cast<std::size_t>(chip - seat.devices.begin())];
    const std::int64_t at = routing.local_index(expert) * routing.tokens() + token;
    return source->data() + at * width * held_bytes(type);
  });
}

void check(const mesh::Tensor& rows, const mesh::Tensor& metadata, const mesh::Tensor& mapping) {
  check_row_major(kOp, "expert outputs", rows);
  check_experts(kOp, metadata, mapping);
  const mesh::Shape& shape = rows.shape();
  const std::int64_t experts = mapping.shape()[2];
  const std::int64_t chips = mapping.shape()[3];
  const bool fits = experts % chips == 0 && shape[0] == experts / chips &&
                    shape[1] == metadata.shape()[1] && shape[2] == metadata.shape()[2];
  if (!fits || metadata.shape()[0] != 1) {
    throw std::invalid_argument(fmt::format(
        "[{}] expert outputs are {} and metadata {} for {} experts on {} chips, [experts / chips, "
        "B, S, H] and [1, B, S, K] are needed",
        kOp, to_string(shape), to_string(metadata.shape()), experts, chips));
  }
}

}  // namespace

mesh::Tensor all_to_all_combine(const mesh::Tensor& expert_outputs,
                                const mesh::Tensor& expert_metadata,
                                const mesh::Tensor& expert_mapping,
                                const AllToAllCombineOptions& options) {
  check(expert_outputs, expert_metadata, expert_mapping);
  mesh::MeshDevice device = expert_outputs.device();
  const mesh::Attributes attributes = row_exchange_attributes(
      kOp, device, {options.cluster_axis, options.num_links, options.topology},
      options.memory.value_or(expert_outputs.memory()));
  return device
      .enqueue(kOp, std::array{expert_outputs, expert_metadata, expert_mapping}, attributes)
      .front();
}

mesh::OpDefinition all_to_all_combine_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = [](const mesh::CollectiveCall& call) {
    return row_exchange_schedule(call, {.rows = rows, .assemble = assemble});
  };
  return definition;
}

}  // namespace ttmesh::ccl
