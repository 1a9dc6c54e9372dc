#include "ops/sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <stdexcept>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/held_values.hpp"
#include "ops/integer_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "sim/philox.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Placement;
using mesh::TensorSpec;

constexpr const char* kOp = "sampling";
constexpr int kUsersDim = 2;
constexpr std::array kParameters{"k", "p", "temperature", "seed"};

void require_candidates(const TensorSpec& values, const TensorSpec& indices) {
  require_floating(kOp, {"values", values});
  require_integers(kOp, {"indices", indices});
  require_paid(kOp, {"values", values});
  require_paid(kOp, {"indices", indices});
  const mesh::Shape& shape = values.shape;
  if (shape.rank() != 4 || shape[0] * shape[1] != 1 || indices.shape != shape) {
    throw std::invalid_argument(
        fmt::format("[sampling] values are {} and indices {}, needs [1, 1, users, n] for both",
                    to_string(shape), to_string(indices.shape)));
  }
  require_whole_dim(kOp, {"values", values}, 3);
  if (mesh::normalised(values.distribution) != mesh::normalised(indices.distribution)) {
    throw std::invalid_argument(
        fmt::format("[sampling] values are placed {} and indices {}, needs "
                    "one placement",
                    to_string(values.distribution), to_string(indices.distribution)));
  }
}

void require_parameter(const char* name, const TensorSpec& values, const TensorSpec& parameter) {
  const bool floats = name[0] == 'p' || name[0] == 't';
  if (mesh::is_floating(parameter.dtype) != floats) {
    throw std::invalid_argument(fmt::format("[sampling] {} is {}, needs {}", name,
                                            mesh::name(parameter.dtype),
                                            floats ? "floating point" : "integers"));
  }
  if (parameter.shape.volume() != values.shape[kUsersDim]) {
    throw std::invalid_argument(
        fmt::format("[sampling] {} has shape {}, needs one value for each "
                    "of {} users",
                    name, to_string(parameter.shape), values.shape[kUsersDim]));
  }
  for (const int axis : {0, 1}) {
    const Placement users = mesh::normalised(values.distribution).along(axis);
    const Placement found = mesh::normalised(parameter.distribution).along(axis);
    if (found.kind == users.kind) continue;
    throw std::invalid_argument(fmt::format(
        "[sampling] {} is {} along cluster_axis {} and values are {}, needs users alike", name,
        to_string(found), axis, to_string(users)));
  }
}

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& values = call.inputs[0];
  require_candidates(values, call.inputs[1]);
  for (std::size_t i = 0; i < kParameters.size(); ++i) {
    require_parameter(kParameters[i], values, call.inputs[2 + i]);
  }
  TensorSpec out = values;
  out.shape = {1, 1, 1, values.shape[kUsersDim]};
  out.dtype = mesh::DataType::UInt32;
  out.layout = mesh::Layout::RowMajor;
  out.memory = mesh::kDramInterleaved;
  for (Placement& placement : out.distribution.placements) {
    if (placement == mesh::shard(kUsersDim)) placement = mesh::shard(3);
  }
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  const mesh::Shape& shape = call.inputs[0].shape;
  return stream_work(call.inputs, call.outputs, mesh::tile_count(shape),
                     sorting_cycles_per_tile(row_length(shape)));
}

/// What a user's token is drawn by.
struct Draw {
  std::int64_t k;
  float p;
  float temperature;
  double random;  ///< Uniform in [0, 1).
};

double uniform(std::uint32_t seed, std::uint32_t user, std::uint64_t draw) {
  const auto bits = sim::philox4x32(
      {user, static_cast<std::uint32_t>(draw), static_cast<std::uint32_t>(draw >> 32U), 0},
      {seed, 0x73616D70U});  // "samp": no other stream of a seed.
  const std::uint64_t high = bits[0];
  return static_cast<double>((high << 21U) ^ (bits[1] >> 11U)) * 0x1p-53;
}

