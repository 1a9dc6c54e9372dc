#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mesh/program/attributes.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "mesh/topology/line.hpp"
#include "sim/time.hpp"

namespace ttmesh::mesh {

/// Names a tensor on the mesh; never used again in one topology.
using TensorId = std::uint64_t;

/// One op for the chips of a view: data, not code. It travels by pointer within a process and as
/// msgpack between processes; it prints, is recorded, replayed and compared.
struct Command {
  std::uint64_t number = 0;  ///< Place in the topology's one sequence, from 1.
  std::string op;            ///< Name in the op table.
  MeshView view;             ///< Chips that run it.
  MeshView output_view;      ///< Chips that the outputs are on: `view`, but where a tensor moves.
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  std::vector<TensorSpec> input_specs;
  std::vector<TensorSpec> output_specs;
  Attributes attributes;
  std::vector<TensorId> drops;  ///< Tensors to free first: their last handles are gone.
  sim::Time dispatched;         ///< When the controller issued it.
  std::string issuer;           ///< Module call it came from, as in "mlp.decode_forward".
  std::shared_ptr<const HostTensor> payload;  ///< Values to write; null for all other ops.
};

using CommandPtr = std::shared_ptr<const Command>;

/// One line: "#12 typecast(%7 SPEC) -> %9 SPEC {dtype=bf16} drops %3  ; mlp_1d.decode_forward".
[[nodiscard]] std::string to_string(const Command& command);

/// "#7 all_reduce (mlp.w2)"
[[nodiscard]] std::string title(const Command& command);

}  // namespace ttmesh::mesh
