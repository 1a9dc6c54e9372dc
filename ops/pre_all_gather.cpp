#include <fmt/format.h>

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "ops/distributed_norm.hpp"
#include "ops/held_values.hpp"
#include "ops/requirement.hpp"
#include "ops/stream_cost.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

std::vector<TensorSpec> infer(const char* op, Centre centre, const mesh::OpCall& call) {
  const TensorSpec& input = call.inputs[0];
  require_floating(op, {"input", input});
  require_paid(op, {"input", input});
  TensorSpec statistics = input;
  statistics.shape = input.shape.with(-1, statistics_columns(centre));
  statistics.dtype = mesh::parse_dtype(call.attributes.text("dtype"));
  statistics.memory = mesh::parse_memory_config(call.attributes.text("memory"));
  require_floating(op, {"output", statistics});
  mesh::validate(statistics);
  if (call.inputs.size() == 1) return {statistics};
  const TensorSpec& residual = call.inputs[1];
  require_floating(op, {"residual", residual});
  require_paid(op, {"residual", residual});
  const bool fits = residual.shape == input.shape &&
                    mesh::normalised(residual.distribution) == mesh::normalised(input.distribution);
  if (!fits) {
    throw std::invalid_argument(
        fmt::format("[{}] residual is {} {} and input {} {}, needs one shape and placement", op,
                    to_string(residual.shape), to_string(residual.distribution),
                    to_string(input.shape), to_string(input.distribution)));
  }
  return {statistics, residual};
}

sim::Work cost(Centre centre, const mesh::OpCall& call) {
  const std::int64_t passes = 2 + (centre == Centre::Mean ? 1 : 0) +  // Square, add up; add up.
                              static_cast<std::int64_t>(call.inputs.size() - 1);
  return stream_work(call.inputs, call.outputs, mesh::tile_count(call.inputs[0].shape),
                     passes * kElementwiseCyclesPerTile);
}

/// What each row is made of: the input's, and the sum with the residual's where there is one, as it
/// is rounded.
class Rows {
 public:
  explicit Rows(const mesh::OpRun& run) : input_(run.inputs[0].block()) {
    if (run.inputs.size() == 1) return;
    residual_.emplace(run.inputs[1].block());
    const TensorSpec& sum = run.call.outputs[1];
    RoundedWriter writer(sum);
    const std::int64_t length = row_length(sum.shape);
    std::vector<float> row(static_cast<std::size_t>(length));
    std::vector<float> other(row.size());
    for (std::int64_t first = 0; first < sum.shape.volume(); first += length) {
      input_.read(first, row);
      residual_->read(first, other);
      add_to(row, other);
      writer.write(first, row);
    }
    sum_ = writer.finish();
    input_ = FloatReader(sum_->block());
  }

  void read(std::int64_t first, std::span<float> row) const { input_.read(first, row); }
  const std::optional<mesh::Shard>& sum() const { return sum_; }

 private:
  FloatReader input_;
  std::optional<FloatReader> residual_;
  std::optional<mesh::Shard> sum_;
};

std::vector<mesh::Shard> run(Centre centre, const mesh::OpRun& run) {
  const mesh::Shape& shape = run.call.inputs[0].shape;
  const std::int64_t length = row_length(shape);
  const std::int64_t columns = statistics_columns(centre);
  const Rows rows(run);
  RoundedWriter writer(run.call.outputs[0]);
  std::vector<float> row(static_cast<std::size_t>(length));
  std::vector<float> statistics(static_cast<std::size_t>(columns));
  for (std::int64_t i = 0; i < shape.volume() / length; ++i) {
    rows.read(i * length, row);
    statistics[0] = sum_of_squares(row);
    if (centre == Centre::Mean) statistics[kSumColumn] = sum(row);
    writer.write(i * columns, statistics);
  }
  std::vector<mesh::Shard> outputs{writer.finish()};
  if (rows.sum()) outputs.push_back(*rows.sum());
  return outputs;
}

}  // namespace

std::int64_t statistics_columns(Centre centre) {
  return centre == Centre::Mean ? 2 * mesh::kTileExtent : mesh::kTileExtent;
}

mesh::OpDefinition pre_all_gather_definition(const char* op, Centre centre) {
  mesh::OpDefinition definition;
  definition.infer = [op, centre](const mesh::OpCall& call) { return infer(op, centre, call); };
  definition.cost = [centre](const mesh::OpCall& call) { return cost(centre, call); };
  definition.run = [centre](const mesh::OpRun& call) { return run(centre, call); };
  return definition;
}

std::vector<mesh::Tensor> enqueue_pre_all_gather(const char* op, const mesh::Tensor& input,
                                                 const std::optional<mesh::Tensor>& residual,
                                                 const PreAllGatherOptions& options) {
  std::vector<mesh::Tensor> inputs{input};
  if (residual) inputs.push_back(*residual);
  return input.device().enqueue(op, inputs,
                                {{"dtype", std::string(mesh::name(options.dtype))},
                                 {"memory", to_string(options.memory.value_or(input.memory()))}});
}

}  // namespace ttmesh::ops
