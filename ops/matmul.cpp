#include "ops/matmul.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/convert.hpp"
#include "ops/broadcast.hpp"
#include "ops/combination.hpp"
#include "ops/held_values.hpp"
#include "ops/matmul_placement.hpp"
#include "ops/product.hpp"
#include "ops/truncation.hpp"
#include "ops/vector_math.hpp"
#include "sim/chip_model.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

// Rows of the product that are finished (bias, activation, rounding) at a time.
constexpr std::int64_t kFinishedValues = 2048;

std::int64_t batches_of(const Shape& shape) { return shape.volume() / (shape[-1] * shape[-2]); }

Shape leading_dims(const Shape& shape) {
  const auto dims = shape.dims().first(static_cast<std::size_t>(shape.rank() - 2));
  return Shape(std::vector<std::int64_t>(dims.begin(), dims.end()));
}

void require_tiled(const char* op, const char* name, const TensorSpec& spec) {
  if (spec.shape.rank() < 2) {
    throw std::invalid_argument(fmt::format("[{}] {} has shape {}, needs a rank of at least 2", op,
                                            name, to_string(spec.shape)));
  }
  if (spec.layout != mesh::Layout::Tile) {
    throw std::invalid_argument(fmt::format("[{}] {} is row-major, needs tile layout", op, name));
  }
  if (!mesh::is_floating(spec.dtype)) {
    throw std::invalid_argument(fmt::format("[{}] {} is {}, needs a floating-point dtype", op, name,
                                            mesh::name(spec.dtype)));
  }
}

// [.., M, N] from [.., M, K] and [.., K, N].
Shape product_shape(const char* op, const Shape& a, const Shape& b) {
  if (a[-1] != b[-2]) {
    throw std::invalid_argument(
        fmt::format("[{}] inner dims differ: input a is {} and input b {} on each chip, needs "
                    "{} rows in input b",
                    op, to_string(a), to_string(b), a[-1]));
  }
  const std::int64_t a_batches = batches_of(a);
  const std::int64_t b_batches = batches_of(b);
  if (a_batches != 1 && b_batches != 1 &&
      broadcast_shape(op, leading_dims(a), leading_dims(b)).volume() != a_batches) {
    throw std::invalid_argument(
        fmt::format("[{}] batch dims of {} and {} differ, needs equal ones or all 1", op,
                    to_string(a), to_string(b)));
  }
  const Shape leading = broadcast_shape(op, leading_dims(a), leading_dims(b));
  if (leading.volume() != std::max(a_batches, b_batches)) {
    throw std::invalid_argument(
        fmt::format("[{}] batch dims of {} and {} differ, needs equal ones or all 1", op,
                    to_string(a), to_string(b)));
  }
  std::vector<std::int64_t> dims(leading.dims().begin(), leading.dims().end());
  dims.push_back(a[-2]);
  dims.push_back(b[-1]);
  return Shape(std::move(dims));
}

std::vector<TensorSpec> infer(const char* op, const mesh::OpCall& call) {
  const TensorSpec& a = call.inputs[0];
  const TensorSpec& b = call.inputs[1];
  require_tiled(op, "input a", a);
  require_tiled(op, "input b", b);
  const auto& attributes = call.attributes;
  TensorSpec out;
  out.dtype = mesh::parse_dtype(attributes.text("dtype"));
  if (!mesh::is_floating(out.dtype)) {
    throw std::invalid_argument(fmt::format("[{}] output dtype is {}, needs a floating-point one",
                                            op, mesh::name(out.dtype)));
  }
  out.memory = mesh::parse_memory_config(attributes.text("memory"));
  const int rank = std::max(a.shape.rank(), b.shape.rank());
  out.distribution = product_distribution(op, a, b, rank);
  out.shape = product_shape(op, a.shape, b.shape);
  if (call.inputs.size() > 2) {
    const TensorSpec& bias = call.inputs[2];
    if (broadcast_shape(op, out.shape, bias.shape) != out.shape) {
      throw std::invalid_argument(
          fmt::format("[{}] bias {} does not repeat over the product {}, "
                      "needs [.., 1, {}]",
                      op, to_string(bias.shape), to_string(out.shape), out.shape[-1]));
    }
    out.distribution =
        combined_distribution(op, Combination::Sum, {"the product", out}, {"the bias", bias});
  }
  if (attributes.text("activation") != name(Activation::None)) {
    mesh::require_no_partial(op, out.distribution);
  }
  mesh::validate(out);
  return {out};
}

