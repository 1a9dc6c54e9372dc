#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/recorded_command.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::cli {

/// Issues recorded commands on a machine without values, as the program that was recorded did:
/// checked like any call, under the numbers that they had.
class Replayer {
 public:
  Replayer(mesh::MeshDevice device, std::shared_ptr<const mesh::OpTable> ops);

  /// Throws BadField if the command cannot be issued, or makes other tensors than the line says;
  /// mesh::Error if memory or the world is exhausted.
  void issue(const RecordedCommand& command);

  /// Lets numbers go by until the next command is `number`. Jitter and loss are drawn by it; where
  /// nothing is drawn this does nothing.
  void skip_to(std::uint64_t number);

 private:
  /// What the op makes of the inputs, asked before anything is issued.
  void check_outputs(const RecordedCommand& command, const std::vector<mesh::Tensor>& inputs) const;

  mesh::MeshDevice device_;
  std::shared_ptr<const mesh::OpTable> ops_;
  bool draws_;
  std::map<mesh::TensorId, mesh::Tensor> tensors_;  ///< By the id in the file.
};

}  // namespace ttmesh::cli
