#include "mesh/program/command.hpp"

#include <fmt/format.h>

namespace ttmesh::mesh {
namespace {

std::string tensor_list(const std::vector<TensorId>& ids, const std::vector<TensorSpec>& specs) {
  std::string text;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    text += fmt::format("{}%{} {}", i == 0 ? "" : ", ", ids[i], to_string(specs[i]));
  }
  return text;
}

}  // namespace

std::string to_string(const Command& command) {
  std::string text = fmt::format("#{} {}({})", command.number, command.op,
                                 tensor_list(command.inputs, command.input_specs));
  if (!command.outputs.empty()) {
    text += " -> " + tensor_list(command.outputs, command.output_specs);
    if (command.output_view != command.view) text += " on " + to_string(command.output_view);
  }
  if (!command.attributes.entries().empty()) text += " {" + to_string(command.attributes) + "}";
  for (std::size_t i = 0; i < command.drops.size(); ++i) {
    text += fmt::format("{}%{}", i == 0 ? " drops " : ", ", command.drops[i]);
  }
  if (!command.issuer.empty()) text += "  ; " + command.issuer;
  return text;
}

std::string title(const Command& command) {
  return fmt::format("#{} {}{}", command.number, command.op,
                     command.issuer.empty() ? "" : " (" + command.issuer + ")");
}

}  // namespace ttmesh::mesh
