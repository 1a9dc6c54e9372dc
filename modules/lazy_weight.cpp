#include "modules/lazy_weight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/assemble_weight.hpp"
#include "modules/hash.hpp"
#include "modules/load_weight.hpp"
#include "modules/weight_file.hpp"
#include "ops/random_normal.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Shape;

template <typename T>
const T& provided(const std::optional<T>& value, const char* field) {
  if (!value) {
    throw std::invalid_argument(
        fmt::format("[LazyWeight] {} must be provided before the first use", field));
  }
  return *value;
}

// Copies the values to the front of every row of the larger shape.
template <typename T>
std::vector<T> padded_values(const std::vector<T>& values, const Shape& from, const Shape& to,
                             double pad_value) {
  std::vector<T> padded(static_cast<std::size_t>(to.volume()), static_cast<T>(pad_value));
  const std::int64_t length = from[-1];
  for (std::int64_t row = 0; row < from.volume() / length; ++row) {
    std::int64_t rest = row;
    std::int64_t at = 0;
    std::int64_t stride = to[-1];
    for (int dim = from.rank() - 2; dim >= 0; --dim) {
      at += rest % from[dim] * stride;
      rest /= from[dim];
      stride *= to[dim];
    }
    std::copy_n(values.begin() + row * length, length, padded.begin() + at);
  }
  return padded;
}

mesh::HostTensor padded(const mesh::HostTensor& tensor, const Shape& shape, double pad_value) {
  if (tensor.shape == shape) return tensor;
  mesh::HostTensor result{.shape = shape, .values = {}};
  std::visit(
      [&](const auto& values) {
        result.values = padded_values(values, tensor.shape, shape, pad_value);
      },
      tensor.values);
  return result;
}

}  // namespace

struct LazyWeight::State {
  WeightSource source;
  LazyWeightOptions options;
  std::optional<mesh::Tensor> tensor{};
};

std::int64_t padded_extent(std::int64_t extent, int parts) {
  const std::int64_t unit = mesh::kTileExtent * parts;
  return (extent + unit - 1) / unit * unit;
}

LazyWeight::LazyWeight(WeightSource source, LazyWeightOptions options)
    : state_(std::make_shared<State>(State{std::move(source), std::move(options)})) {
  if (state_->source.values() == nullptr && state_->options.pad_value != 0) {
    throw std::invalid_argument(
        fmt::format("[LazyWeight] pad_value is {} for values that the chips make themselves, "
                    "needs 0",
                    state_->options.pad_value));
  }
}

mesh::Tensor LazyWeight::get_device_weight() const {
  if (!state_->tensor) state_->tensor = make_device_tensor();
  return *state_->tensor;
}

mesh::Tensor LazyWeight::make_device_tensor() const {
  const LazyWeightOptions& options = state_->options;
  const mesh::MeshDevice& device = provided(options.device, "device");
  const Shape global = padded_shape();
  mesh::TensorSpec spec{
      .shape = {},
      .dtype = options.dtype,
      .layout = provided(options.layout, "layout"),
      .memory = provided(options.memory, "memory"),
      .distribution = mesh::resolved(
          options.distribution.value_or(mesh::replicate_tensor_to_mesh(device.shape())),
          global.rank())};
  if (spec.distribution.mesh != device.shape()) {
    throw std::invalid_argument(
        fmt::format("[LazyWeight] the distribution is for a {} mesh, needs one for {}",
                    to_string(spec.distribution.mesh), to_string(device.shape())));
  }
  spec.shape = mesh::local_shape(global, spec.distribution);

  if (const RandomNormal* random = source().random()) {
    return ops::random_normal(device, spec,
                              {.key = random->key, .scale = random->scale, .logical = shape()});
  }
  if (const WeightAssembly* assembly = source().assembly()) {
    return assemble_weight(device, spec, *assembly);
  }
  const mesh::WriteOptions write{.dtype = spec.dtype,
                                 .layout = spec.layout,
                                 .memory = spec.memory,
                                 .distribution = spec.distribution};
  const auto values = [&] { return padded(*source().values(), global, options.pad_value); };
  const std::optional<std::filesystem::path> path = cache_path();
  if (!path) return mesh::from_host(device, values(), write);
  if (!device.timing_only() && !std::filesystem::exists(*path)) {
    write_weight_file(*path, values(), spec);
  }
  return load_weight(device, spec, *path);
}

LazyWeight LazyWeight::with_defaults(const LazyWeightOptions& defaults) const {
  LazyWeightOptions options = state_->options;
  bool changed = false;
  const auto fill = [&](auto& value, const auto& fallback) {
    if (value || !fallback) return;
    value = fallback;
    changed = true;
  };
  fill(options.layout, defaults.layout);
  fill(options.memory, defaults.memory);
  fill(options.distribution, defaults.distribution);
  fill(options.device, defaults.device);
  fill(options.padded_shape, defaults.padded_shape);
  fill(options.cache, defaults.cache);
  return changed ? LazyWeight(state_->source, std::move(options)) : *this;
}

bool LazyWeight::is_loaded() const { return state_->tensor.has_value(); }

const WeightSource& LazyWeight::source() const { return state_->source; }

const LazyWeightOptions& LazyWeight::options() const { return state_->options; }

Shape LazyWeight::padded_shape() const {
  const LazyWeightOptions& options = state_->options;
  Shape padded = options.padded_shape.value_or(shape());
  if (padded.rank() != shape().rank() ||
      !std::ranges::equal(shape().dims(), padded.dims(), std::less_equal{})) {
    throw std::invalid_argument(fmt::format("[LazyWeight] padded shape is {}, needs at least {}",
                                            to_string(padded), to_string(shape())));
  }
  if (options.padded_shape || !options.distribution ||
      options.layout.value_or(mesh::Layout::Tile) != mesh::Layout::Tile) {
    return padded;
  }
  const mesh::Distribution distribution = mesh::resolved(*options.distribution, padded.rank());
  for (const mesh::Placement& placement : distribution.placements) {
    const bool in_tiles =
        placement.kind == mesh::Placement::Kind::Shard && placement.dim >= padded.rank() - 2;
    if (!in_tiles) continue;
    padded =
        padded.with(placement.dim, padded_extent(shape()[placement.dim], distribution.mesh.size()));
  }
  return padded;
}

std::string LazyWeight::fingerprint() const {
  const LazyWeightOptions& options = state_->options;
  const std::string text = fmt::format(
      "{} | {} | {} | {} | {} {} | {} {}", source().digest(), mesh::name(options.dtype),
      options.layout.value_or(mesh::Layout::Tile) == mesh::Layout::Tile ? "tile" : "row_major",
      to_string(options.memory.value_or(mesh::kDramInterleaved)),
      options.distribution ? to_string(options.distribution->mesh) : "any",
      options.distribution ? to_string(mesh::resolved(*options.distribution, shape().rank()))
                           : "Replicate",
      to_string(padded_shape()), options.pad_value);
  return hash_text(std::as_bytes(std::span(text)));
}

std::optional<std::filesystem::path> LazyWeight::cache_path() const {
  const std::optional<WeightCache>& cache = state_->options.cache;
  if (!cache || source().values() == nullptr) return std::nullopt;
  return cache->directory / fmt::format("{}_{}.tensorbin", cache->name, fingerprint());
}

}  // namespace ttmesh::modules
