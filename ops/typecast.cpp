#include "ops/typecast.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Block;
using mesh::HeldType;
using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec out = call.inputs[0];
  out.dtype = mesh::parse_dtype(call.attributes.text("dtype"));
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     kElementwiseCyclesPerTile);
}

template <typename T>
T to_integer(double value) {
  if (std::isnan(value)) return 0;
  return static_cast<T>(std::clamp(std::trunc(value),
                                   static_cast<double>(std::numeric_limits<T>::min()),
                                   static_cast<double>(std::numeric_limits<T>::max())));
}

std::vector<double> exact_values(const Block& block) {
  const auto plain = block.plain();
  std::vector<double> out;
  const auto copy = [&](auto values) { out.assign(values.begin(), values.end()); };
  switch (block.type()) {
    case HeldType::Float32:
    case HeldType::Bfloat16:
      copy(FloatReader(block).all());
      break;
    case HeldType::Int32:
      copy(mesh::values<std::int32_t>(*plain));
      break;
    case HeldType::UInt32:
      copy(mesh::values<std::uint32_t>(*plain));
      break;
    case HeldType::UInt16:
      copy(mesh::values<std::uint16_t>(*plain));
      break;
  }
  return out;
}

template <typename T>
mesh::Shard integers(const std::vector<double>& values, const TensorSpec& out) {
  auto buffer = std::make_shared<mesh::Buffer>(values.size() * sizeof(T));
  std::transform(values.begin(), values.end(), mesh::values<T>(*buffer).begin(), to_integer<T>);
  return mesh::Shard(
      std::make_shared<const Block>(out.shape, mesh::held_type(out.dtype), std::move(buffer)));
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const Block& block = run.inputs[0].block();
  if (mesh::is_floating(out.dtype)) {
    RoundedWriter writer(out);
    if (mesh::is_floating(run.call.inputs[0].dtype)) {
      writer.write(0, FloatReader(block).all());
    } else {
      const std::vector<double> values = exact_values(block);
      writer.write(0, std::vector<float>(values.begin(), values.end()));
    }
    return {writer.finish()};
  }
  switch (mesh::held_type(out.dtype)) {
    case HeldType::UInt32:
      return {integers<std::uint32_t>(exact_values(block), out)};
    case HeldType::UInt16:
      return {integers<std::uint16_t>(exact_values(block), out)};
    default:
      return {integers<std::int32_t>(exact_values(block), out)};
  }
}

}  // namespace

mesh::OpDefinition typecast_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor typecast(const mesh::Tensor& input, mesh::DataType dtype) {
  if (input.dtype() == dtype) return input;
  return input.device()
      .enqueue("typecast", std::array{input}, {{"dtype", std::string(mesh::name(dtype))}})
      .front();
}

}  // namespace ttmesh::ops
