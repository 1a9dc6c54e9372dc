#include "ccl/all_to_all_dispatch.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/expert_exchange.hpp"
#include "ccl/expert_routing.hpp"
#include "mesh/device/mesh_device.hpp"
#include "ops/reshape.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::OpCall;
using mesh::Shard;
using mesh::TensorSpec;

constexpr const char* kOp = "all_to_all_dispatch";

std::vector<TensorSpec> infer(const OpCall& call) {
  check_inputs(kOp, call);
  const TensorSpec& tokens = call.inputs[0];
  const TensorSpec& metadata = call.inputs[1];
  TensorSpec output = tokens;
  output.shape = {1, metadata.shape[1], metadata.shape[2], tokens.shape[3]};
  output.distribution.placements = {mesh::shard(0), mesh::shard(0)};
  output.distribution.outer_axis = 0;
  output.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  return {std::move(output)};
}

std::int64_t own_tokens(std::span<const Shard> inputs) {
  return inputs[0].shape()[0] * inputs[0].shape()[1];
}

std::vector<std::int64_t> rows(const ExpertSeat& seat, std::span<const Shard> inputs) {
  const std::int64_t own = own_tokens(inputs);
  if (!inputs[1].has_values() || !inputs[2].has_values()) {
    const std::int64_t balanced =
        std::min(own, balanced_count(own, inputs[1].shape()[-1], inputs[2].shape()[-1]));
    return std::vector<std::int64_t>(seat.devices.size(), balanced);
  }
  const ExpertRouting routing(inputs[1].block(), inputs[2].block());
  std::vector<std::int64_t> counts;
  for (const int device : seat.devices) {
    std::int64_t count = 0;
    for (std::int64_t token = seat.index * own; token < (seat.index + 1) * own; ++token) {
      if (routing.selects(token, device)) ++count;
    }
    counts.push_back(count);
  }
  return counts;
}

/// The tokens for one device at their places among all tokens.
Shard assemble(const ExpertSeat& seat, std::span<const mesh::Piece> pieces,
               std::span<const Shard> inputs) {
  const ExpertRouting routing(inputs[1].block(), inputs[2].block());
  const int device = seat.devices[static_cast<std::size_t>(seat.index)];
  const mesh::Shape& all = inputs[1].shape();
  const std::int64_t width = inputs[0].shape()[3];
  const std::int64_t own = own_tokens(inputs);
  const mesh::HeldType type = pieces.front().block->type();
  std::vector<std::shared_ptr<const mesh::Buffer>> sources;
  for (const mesh::Piece& piece : pieces) sources.push_back(piece.block->plain());
  return rows_of({1, all[1], all[2], width}, type, [&](std::int64_t token) {
    if (!routing.selects(token, device)) return static_cast<const std::byte*>(nullptr);
    const auto& source = sources[static_cast<std::size_t>(token / own)];
    return source->data() + token % own * width * held_bytes(type);
  });
}

void check(const mesh::Tensor& tokens, const mesh::Tensor& indices, const mesh::Tensor& mapping) {
  check_row_major(kOp, "tokens", tokens);
  check_experts(kOp, indices, mapping);
  const mesh::Shape& shape = tokens.shape();
  const mesh::Shape& selected = indices.shape();
  if (shape[2] != 1 || shape.with(3, 1) != selected.with(3, 1)) {
    throw std::invalid_argument(
        fmt::format("[{}] tokens are {} and indices {}, [B, S, 1, H] and [B, S, 1, K] are needed",
                    kOp, to_string(shape), to_string(selected)));
  }
  if (tokens.distribution() != indices.distribution()) {
    throw std::invalid_argument(
        fmt::format("[{}] tokens are {} and indices {}, one placement is "
                    "needed",
                    kOp, to_string(tokens.distribution()), to_string(indices.distribution())));
  }
}

}  // namespace

Dispatched all_to_all_dispatch(const mesh::Tensor& tokens, const mesh::Tensor& expert_indices,
                               const mesh::Tensor& expert_mapping,
                               const AllToAllDispatchOptions& options) {
  check(tokens, expert_indices, expert_mapping);
  mesh::MeshDevice device = tokens.device();
  const mesh::Attributes attributes = row_exchange_attributes(
      kOp, device, {options.cluster_axis, options.num_links, options.topology},
      options.memory.value_or(tokens.memory()));
  const mesh::Tensor gathered =
      attributes.integer("chips") == 1
          ? expert_indices
          : all_gather(expert_indices, {.dim = 0,
                                        .cluster_axis = options.cluster_axis,
                                        .num_links = options.num_links,
                                        .topology = options.topology});
  const mesh::Shape& all = gathered.shape();
  const mesh::Tensor metadata = ops::reshape(gathered, {1, all[0], all[1], all[3]});
  return {.tokens =
              device.enqueue(kOp, std::array{tokens, metadata, expert_mapping}, attributes).front(),
          .metadata = metadata};
}

mesh::OpDefinition all_to_all_dispatch_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.schedule = [](const mesh::CollectiveCall& call) {
    return row_exchange_schedule(call, {.rows = rows, .assemble = assemble});
  };
  return definition;
}

}  // namespace ttmesh::ccl
