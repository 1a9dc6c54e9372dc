#include "ops/elementwise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/broadcast.hpp"
#include "ops/held_values.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

// Values worked on at a time: two of these buffers stay in the first-level cache.
constexpr std::int64_t kChunkValues = 2048;

std::vector<TensorSpec> infer(const char* op, Combination combination, const mesh::OpCall& call) {
  const TensorSpec& a = call.inputs[0];
  const auto& attributes = call.attributes;
  TensorSpec out = a;
  out.dtype = mesh::parse_dtype(attributes.text("dtype"));
  out.memory = mesh::parse_memory_config(attributes.text("memory"));
  const bool is_linear = attributes.text("input_a_activation") == name(Activation::None);
  if (!is_linear) mesh::require_no_partial(op, a.distribution);
  if (call.inputs.size() == 2) {
    const TensorSpec& b = call.inputs[1];
    out.shape = broadcast_shape(op, a.shape, b.shape);
    out.distribution = combined_distribution(op, combination, {"input a", a}, {"input b", b});
    if (mesh::is_floating(a.dtype) != mesh::is_floating(b.dtype)) {
      throw std::invalid_argument(
          fmt::format("[{}] inputs are {} and {}, needs two floating-point or two integer dtypes",
                      op, mesh::name(a.dtype), mesh::name(b.dtype)));
    }
  } else if (combination == Combination::Sum) {
    mesh::require_no_partial(op, a.distribution);
  }
  if (attributes.text("activation") != name(Activation::None)) {
    mesh::require_no_partial(op, out.distribution);
  }
  const bool integers = !mesh::is_floating(a.dtype);
  if (integers &&
      (out.dtype != a.dtype || (call.inputs.size() == 2 && call.inputs[1].dtype != a.dtype))) {
    throw std::invalid_argument(
        fmt::format("[{}] input a is {} and the output {}, needs one "
                    "integer dtype throughout",
                    op, mesh::name(a.dtype), mesh::name(out.dtype)));
  }
  if (!integers && !mesh::is_floating(out.dtype)) {
    throw std::invalid_argument(fmt::format("[{}] output dtype is {}, needs a floating-point one",
                                            op, mesh::name(out.dtype)));
  }
  if (integers && (!is_linear || attributes.text("activation") != name(Activation::None))) {
    throw std::invalid_argument(
        fmt::format("[{}] an activation on {}, needs floating point", op, mesh::name(a.dtype)));
  }
  mesh::validate(out);
  return {out};
}

sim::Work cost(const mesh::OpCall& call) {
  const auto& attributes = call.attributes;
  const std::int64_t cycles =
      kElementwiseCyclesPerTile +
      cycles_per_tile(parse_activation(attributes.text("input_a_activation"))) +
      cycles_per_tile(parse_activation(attributes.text("activation")));
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.outputs[0].shape), cycles);
}

// One pass over the result: `visit(first, row, in_row, count)` for parts of at most kChunkValues
// values, whole rows where several fit.
using Visit = std::function<void(std::int64_t first, std::int64_t count)>;

void for_each_chunk(const Shape& shape, bool whole_rows_in_order, const Visit& visit) {
  const std::int64_t length = row_length(shape);
  const std::int64_t volume = shape.volume();
  const std::int64_t rows_at_once =
      whole_rows_in_order ? std::max<std::int64_t>(1, kChunkValues / length) : 1;
  for (std::int64_t first = 0; first < volume;) {
    const std::int64_t in_row = first % length;
    const std::int64_t count = length <= kChunkValues
                                   ? std::min(rows_at_once * length, volume - first)
                                   : std::min(kChunkValues, length - in_row);
    visit(first, count);
    first += count;
  }
}

// An operand laid out against the result.
class Side {
 public:
  Side(const mesh::Block& block, const Shape& result)
      : reader_(block), rows_(block.shape(), result), result_length_(row_length(result)) {}

  bool is_identity() const { return rows_.is_identity(); }

  /// The operand's values for the result's elements from `first`; one value if it repeats.
  std::span<float> read(std::int64_t first, std::int64_t count) {
    std::int64_t at = first;
    std::int64_t length = count;
    if (!is_identity()) {
      at = rows_.offset(first / result_length_);
      if (rows_.length() == result_length_) {
        at += first % result_length_;
      } else {
        length = 1;
      }
    }
    const std::span<float> part(values_.data(), static_cast<std::size_t>(length));
    reader_.read(at, part);
    return part;
  }

  /// The same with repeated values written out.
  std::span<float> read_all(std::int64_t first, std::int64_t count) {
    const std::span<float> part = read(first, count);
    if (static_cast<std::int64_t>(part.size()) == count) return part;
    const std::span<float> whole(values_.data(), static_cast<std::size_t>(count));
    std::fill(whole.begin(), whole.end(), part.front());
    return whole;
  }

 private:
  FloatReader reader_;
  BroadcastRows rows_;
  std::int64_t result_length_;
  std::vector<float> values_ = std::vector<float>(kChunkValues);
};

void combine(Combination combination, std::span<float> values, std::span<const float> other) {
  if (combination == Combination::Sum) {
    add_to(values, other);
  } else {
    multiply_by(values, other);
  }
}