sim::Operand operand(const TensorSpec& spec) {
  return {.tile_bytes = mesh::tile_bytes(spec.dtype), .buffer = spec.memory.buffer};
}

std::int64_t tiles(std::int64_t extent) {
  return (extent + mesh::kTileExtent - 1) / mesh::kTileExtent;
}

sim::Work cost(const mesh::OpCall& call) {
  const TensorSpec& a = call.inputs[0];
  const TensorSpec& b = call.inputs[1];
  const TensorSpec& out = call.outputs[0];
  const auto& attributes = call.attributes;
  // With one weight for all batches they are rows of one product.
  const bool fused = batches_of(b.shape) == 1;
  const std::int64_t batches = batches_of(out.shape);
  sim::MatmulWork work{
      .batches = fused ? 1 : batches,
      .m_tiles = tiles(out.shape[-2]) * (fused ? batches : 1),
      .k_tiles = tiles(a.shape[-1]),
      .n_tiles = tiles(out.shape[-1]),
      .in0 = operand(a),
      .in1 = operand(b),
      .out = operand(out),
      .fidelity = sim::parse_fidelity(attributes.text("fidelity")),
      .fp32_accumulate = attributes.flag("fp32_accumulate"),
      .in1_dram_sharded = b.memory.buffer == mesh::BufferType::Dram &&
                          b.memory.layout == mesh::MemoryLayout::WidthSharded,
  };
  if (attributes.has("grid")) {
    const auto& grid = attributes.integers("grid");
    work.grid = sim::CoreGrid{.x = static_cast<int>(grid[0]), .y = static_cast<int>(grid[1])};
  }
  return work;
}

ProductShape sizes(const Shape& a, const Shape& b) {
  if (batches_of(b) == 1) {
    return {.m = a.volume() / a[-1], .k = a[-1], .n = b[-1]};
  }
  return {.batches = batches_of(b),
          .m = a[-2],
          .k = a[-1],
          .n = b[-1],
          .a_repeats = batches_of(a) == 1};
}

// Adds the bias, applies the activation and rounds, a few rows or a part of one at a time.
mesh::Shard finished(std::span<float> sums, const mesh::OpRun& run, Activation activation) {
  const TensorSpec& out = run.call.outputs[0];
  RoundedWriter writer(out);
  const std::int64_t length = row_length(out.shape);
  std::vector<float> bias;
  BroadcastRows bias_rows(out.shape, out.shape);
  if (run.inputs.size() > 2) {
    const mesh::Block& block = run.inputs[2].block();
    bias.resize(static_cast<std::size_t>(block.shape().volume()));
    FloatReader(block).read(0, bias);
    bias_rows = BroadcastRows(block.shape(), out.shape);
  }
  const std::int64_t rows = static_cast<std::int64_t>(sums.size()) / length;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t first = 0; first < length; first += kFinishedValues) {
      const auto count = static_cast<std::size_t>(std::min(kFinishedValues, length - first));
      const auto part = sums.subspan(static_cast<std::size_t>(row * length + first), count);
      if (!bias.empty()) {
        const bool repeats = bias_rows.length() == 1;
        const std::int64_t at = bias_rows.offset(row) + (repeats ? 0 : first);
        add_to(part, std::span(bias).subspan(static_cast<std::size_t>(at), repeats ? 1 : count));
      }
      apply(activation, part);
      writer.write(row * length + first, part);
    }
  }
  return writer.finish();
}

