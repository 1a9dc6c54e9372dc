#include "calibration/collectives.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "calibration/measurements.hpp"
#include "ccl/op_table.hpp"
#include "mesh/program/prediction.hpp"
#include "mesh/topology/load.hpp"
#include "sim/system.hpp"

namespace ttmesh::calibration {
namespace {

constexpr std::int64_t kTileElements = std::int64_t{32} * 32;
constexpr std::int64_t kElementBytes = 2;  // bfloat16, as all sweeps

std::string system_of(const std::string& arch) {
  return arch == "wormhole_b0" ? "t3k" : "bh_galaxy";
}

Measurement measurement_of(const Row& row) {
  return {.system = system_of(text(row, "arch")),
          .op = text(row, "op"),
          .ring = text(row, "topology") == "ring",
          .chips = static_cast<int>(whole_number(row, "n_devices")),
          .bytes = whole_number(row, "size_bytes"),
          .microseconds = number(row, "time_us")};
}

/// What a chip holds before the command: its shard of a gather, or its term of a scatter, in tiles.
/// A few bytes a chip make one page of fewer elements.
mesh::TensorSpec input_of(const Measurement& measurement) {
  const bool gathers = measurement.op == "all_gather";
  const std::int64_t elements = measurement.bytes / kElementBytes;
  const std::int64_t slice = elements / measurement.chips;
  const bool tiles = slice % kTileElements == 0;
  const std::int64_t held = gathers ? slice : elements;
  mesh::TensorSpec spec;
  spec.shape = tiles ? mesh::Shape{1, 1, 32, held / 32} : mesh::Shape{1, 1, 1, held};
  spec.layout = tiles ? mesh::Layout::Tile : mesh::Layout::RowMajor;
  spec.distribution = {
      .mesh = {1, measurement.chips},
      .placements = {mesh::replicate(), gathers ? mesh::shard(3) : mesh::partial()}};
  return spec;
}

/// What tt-metal runs for such a call.
std::string algorithm_of(const Measurement& measurement, const sim::CollectiveModel& model) {
  if (!measurement.ring) return "line";
  const bool direct = measurement.op == "reduce_scatter" && measurement.bytes <= model.direct_bytes;
  return direct ? "direct" : "ring";
}

}  // namespace

std::string Measurement::group() const {
  return fmt::format("{} {} {} of {}", system, op, ring ? "ring" : "line", chips);
}

std::vector<Measurement> read_collectives(const std::filesystem::path& folder) {
  std::vector<Measurement> measurements;
  for (const Row& row : read_csv(folder / "ccl_sweep.csv")) {
    measurements.push_back(measurement_of(row));
  }
  for (const Row& row : read_csv(folder / "overheads.csv")) {
    if (!text(row, "item").starts_with("CCL fixed cost, AG line n=2 4KB")) continue;
    measurements.push_back({.system = text(row, "arch") == "WH" ? "t3k" : "bh_galaxy",
                            .op = "all_gather",
                            .chips = 2,
                            .bytes = 4096,
                            .microseconds = number(row, "value")});
  }
  return measurements;
}

CollectiveRunner::CollectiveRunner() { ccl::register_collectives(ops_); }

mesh::Machine& CollectiveRunner::machine(const Measurement& measurement) {
  const std::string name = fmt::format("{}:1x{}:{}", measurement.system, measurement.chips,
                                       measurement.ring ? "ring" : "line");
  std::unique_ptr<mesh::Machine>& machine = machines_[name];
  if (!machine) {
    machine = std::make_unique<mesh::Machine>(mesh::make_machine(mesh::load_topology(name), {}));
  }
  return *machine;
}

sim::Time CollectiveRunner::run(const Measurement& measurement) {
  return run(measurement, sim::find_system(measurement.system).collective);
}

sim::Time CollectiveRunner::run(const Measurement& measurement, const sim::CollectiveModel& model) {
  mesh::Machine& idle = machine(measurement);
  idle.collective = model;
  const mesh::MeshDescription& mesh = idle.topology.meshes.front();
  mesh::Command command;
  command.number = 1;
  command.op = measurement.op;
  command.view = command.output_view = {mesh.id, {0, 0}, mesh.shape};
  command.inputs = {1};
  command.outputs = {2};
  command.input_specs = {input_of(measurement)};
  command.attributes = {{"dim", std::int64_t{3}},
                        {"cluster_axis", std::int64_t{1}},
                        {"num_links", std::int64_t{idle.topology.usable_links}},
                        {"algorithm", algorithm_of(measurement, model)},
                        {"memory", to_string(command.input_specs.front().memory)}};
  command.output_specs = ops_.at(command.op).infer({command.attributes, command.input_specs, {}});
  return predict(command, ops_, idle);
}

}  // namespace ttmesh::calibration
