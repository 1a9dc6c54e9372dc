#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "mesh/program/attributes.hpp"
#include "mesh/program/command.hpp"
#include "mesh/topology/line.hpp"

namespace ttmesh::cli {

/// A tensor that a command makes. Its spec is the attributes that a command carries it as.
struct RecordedTensor {
  mesh::TensorId id = 0;
  mesh::Attributes spec;
};

/// A command as a line of a file has it: all but what a replay finds anew.
struct RecordedCommand {
  std::uint64_t number = 0;
  std::string op;
  mesh::MeshView view;
  std::optional<mesh::MeshView> output_view;  ///< Where the outputs are, if not on `view`.
  std::vector<mesh::TensorId> inputs;
  std::vector<RecordedTensor> outputs;
  mesh::Attributes attributes;
  std::vector<mesh::TensorId> drops;  ///< Tensors whose last handles are gone.
  std::string issuer;                 ///< Module call it came from; may be empty.
};

/// What is wrong with a line, and at which field.
struct BadField : std::runtime_error {
  BadField(std::string path, const std::string& what)
      : std::runtime_error(what), field(std::move(path)) {}
  std::string field;
};

[[nodiscard]] RecordedCommand recorded(const mesh::Command& command);

/// An object: number, op, view, inputs, outputs (id and spec), attributes; output_view, drops and
/// issuer where there are any.
[[nodiscard]] nlohmann::ordered_json to_json(const RecordedCommand& command);

/// The command that `to_json` wrote. Throws BadField for the first field that is missing, unknown
/// or of another kind.
[[nodiscard]] RecordedCommand parse_command(const nlohmann::ordered_json& json);

}  // namespace ttmesh::cli