// What the fidelity's phases multiply.
Truncation phases_of(const mesh::OpCall& call) {
  return truncation_of(sim::parse_fidelity(call.attributes.text("fidelity")), call.inputs[0].dtype,
                       call.inputs[1].dtype);
}

// Of a: what the phases multiply, and the rest where that meets b, too; nothing if a is whole.
std::vector<mesh::Shard> prepare(const mesh::OpCall& call, const mesh::Shard& a) {
  const Truncation truncation = phases_of(call);
  std::vector<mesh::Shard> parts;
  if (truncation.a_bits == kMantissaBits) return parts;
  parts.emplace_back(truncated(a.block(), truncation.a_bits));
  if (truncation.rest_bits != 0) parts.emplace_back(remainder(a.block(), truncation.a_bits));
  return parts;
}

std::vector<mesh::Shard> run(WeightForm form, const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const mesh::Block& a = run.prepared.empty() ? run.inputs[0].block() : run.prepared[0].block();
  const mesh::Block& b = run.inputs[1].block();
  const ProductShape shape = sizes(a.shape(), b.shape());
  const Truncation truncation = phases_of(run.call);
  const WeightUse use{.form = form, .mantissa_bits = truncation.b_bits};
  const Activation activation = parse_activation(run.call.attributes.text("activation"));
  const bool as_is = activation == Activation::None && run.inputs.size() == 2;
  if (as_is && truncation.rest_bits == 0 && out.dtype == mesh::DataType::Bfloat16) {
    RoundedWriter writer(out);
    multiply(shape, a, b, use, writer.bfloat16_values());
    return {writer.finish()};
  }
  mesh::Buffer buffer(static_cast<std::size_t>(out.shape.volume()) * sizeof(float));
  const std::span<float> sums = mesh::values<float>(buffer);
  multiply(shape, a, b, use, sums);
  if (truncation.rest_bits != 0) {
    accumulate(shape, run.prepared[1].block(), b,
               {.form = form, .mantissa_bits = truncation.rest_bits}, sums);
  }
  return {finished(sums, run, activation)};
}

mesh::OpDefinition definition_of(const char* op, WeightForm form) {
  mesh::OpDefinition definition;
  definition.infer = [op](const mesh::OpCall& call) { return infer(op, call); };
  definition.cost = cost;
  definition.prepare = prepare;
  definition.run = [form](const mesh::OpRun& call) { return run(form, call); };
  return definition;
}

mesh::Tensor enqueue(const char* op, const mesh::Tensor& a, const mesh::Tensor& b,
                     const MatmulOptions& options) {
  mesh::Attributes attributes{{"activation", std::string(name(options.activation))},
                              {"dtype", std::string(mesh::name(options.dtype.value_or(a.dtype())))},
                              {"memory", to_string(options.memory)},
                              {"fidelity", std::string(sim::name(options.fidelity))},
                              {"fp32_accumulate", options.fp32_accumulate}};
  if (options.grid) {
    attributes.set("grid", std::vector<std::int64_t>{options.grid->x, options.grid->y});
  }
  std::vector<mesh::Tensor> inputs{a, b};
  if (options.bias) inputs.push_back(*options.bias);
  return a.device().enqueue(op, inputs, std::move(attributes)).front();
}

}  // namespace

mesh::OpDefinition linear_definition() { return definition_of("linear", WeightForm::Packed); }

mesh::OpDefinition matmul_definition() { return definition_of("matmul", WeightForm::Plain); }

mesh::Tensor linear(const mesh::Tensor& a, const mesh::Tensor& weight,
                    const MatmulOptions& options) {
  return enqueue("linear", a, weight, options);
}

mesh::Tensor matmul(const mesh::Tensor& a, const mesh::Tensor& b, const MatmulOptions& options) {
  return enqueue("matmul", a, b, options);
}

}  // namespace ttmesh::ops
