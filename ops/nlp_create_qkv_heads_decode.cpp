#include "ops/nlp_create_qkv_heads_decode.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/attention_heads.hpp"
#include "ops/held_values.hpp"
#include "ops/integer_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/strided_view.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

constexpr const char* kOp = "nlp_create_qkv_heads_decode";

bool is_sliced(const mesh::OpCall& call) { return call.attributes.has("slice_size"); }

// Axis along which each chip has a slice of its own, or -1.
int sliced_axis(const mesh::OpCall& call) {
  for (const int axis : {0, 1}) {
    if (mesh::normalised(call.inputs[1].distribution).along(axis) == mesh::shard(0)) return axis;
  }
  return -1;
}

void require_slice(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const TensorSpec& offset = call.inputs[1];
  require_one_mesh(kOp, {"input", input}, {"batch_offset", offset});
  require_integers(kOp, {"batch_offset", offset});
  require_paid(kOp, {"batch_offset", offset});
  const std::int64_t size = call.attributes.integer("slice_size");
  const std::int64_t users = input.shape[2];
  if (offset.shape != Shape{1} || size < 1 || size > users) {
    throw std::invalid_argument(
        fmt::format("[{}] batch_offset is {} and slice_size {}, needs [1], and 1 to the {} users",
                    kOp, to_string(offset.shape), size, users));
  }
  const int axis = sliced_axis(call);
  if (axis < 0) return;
  const mesh::Placement found = mesh::normalised(input.distribution).along(axis);
  const int chips = input.distribution.mesh.extent(axis);
  if (found == mesh::replicate() && size * chips == users) return;
  throw std::invalid_argument(
      fmt::format("[{}] batch_offset is Shard(0) along cluster_axis {}, input is {} with {} users "
                  "and slice_size "
                  "is {}; needs a Replicate input, and slices that make up the users of {} chips",
                  kOp, axis, to_string(found), users, size, chips));
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_rank_4(kOp, input, 0);
  require_rank_4(kOp, input, 1);
  const HeadCounts counts = head_counts(kOp, call.attributes);
  const std::int64_t width = head_dim(kOp, input.shape[3], counts);
  TensorSpec query = input;
  query.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  query.distribution = moved_dims(kOp, input, {-1, -1, 1, 2});
  std::int64_t users = input.shape[2];
  if (is_sliced(call)) {
    require_slice(call);
    users = call.attributes.integer("slice_size");
    const int axis = sliced_axis(call);
    if (axis >= 0) {
      query.distribution.placements[static_cast<std::size_t>(axis)] = mesh::shard(1);
    }
  }
  query.shape = {1, users, counts.queries, width};
  TensorSpec key = query;
  key.shape = {1, users, counts.keys, width};
  return {query, key, key};
}

sim::Work cost(const mesh::OpCall& call) {
  TensorSpec taken = call.inputs[0];
  taken.shape = taken.shape.with(2, call.outputs[0].shape[1]);
  return stream_work(std::array{taken}, call.outputs);
}

// First of the users that the chip takes.
std::int64_t first_user(const mesh::OpRun& run) {
  if (!is_sliced(run.call)) return 0;
  const std::int64_t offset = integer_values(run.inputs[1].block()).front();
  const std::int64_t size = run.call.attributes.integer("slice_size");
  const int axis = sliced_axis(run.call);
  const std::int64_t last = run.call.inputs[0].shape[2] - size;
  const std::int64_t own = size * (axis == 0 ? run.chip.row : run.chip.col);
  if (offset < 0 || offset > last || (axis >= 0 && offset != own)) {
    throw std::out_of_range(fmt::format("[{}] batch_offset is {}, needs {}", kOp, offset,
                                        axis >= 0
                                            ? fmt::format("{}, where the chip's slice begins", own)
                                            : fmt::format("0 to {}", last)));
  }
  return offset;
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const mesh::Block& block = run.inputs[0].block();
  const Shape& rows = block.shape();
  const HeadCounts counts = head_counts(kOp, run.call.attributes);
  const std::int64_t width = head_dim(kOp, rows[3], counts);
  const std::int64_t first = first_user(run) * rows[3];
  const std::array firsts{std::int64_t{0}, counts.queries, counts.queries + counts.keys};
  std::vector<mesh::Shard> shards;
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const TensorSpec& out = run.call.outputs[i];
    const StridedView view{.shape = out.shape,
                           .strides = {rows.volume(), rows[3], width, 1},
                           .offset = first + firsts[i] * width};
    mesh::BlockPtr part = taken(block, view, out.shape);
    const bool keeps_runs = width % kSharedExponentRun == 0;
    shards.emplace_back(keeps_runs ? part : regrouped(std::move(part), out.dtype));
  }
  return shards;
}

std::uint64_t position_key(const mesh::OpCall& call, mesh::Coordinate chip) {
  const int axis = is_sliced(call) ? sliced_axis(call) : -1;
  return axis < 0 ? 0 : static_cast<std::uint64_t>(axis == 0 ? chip.row : chip.col);
}

}  // namespace

mesh::OpDefinition nlp_create_qkv_heads_decode_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = position_key;
  return definition;
}

QkvHeads nlp_create_qkv_heads_decode(const mesh::Tensor& input,
                                     const NlpCreateQkvHeadsDecodeOptions& options) {
  if (options.batch_offset.has_value() != options.slice_size.has_value()) {
    throw std::invalid_argument(fmt::format("[{}] {} without {}, needs both or neither", kOp,
                                            options.slice_size ? "slice_size" : "batch_offset",
                                            options.slice_size ? "batch_offset" : "slice_size"));
  }
  mesh::Attributes attributes{{"num_heads", options.num_heads},
                              {"num_kv_heads", options.num_kv_heads},
                              {"memory", to_string(options.memory.value_or(input.memory()))}};
  std::vector<mesh::Tensor> inputs{input};
  if (options.slice_size) {
    attributes.set("slice_size", *options.slice_size);
    inputs.push_back(*options.batch_offset);
  }
  const std::vector<mesh::Tensor> heads =
      input.device().enqueue(kOp, inputs, std::move(attributes));
  return {.query = heads[0], .key = heads[1], .value = heads[2]};
}

}  // namespace ttmesh::ops
