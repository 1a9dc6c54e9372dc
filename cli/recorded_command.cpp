#include "cli/recorded_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "mesh/program/spec_attributes.hpp"

namespace ttmesh::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 9> kFields{
    "number", "op", "view", "output_view", "inputs", "outputs", "drops", "attributes", "issuer"};

Json json_of(const mesh::Attributes& attributes) {
  Json json = Json::object();
  for (const auto& [name, value] : attributes.entries()) {
    std::visit([&, &key = name](const auto& each) { json[key] = each; }, value);
  }
  return json;
}

Json json_of(const mesh::MeshView& view) {
  return {{"mesh", view.mesh},
          {"origin", {view.origin.row, view.origin.col}},
          {"shape", {view.shape.rows, view.shape.cols}}};
}

[[noreturn]] void refuse(const std::string& field, const Json& found, const char* needed) {
  std::string text = found.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  throw BadField(field, fmt::format("is {}, {} is needed", text, needed));
}

const Json& member(const Json& json, const std::string& outer, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) throw BadField(outer + name, "is missing");
  return *found;
}

template <typename Integer>
Integer integer(const Json& json, const std::string& field) {
  if (!json.is_number_integer()) refuse(field, json, "a whole number");
  const bool fits = json.is_number_unsigned()
                        ? json.get<std::uint64_t>() <=
                              static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())
                        : std::is_signed_v<Integer> &&
                              json.get<std::int64_t>() >=
                                  static_cast<std::int64_t>(std::numeric_limits<Integer>::min());
  if (!fits) refuse(field, json, std::is_signed_v<Integer> ? "a smaller number" : "one from 0 on");
  return json.get<Integer>();
}

std::string text(const Json& json, const std::string& field) {
  if (!json.is_string()) refuse(field, json, "a text");
  return json.get<std::string>();
}

const Json& list(const Json& json, const std::string& field) {
  if (!json.is_array()) refuse(field, json, "a list");
  return json;
}

template <typename Integer>
std::vector<Integer> integers(const Json& json, const std::string& field) {
  std::vector<Integer> values;
  for (std::size_t i = 0; i < list(json, field).size(); ++i) {
    values.push_back(integer<Integer>(json[i], fmt::format("{}[{}]", field, i)));
  }
  return values;
}

std::pair<int, int> two(const Json& json, const std::string& field) {
  const std::vector<int> values = integers<int>(json, field);
  if (values.size() != 2) refuse(field, json, "a list of two numbers");
  return {values[0], values[1]};
}

mesh::AttributeValue attribute(const Json& json, const std::string& field) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_number()) return integer<std::int64_t>(json, field);
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) return integers<std::int64_t>(json, field);
  refuse(field, json, "true, false, a number, a text or a list of whole numbers");
}

mesh::Attributes attributes(const Json& json, const std::string& field) {
  if (!json.is_object()) refuse(field, json, "an object");
  mesh::Attributes attributes;
  for (const auto& [name, value] : json.items()) {
    attributes.set(name, attribute(value, field + "." + name));
  }
  return attributes;
}

mesh::MeshView view(const Json& json, const std::string& field) {
  if (!json.is_object()) refuse(field, json, "an object");
  const std::string outer = field + ".";
  const auto [row, col] = two(member(json, outer, "origin"), outer + "origin");
  const auto [rows, cols] = two(member(json, outer, "shape"), outer + "shape");
  return {.mesh = integer<int>(member(json, outer, "mesh"), outer + "mesh"),
          .origin = {row, col},
          .shape = {rows, cols}};
}

RecordedTensor tensor(const Json& json, const std::string& field) {
  if (!json.is_object()) refuse(field, json, "an object");
  RecordedTensor tensor{
      .id = integer<mesh::TensorId>(member(json, field + ".", "id"), field + ".id"), .spec = {}};
  for (const auto& [name, value] : json.items()) {
    if (name != "id") tensor.spec.set(name, attribute(value, field + "." + name));
  }
  return tensor;
}

}  // namespace

RecordedCommand recorded(const mesh::Command& command) {
  RecordedCommand recorded{.number = command.number,
                           .op = command.op,
                           .view = command.view,
                           .output_view = {},
                           .inputs = command.inputs,
                           .outputs = {},
                           .attributes = command.attributes,
                           .drops = command.drops,
                           .issuer = command.issuer};
  if (command.output_view != command.view) recorded.output_view = command.output_view;
  for (std::size_t i = 0; i < command.outputs.size(); ++i) {
    recorded.outputs.push_back({command.outputs[i], to_attributes(command.output_specs[i])});
  }
  return recorded;
}

Json to_json(const RecordedCommand& command) {
  Json json{{"number", command.number}, {"op", command.op}, {"view", json_of(command.view)}};
  if (command.output_view) json["output_view"] = json_of(*command.output_view);
  json["inputs"] = command.inputs;
  json["outputs"] = Json::array();
  for (const RecordedTensor& output : command.outputs) {
    Json tensor{{"id", output.id}};
    tensor.update(json_of(output.spec));
    json["outputs"].push_back(std::move(tensor));
  }
  json["attributes"] = json_of(command.attributes);
  if (!command.drops.empty()) json["drops"] = command.drops;
  if (!command.issuer.empty()) json["issuer"] = command.issuer;
  return json;
}

RecordedCommand parse_command(const Json& json) {
  for (const auto& [name, value] : json.items()) {
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      throw BadField(name, "is no field of a command");
    }
  }
  RecordedCommand command{.number = integer<std::uint64_t>(member(json, "", "number"), "number"),
                          .op = text(member(json, "", "op"), "op"),
                          .view = view(member(json, "", "view"), "view"),
                          .output_view = {},
                          .inputs = integers<mesh::TensorId>(member(json, "", "inputs"), "inputs"),
                          .outputs = {},
                          .attributes = attributes(member(json, "", "attributes"), "attributes"),
                          .drops = {},
                          .issuer = {}};
  const Json& outputs = list(member(json, "", "outputs"), "outputs");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    command.outputs.push_back(tensor(outputs[i], fmt::format("outputs[{}]", i)));
  }
  if (json.contains("output_view")) command.output_view = view(json["output_view"], "output_view");
  if (json.contains("drops")) command.drops = integers<mesh::TensorId>(json["drops"], "drops");
  if (json.contains("issuer")) command.issuer = text(json["issuer"], "issuer");
  return command;
}

}  // namespace ttmesh::cli