void require_valid(const Draw& draw, std::size_t user) {
  const bool valid = draw.k >= 1 && draw.p >= 0 && draw.p <= 1 && draw.temperature > 0 &&
                     std::isfinite(draw.temperature);
  if (valid) return;
  throw std::invalid_argument(
      fmt::format("[sampling] user {} has k {}, p {} and reciprocal temperature {}, needs k of at "
                  "least 1, p within [0, 1] and a positive temperature",
                  user, draw.k, draw.p, draw.temperature));
}

// Place of the chosen candidate in the row.
std::size_t choose(std::span<const float> row, std::span<const std::int64_t> indices,
                   const Draw& draw) {
  std::vector<std::size_t> order(row.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto kept = std::min(static_cast<std::size_t>(draw.k), row.size());
  const auto better = [&](std::size_t a, std::size_t b) {
    if (std::isnan(row[a]) != std::isnan(row[b])) return std::isnan(row[b]);
    if (row[a] != row[b]) return row[a] > row[b];
    return indices[a] < indices[b];
  };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    better);
  std::vector<double> weights;
  const double best = row[order.front()];
  for (std::size_t i = 0; i < kept; ++i) {
    weights.push_back(std::exp((row[order[i]] - best) * static_cast<double>(draw.temperature)));
  }
  const double all = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  std::size_t count = 0;
  while (count < kept && (count == 0 || sum < draw.p * all)) sum += weights[count++];
  double rest = draw.random * sum;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    if (rest < weights[i]) return order[i];
    rest -= weights[i];
  }
  return order[count - 1];
}

// Where a chip's users begin among all.
std::int64_t first_user(const TensorSpec& values, mesh::Coordinate chip) {
  return mesh::local_origin(values.shape, values.distribution, chip)[kUsersDim];
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& spec = run.call.inputs[0];
  const std::int64_t length = row_length(spec.shape);
  FloatReader values(run.inputs[0].block());
  FloatReader p(run.inputs[3].block());
  FloatReader temperature(run.inputs[4].block());
  const std::vector<std::int64_t> indices = integer_values(run.inputs[1].block());
  const std::vector<std::int64_t> k = integer_values(run.inputs[2].block());
  const std::vector<std::int64_t> seeds = integer_values(run.inputs[5].block());
  const std::int64_t user_offset = first_user(spec, run.chip);
  const auto number = static_cast<std::uint64_t>(run.call.attributes.integer("draw"));
  std::vector<std::int64_t> tokens;
  for (std::size_t user = 0; user < k.size(); ++user) {
    const Draw draw{
        .k = k[user],
        .p = p.all()[user],
        .temperature = temperature.all()[user],
        .random = uniform(static_cast<std::uint32_t>(seeds[user]),
                          static_cast<std::uint32_t>(user_offset + static_cast<std::int64_t>(user)),
                          number)};
    require_valid(draw, user);
    const auto first = user * static_cast<std::size_t>(length);
    const auto count = static_cast<std::size_t>(length);
    const auto row = values.all().subspan(first, count);
    const auto ids = std::span(indices).subspan(first, count);
    tokens.push_back(ids[choose(row, ids, draw)]);
  }
  return {integer_shard(run.call.outputs[0], tokens)};
}

}  // namespace

mesh::OpDefinition sampling_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = [](const mesh::OpCall& call, mesh::Coordinate chip) {
    return static_cast<std::uint64_t>(first_user(call.inputs[0], chip));
  };
  return definition;
}

mesh::Tensor sampling(const mesh::Tensor& values, const mesh::Tensor& indices,
                      const SamplingParameters& parameters) {
  return values.device()
      .enqueue(kOp,
               std::array{values, indices, parameters.k, parameters.p, parameters.temperature,
                          parameters.seed},
               {{"draw", parameters.draw}})
      .front();
}

}  // namespace ttmesh::ops
