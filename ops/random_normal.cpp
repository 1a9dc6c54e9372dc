#include "ops/random_normal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "ops/held_values.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

Shape logical_shape(const mesh::OpCall& call, const TensorSpec& spec) {
  const Shape global = mesh::global_shape(spec.shape, spec.distribution);
  if (!call.attributes.has("logical")) return global;
  return Shape(call.attributes.integers("logical"));
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec spec = mesh::spec_of(call.attributes);
  mesh::validate(spec);
  if (!mesh::is_floating(spec.dtype)) {
    throw std::invalid_argument(fmt::format(
        "[random_normal] dtype is {}, needs a floating-point one", mesh::name(spec.dtype)));
  }
  if (spec.shape.rank() == 0) {
    throw std::invalid_argument("[random_normal] shape has rank 0, needs at least 1");
  }
  spec.distribution = mesh::normalised(spec.distribution);
  if (mesh::owes_sum(spec.distribution)) {
    throw std::invalid_argument(
        fmt::format("[random_normal] placements are {}, needs Replicate or "
                    "Shard along both mesh axes",
                    to_string(spec.distribution)));
  }
  const Shape global = mesh::global_shape(spec.shape, spec.distribution);
  const Shape logical = logical_shape(call, spec);
  bool fits = logical.rank() == global.rank();
  for (int dim = 0; fits && dim < global.rank(); ++dim) {
    fits = logical[dim] >= 1 && logical[dim] <= global[dim];
  }
  if (!fits) {
    throw std::invalid_argument(
        fmt::format("[random_normal] logical shape is {}, needs extents of "
                    "1 up to those of the global shape {}",
                    to_string(logical), to_string(global)));
  }
  return {spec};
}

sim::Work cost(const mesh::OpCall&) { return sim::NoWork{}; }

// Rows of the chip's part, each a run of samples of the logical tensor followed by zeros.
std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& spec = run.call.outputs[0];
  const auto& attributes = run.call.attributes;
  const Shape logical = logical_shape(run.call, spec);
  const Shape origin = mesh::local_origin(spec.shape, spec.distribution, run.chip);
  const mesh::RandomKey key{.seed = static_cast<std::uint64_t>(attributes.integer("seed")),
                            .stream = static_cast<std::uint64_t>(attributes.integer("stream"))};
  const auto scale = static_cast<float>(attributes.number("scale"));
  const std::int64_t length = spec.shape[-1];
  const std::int64_t samples = std::clamp<std::int64_t>(logical[-1] - origin[-1], 0, length);
  std::vector<float> row(static_cast<std::size_t>(length));
  RoundedWriter writer(spec);
  for (std::int64_t i = 0; i < spec.shape.volume() / length; ++i) {
    std::int64_t first = origin[-1];
    std::int64_t stride = logical[-1];
    std::int64_t rest = i;
    bool inside = samples > 0;
    for (int dim = spec.shape.rank() - 2; dim >= 0; --dim) {
      const std::int64_t index = origin[dim] + rest % spec.shape[dim];
      rest /= spec.shape[dim];
      inside = inside && index < logical[dim];
      first += index * stride;
      stride *= logical[dim];
    }
    const auto filled = static_cast<std::size_t>(inside ? samples : 0);
    std::fill(row.begin() + static_cast<std::ptrdiff_t>(filled), row.end(), 0.0F);
    if (filled > 0) {
      mesh::fill_normal(key, static_cast<std::uint64_t>(first), scale,
                        std::span(row).first(filled));
    }
    writer.write(i * length, row);
  }
  return {writer.finish()};
}

// Row-major index of the part among the distinct ones, so that replicas are made once.
std::uint64_t position_key(const mesh::OpCall& call, mesh::Coordinate chip) {
  const TensorSpec& spec = call.outputs[0];
  const Shape origin = mesh::local_origin(spec.shape, spec.distribution, chip);
  const Shape global = mesh::global_shape(spec.shape, spec.distribution);
  std::int64_t key = 0;
  for (int dim = 0; dim < spec.shape.rank(); ++dim) {
    key = key * (global[dim] / spec.shape[dim]) + origin[dim] / spec.shape[dim];
  }
  return static_cast<std::uint64_t>(key);
}

}  // namespace

mesh::OpDefinition random_normal_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = position_key;
  return definition;
}

mesh::Tensor random_normal(mesh::MeshDevice device, const TensorSpec& spec,
                           const RandomNormalOptions& options) {
  mesh::Attributes attributes = mesh::to_attributes(spec);
  attributes.set("seed", static_cast<std::int64_t>(options.key.seed));
  attributes.set("stream", static_cast<std::int64_t>(options.key.stream));
  attributes.set("scale", options.scale);
  if (options.logical) {
    const auto dims = options.logical->dims();
    attributes.set("logical", std::vector<std::int64_t>(dims.begin(), dims.end()));
  }
  return device.enqueue("random_normal", {}, std::move(attributes)).front();
}

}  // namespace ttmesh::ops
