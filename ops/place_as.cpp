#include "ops/place_as.hpp"

#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/program/spec_attributes.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  TensorSpec out = call.inputs[0];
  out.distribution = mesh::spec_of(call.attributes).distribution;
  for (mesh::Placement& placement : out.distribution.placements) {
    const bool has_dim = placement.kind == mesh::Placement::Kind::Shard ||
                         placement.kind == mesh::Placement::Kind::Stacked;
    placement.dim = has_dim ? out.shape.index(placement.dim) : -1;
  }
  out.distribution = mesh::normalised(out.distribution);
  return {out};
}

sim::Work cost(const mesh::OpCall&) { return sim::NoWork{}; }

std::vector<mesh::Shard> run(const mesh::OpRun& run) { return {run.inputs[0]}; }

}  // namespace

mesh::OpDefinition place_as_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.run = run;
  definition.takes_blocks = true;
  return definition;
}

mesh::Tensor place_as(const mesh::Tensor& input, const std::array<mesh::Placement, 2>& placements) {
  TensorSpec spec = input.spec();
  spec.distribution.placements = placements;
  return input.device().enqueue("place_as", std::array{input}, mesh::to_attributes(spec)).front();
}

}  // namespace ttmesh::ops
