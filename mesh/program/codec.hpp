#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mesh/program/command.hpp"
#include "mesh/program/step.hpp"

namespace ttmesh::mesh {

/// A command as msgpack bytes: how it travels between processes and is kept in a file.
[[nodiscard]] std::vector<std::byte> encode(const Command& command);

/// The command that `encode` wrote. Throws std::invalid_argument if the bytes are no command;
/// allocates no more than a small multiple of `bytes.size()`.
[[nodiscard]] Command decode_command(std::span<const std::byte> bytes);

/// A step as msgpack bytes, for recorded and edited step lists.
[[nodiscard]] std::vector<std::byte> encode(const Step& step);
[[nodiscard]] Step decode_step(std::span<const std::byte> bytes);

/// A tensor's name on the mesh and everything known about it: what a handle is to other processes.
struct TensorReference {
  TensorId id = 0;
  MeshView view;
  TensorSpec spec;

  friend bool operator==(const TensorReference&, const TensorReference&) = default;
};
[[nodiscard]] std::vector<std::byte> encode(const TensorReference& tensor);
[[nodiscard]] TensorReference decode_tensor(std::span<const std::byte> bytes);

}  // namespace ttmesh::mesh
