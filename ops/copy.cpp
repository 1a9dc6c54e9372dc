#include "ops/copy.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string>

#include "mesh/device/mesh_device.hpp"
#include "ops/stream_cost.hpp"

namespace ttmesh::ops {
namespace {

using mesh::TensorSpec;

std::vector<TensorSpec> infer(const mesh::OpCall& call) {
  const TensorSpec& to = call.inputs[0];
  const TensorSpec& from = call.inputs[1];
  const auto require = [](bool equal, const char* what, const std::string& found,
                          const std::string& needed) {
    if (equal) return;
    throw std::invalid_argument(
        fmt::format("[copy] the {} of what is copied is {}, needs {}", what, found, needed));
  };
  require(from.shape == to.shape, "shape", to_string(from.shape), to_string(to.shape));
  require(from.dtype == to.dtype, "dtype", std::string(mesh::name(from.dtype)),
          std::string(mesh::name(to.dtype)));
  const auto layout = [](const TensorSpec& spec) {
    return std::string(spec.layout == mesh::Layout::Tile ? "tile" : "row_major");
  };
  require(from.layout == to.layout, "layout", layout(from), layout(to));
  const mesh::Distribution found = mesh::normalised(from.distribution);
  const mesh::Distribution needed = mesh::normalised(to.distribution);
  require(found == needed, "placement", to_string(found), to_string(needed));
  return {};
}

sim::Work cost(const mesh::OpCall& call) {
  return stream_work(call.inputs.subspan(1, 1), call.inputs.first(1));
}

}  // namespace

mesh::OpDefinition copy_definition() {
  mesh::OpDefinition definition;
  definition.infer = infer;
  definition.cost = cost;
  definition.update = [](const mesh::Shard&, const mesh::OpRun& run) { return run.inputs[1]; };
  return definition;
}

void copy(const mesh::Tensor& from, const mesh::Tensor& to) {
  to.device().enqueue("copy", std::array{to, from}, {});
}

}  // namespace ttmesh::ops
