#include "ops/full.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::HeldType;
using mesh::TensorSpec;

template <typename T>
bool holds(double value) {
  return value == std::trunc(value) &&
         value >= static_cast<double>(std::numeric_limits<T>::min()) &&
         value <= static_cast<double>(std::numeric_limits<T>::max());
}

bool holds(mesh::DataType dtype, double value) {
  switch (mesh::held_type(dtype)) {
    case HeldType::Int32:
      return holds<std::int32_t>(value);
    case HeldType::UInt32:
      return holds<std::uint32_t>(value);
    case HeldType::UInt16:
      return holds<std::uint16_t>(value);
    case HeldType::Float32:
    case HeldType::Bfloat16:
      break;
  }
  return true;
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec spec = mesh::spec_of(call.attributes);
  spec.distribution = mesh::normalised(spec.distribution);
  mesh::validate(spec);
  const double value = call.attributes.number("value");
  if (!holds(spec.dtype, value)) {
    throw std::invalid_argument(fmt::format("[full] value is {}, needs one that {} can hold", value,
                                            mesh::name(spec.dtype)));
  }
  return {spec};
}

sim::Work cost(const mesh::OpCall& call) { return stream_work({}, call.outputs); }

template <typename T>
mesh::Shard integers(const TensorSpec& spec, double value) {
  auto buffer =
      std::make_shared<mesh::Buffer>(static_cast<std::size_t>(spec.shape.volume()) * sizeof(T));
  const auto values = mesh::values<T>(*buffer);
  std::fill(values.begin(), values.end(), static_cast<T>(value));
  return mesh::Shard(std::make_shared<const mesh::Block>(spec.shape, mesh::held_type(spec.dtype),
                                                         std::move(buffer)));
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& spec = run.call.outputs[0];
  const double value = run.call.attributes.number("value");
  switch (mesh::held_type(spec.dtype)) {
    case HeldType::Int32:
      return {integers<std::int32_t>(spec, value)};
    case HeldType::UInt32:
      return {integers<std::uint32_t>(spec, value)};
    case HeldType::UInt16:
      return {integers<std::uint16_t>(spec, value)};
    case HeldType::Float32:
    case HeldType::Bfloat16:
      break;
  }
  RoundedWriter writer(spec);
  const std::vector<float> row(static_cast<std::size_t>(row_length(spec.shape)),
                               static_cast<float>(value));
  const auto length = static_cast<std::int64_t>(row.size());
  for (std::int64_t first = 0; first < spec.shape.volume(); first += length) {
    writer.write(first, row);
  }
  return {writer.finish()};
}

}  // namespace

mesh::OpDefinition full_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  return definition;
}

mesh::Tensor full(mesh::MeshDevice device, const TensorSpec& spec, double value) {
  mesh::Attributes attributes = mesh::to_attributes(spec);
  attributes.set("value", value);
  return device.enqueue("full", {}, std::move(attributes)).front();
}

mesh::Tensor zeros(mesh::MeshDevice device, const TensorSpec& spec) {
  return full(std::move(device), spec, 0.0);
}

}  // namespace ttmesh::ops