mesh::Shard run_floats(Combination combination, const mesh::OpRun& run) {
  const auto& attributes = run.call.attributes;
  const TensorSpec& out = run.call.outputs[0];
  const Activation before = parse_activation(attributes.text("input_a_activation"));
  const Activation after = parse_activation(attributes.text("activation"));
  Side a(run.inputs[0].block(), out.shape);
  RoundedWriter writer(out);
  if (run.inputs.size() == 2) {
    Side b(run.inputs[1].block(), out.shape);
    for_each_chunk(out.shape, a.is_identity() && b.is_identity(),
                   [&](std::int64_t first, std::int64_t count) {
                     const std::span<float> values = a.read_all(first, count);
                     apply(before, values);
                     combine(combination, values, b.read(first, count));
                     apply(after, values);
                     writer.write(first, values);
                   });
    return writer.finish();
  }
  const auto scalar = static_cast<float>(attributes.number("scalar"));
  for_each_chunk(out.shape, true, [&](std::int64_t first, std::int64_t count) {
    const std::span<float> values = a.read_all(first, count);
    apply(before, values);
    combine(combination, values, {&scalar, 1});
    apply(after, values);
    writer.write(first, values);
  });
  return writer.finish();
}

// Integers wrap, as in the hardware's registers.
template <typename T>
mesh::Shard run_integers(Combination combination, const mesh::OpRun& run) {
  const TensorSpec& out = run.call.outputs[0];
  const std::int64_t length = row_length(out.shape);
  const auto shared_a = run.inputs[0].block().plain();
  const auto a = mesh::values<T>(*shared_a);
  const BroadcastRows a_rows(run.inputs[0].shape(), out.shape);
  const bool has_b = run.inputs.size() == 2;
  const auto shared_b = has_b ? run.inputs[1].block().plain() : nullptr;
  const std::vector<T> scalar{has_b ? T{} : static_cast<T>(run.call.attributes.number("scalar"))};
  const auto b = has_b ? mesh::values<T>(*shared_b) : std::span<const T>(scalar);
  const BroadcastRows b_rows(has_b ? run.inputs[1].shape() : Shape{1}, out.shape);
  auto buffer =
      std::make_shared<mesh::Buffer>(static_cast<std::size_t>(out.shape.volume()) * sizeof(T));
  const auto values = mesh::values<T>(*buffer);
  for (std::int64_t i = 0; i < out.shape.volume(); ++i) {
    const std::int64_t row = i / length;
    const std::int64_t col = i % length;
    const auto x = static_cast<std::uint64_t>(
        a[static_cast<std::size_t>(a_rows.offset(row) + (a_rows.length() == 1 ? 0 : col))]);
    const auto y = static_cast<std::uint64_t>(
        b[static_cast<std::size_t>(b_rows.offset(row) + (b_rows.length() == 1 ? 0 : col))]);
    values[static_cast<std::size_t>(i)] =
        static_cast<T>(combination == Combination::Sum ? x + y : x * y);
  }
  return mesh::Shard(
      std::make_shared<const mesh::Block>(out.shape, mesh::held_type(out.dtype), buffer));
}

std::vector<mesh::Shard> run(Combination combination, const mesh::OpRun& run) {
  switch (mesh::held_type(run.call.outputs[0].dtype)) {
    case mesh::HeldType::Int32:
      return {run_integers<std::int32_t>(combination, run)};
    case mesh::HeldType::UInt32:
      return {run_integers<std::uint32_t>(combination, run)};
    case mesh::HeldType::UInt16:
      return {run_integers<std::uint16_t>(combination, run)};
    case mesh::HeldType::Float32:
    case mesh::HeldType::Bfloat16:
      break;
  }
  return {run_floats(combination, run)};
}

mesh::Attributes attributes_of(const mesh::Tensor& a, const ElementwiseOptions& options) {
  return {{"input_a_activation", std::string(name(options.input_a_activation))},
          {"activation", std::string(name(options.activation))},
          {"dtype", std::string(mesh::name(options.dtype.value_or(a.dtype())))},
          {"memory", to_string(options.memory.value_or(a.memory()))}};
}

}  // namespace

mesh::OpDefinition elementwise_definition(std::string op, Combination combination) {
  mesh::OpDefinition definition;
  definition.infer = [op = std::move(op), combination](const mesh::OpCall& call) {
    return infer(op.c_str(), combination, call);
  };
  definition.cost = cost;
  definition.run = [combination](const mesh::OpRun& call) { return run(combination, call); };
  return definition;
}

mesh::Tensor enqueue_elementwise(const char* op, const mesh::Tensor& a, const mesh::Tensor& b,
                                 const ElementwiseOptions& options) {
  return a.device().enqueue(op, std::array{a, b}, attributes_of(a, options)).front();
}

mesh::Tensor enqueue_elementwise(const char* op, const mesh::Tensor& a, float scalar,
                                 const ElementwiseOptions& options) {
  mesh::Attributes attributes = attributes_of(a, options);
  attributes.set("scalar", double{scalar});
  return a.device().enqueue(op, std::array{a}, std::move(attributes)).front();
}

}  // namespace ttmesh::ops
