#include "ops/pad.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/strided_view.hpp"

namespace ttmesh::ops {
namespace {

using mesh::HeldType;
using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  const auto& front = call.attributes.integers("front");
  const auto& back = call.attributes.integers("back");
  const auto rank = static_cast<std::size_t>(input.shape.rank());
  if (front.size() != rank || back.size() != rank) {
    throw std::invalid_argument(fmt::format("[pad] {} paddings for {}, needs at most {}",
                                            front.size(), to_string(input.shape), rank));
  }
  TensorSpec out = input;
  bool pads = false;
  for (int dim = 0; dim < input.shape.rank(); ++dim) {
    const std::int64_t before = front[static_cast<std::size_t>(dim)];
    const std::int64_t after = back[static_cast<std::size_t>(dim)];
    if (before < 0 || after < 0) {
      throw std::invalid_argument(fmt::format(
          "[pad] {} in front of and {} after dim {}, needs 0 or more", before, after, dim));
    }
    const bool grows = before + after > 0;
    pads = pads || grows;
    for (const mesh::Placement& placement : mesh::normalised(input.distribution).placements) {
      if (placement == mesh::stacked(dim) && grows) {
        throw std::invalid_argument(fmt::format(
            "[pad] dim {} holds the terms of a sum, needs fast_reduce_nc over it first", dim));
      }
    }
    out.shape = out.shape.with(dim, before + input.shape[dim] + after);
  }
  if (pads && call.attributes.number("value") != 0) require_paid("pad", {"input", input});
  return {out};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work(call.inputs, call.outputs); }

template <typename T>
void fill(mesh::Buffer& buffer, T value) {
  const auto values = mesh::values<T>(buffer);
  std::fill(values.begin(), values.end(), value);
}

void fill(mesh::Buffer& buffer, HeldType type, double value) {
  switch (type) {
    case HeldType::Float32:
      return fill(buffer, static_cast<float>(value));
    case HeldType::Bfloat16:
      return fill(buffer, mesh::to_bfloat16(static_cast<float>(value)));
    case HeldType::Int32:
      return fill(buffer, static_cast<std::int32_t>(value));
    case HeldType::UInt32:
      return fill(buffer, static_cast<std::uint32_t>(value));
    case HeldType::UInt16:
      return fill(buffer, static_cast<std::uint16_t>(value));
  }
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const auto& front = run.call.attributes.integers("front");
  const mesh::Block& block = run.inputs[0].block();
  const std::int64_t value_bytes = mesh::held_bytes(block.type());
  const std::shared_ptr<const mesh::Buffer> plain = block.plain();
  auto buffer =
      std::make_shared<mesh::Buffer>(static_cast<std::size_t>(out.shape.volume() * value_bytes));
  fill(*buffer, block.type(), run.call.attributes.number("value"));
  const StridedView source = dense_view(block.shape());
  StridedView target = dense_view(out.shape);
  target.shape = block.shape();
  for (std::size_t dim = 0; dim < front.size(); ++dim) {
    target.offset += front[dim] * target.strides[dim];
  }
  copy(source, plain->data(), target, buffer->data(), value_bytes);
  auto padded = std::make_shared<const mesh::Block>(out.shape, block.type(), std::move(buffer));
  return {mesh::Shard(regrouped(std::move(padded), out.dtype))};
}

}  // namespace

mesh::OpDefinition pad_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor pad(const mesh::Tensor& input, const PadOptions& options) {
  const auto rank = static_cast<std::size_t>(input.shape().rank());
  const std::size_t unpadded = rank - std::min(rank, options.padding.size());
  std::vector<std::int64_t> front(unpadded, 0);
  std::vector<std::int64_t> back(unpadded, 0);
  for (const Padding& padding : options.padding) {
    front.push_back(padding.front);
    back.push_back(padding.back);
  }
  return input.device()
      .enqueue("pad", std::array{input},
               {{"front", std::move(front)},
                {"back", std::move(back)},
                {"value", double{options.value}}})
      .front();
}

}  // namespace ttmesh::ops
