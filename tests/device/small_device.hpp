#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/load.hpp"
#include "tests/program/small_world.hpp"

namespace ttmesh::mesh {

/// A device with the ops of tests/program/small_world.hpp, `keep`, which passes its
/// input on, and `look`, which is a view of it.
inline MeshDevice small_device(const std::string& topology, OpenOptions options = {}) {
  auto with_builtins = small_ops(std::make_shared<std::atomic<int>>(0));
  auto table = std::make_shared<OpTable>();
  for (const std::string& op : with_builtins.names()) {
    if (op != "write" && op != "read" && op != "free") table->add(op, with_builtins.at(op));
  }
  OpDefinition keep;
  keep.infer = [](const OpCall& call) { return std::vector{call.inputs.front()}; };
  keep.run = [](const OpRun& run) { return std::vector{run.inputs.front()}; };
  table->add("keep", keep);
  keep.cost = [](const OpCall&) { return sim::NoWork(); };
  table->add("look", std::move(keep));
  return open(load_topology(topology), std::move(table), std::move(options));
}

/// A float32 tensor [1, 1, 32, 32] on each chip: 1.0 in the first column of the mesh, 2.0 in the
/// next, and so on; replicated over the rows.
inline Tensor ramp(const MeshDevice& device) {
  const std::int64_t width = std::int64_t{32} * device.shape().cols;
  std::vector<float> values(static_cast<std::size_t>(32 * width));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(static_cast<std::int64_t>(i) % width / 32 + 1);
  }
  return from_host(device, {{1, 1, 32, width}, std::move(values)},
                   {.dtype = DataType::Float32,
                    .distribution = shard_tensor_2d_mesh(device.shape(), {std::nullopt, 3})});
}

}  // namespace ttmesh::mesh
