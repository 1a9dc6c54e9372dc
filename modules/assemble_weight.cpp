#include "modules/assemble_weight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "mesh/program/spec_attributes.hpp"
#include "ops/held_values.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Shape;
using mesh::TensorSpec;

/// Values read at once.
constexpr std::int64_t kBlockValues = std::int64_t{1} << 22;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec spec = mesh::spec_of(call.attributes);
  mesh::validate(spec);
  if (!mesh::is_floating(spec.dtype)) {
    throw std::invalid_argument(fmt::format(
        "[assemble_weight] dtype is {}, needs a floating-point one", mesh::name(spec.dtype)));
  }
  spec.distribution = mesh::normalised(spec.distribution);
  if (mesh::owes_sum(spec.distribution)) {
    throw std::invalid_argument(
        fmt::format("[assemble_weight] placements are {}, needs Replicate or Shard along both "
                    "mesh axes",
                    to_string(spec.distribution)));
  }
  const Shape logical(call.attributes.integers("logical"));
  const Shape global = mesh::global_shape(spec.shape, spec.distribution);
  if (logical.rank() != global.rank() ||
      !std::ranges::equal(logical.dims(), global.dims(), std::less_equal{})) {
    throw std::invalid_argument(
        fmt::format("[assemble_weight] the weight has shape {}, needs to fit into {}",
                    to_string(logical), to_string(global)));
  }
  return {spec};
}

sim::Work cost(const mesh::OpCall&) { return sim::NoWork{}; }

// The chip's part, a band of rows at a time: what the weight has of them, then zeros.
std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const TensorSpec& spec = run.call.outputs[0];
  const WeightAssembly assembly = assembly_of(run.call.attributes);
  require_stamps(assembly);
  const Shape origin = mesh::local_origin(spec.shape, spec.distribution, run.chip);
  const std::int64_t rows = spec.shape[-2];
  const std::int64_t length = spec.shape[-1];
  const std::int64_t filled_rows =
      std::clamp<std::int64_t>(assembly.shape[-2] - origin[-2], 0, rows);
  const std::int64_t filled = std::clamp<std::int64_t>(assembly.shape[-1] - origin[-1], 0, length);
  const std::int64_t band = std::clamp<std::int64_t>(kBlockValues / length, 1, rows);
  std::vector<float> values(static_cast<std::size_t>(band * length));
  std::vector<float> read;
  ops::RoundedWriter writer(spec);
  for (std::int64_t row = 0; row < rows; row += band) {
    const std::int64_t now = std::min(band, rows - row);
    const std::int64_t known =
        filled == 0 ? 0 : std::clamp<std::int64_t>(filled_rows - row, 0, now);
    std::fill(values.begin(), values.end(), 0.0F);
    read.resize(static_cast<std::size_t>(known * filled));
    if (known > 0) {
      read_block(assembly, {origin[-2] + row, origin[-1], known, filled}, read);
      for (std::int64_t i = 0; i < known; ++i) {
        std::copy_n(read.begin() + i * filled, filled, values.begin() + i * length);
      }
    }
    writer.write(row * length, std::span(values).first(static_cast<std::size_t>(now * length)));
  }
  return {writer.finish()};
}

std::uint64_t position_key(const mesh::OpCall& call, mesh::Coordinate chip) {
  return mesh::part_index(call.outputs[0].distribution, chip);
}

}  // namespace

mesh::OpDefinition assemble_weight_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = position_key;
  return definition;
}

mesh::Tensor assemble_weight(mesh::MeshDevice device, const TensorSpec& spec,
                             const WeightAssembly& assembly) {
  validate(assembly);
  mesh::Attributes attributes = mesh::to_attributes(spec);
  add_to(attributes, device.timing_only() ? assembly : stamped(assembly));
  return device.enqueue("assemble_weight", {}, std::move(attributes)).front();
}

}  // namespace ttmesh::modules
