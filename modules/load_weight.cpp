#include "modules/load_weight.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/program/spec_attributes.hpp"
#include "modules/weight_file.hpp"

namespace ttmesh::modules {
namespace {

std::vector<mesh::TensorSpec> infer(const mesh::OpCall& call) {
  const mesh::TensorSpec spec = mesh::spec_of(call.attributes);
  mesh::validate(spec);
  return {spec};
}

sim::Work cost(const mesh::OpCall& call) {
  const mesh::TensorSpec& spec = call.outputs.front();
  sim::StreamWork work;
  (spec.memory.buffer == mesh::BufferType::Dram ? work.dram_bytes : work.l1_bytes) =
      mesh::chip_bytes(spec);
  return work;
}

std::vector<mesh::Shard> run(const mesh::OpRun& run) {
  const mesh::TensorSpec& spec = run.call.outputs.front();
  return {read_weight_part(run.call.attributes.text("file"), spec,
                           run.call.attributes.text("digest"),
                           mesh::part_index(spec.distribution, run.chip))};
}

std::uint64_t position_key(const mesh::OpCall& call, mesh::Coordinate chip) {
  return mesh::part_index(call.outputs.front().distribution, chip);
}

}  // namespace

mesh::OpDefinition load_weight_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.position_key = position_key;
  return definition;
}

mesh::Tensor load_weight(mesh::MeshDevice device, const mesh::TensorSpec& spec,
                         const std::filesystem::path& path) {
  mesh::Attributes attributes = mesh::to_attributes(spec);
  attributes.set("file", std::filesystem::absolute(path).string());
  attributes.set("digest", device.timing_only() ? "" : weight_file_digest(path, spec));
  mesh::Tensor loaded = device.enqueue("load_weight", {}, std::move(attributes)).front();
  mesh::count_as_written(loaded);
  return loaded;
}

}  // namespace ttmesh::modules
