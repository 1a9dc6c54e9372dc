#include "mesh/program/codec.hpp"

#include <msgpack.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/program/elements.hpp"
#include "mesh/program/spec_attributes.hpp"

namespace ttmesh::mesh {
namespace {

void pack(Packer& out, const Attributes& attributes);
void pack(Packer& out, const TensorSpec& spec) { pack(out, to_attributes(spec)); }

void pack(Packer& out, const AttributeValue& value) {
  out.pack_array(2);
  out.pack(value.index());
  std::visit([&](const auto& each) { out.pack(each); }, value);
}

void pack(Packer& out, const Attributes& attributes) {
  out.pack_array(static_cast<std::uint32_t>(attributes.entries().size()));
  for (const auto& [name, value] : attributes.entries()) {
    out.pack_array(2);
    out.pack(name);
    pack(out, value);
  }
}

void pack(Packer& out, const std::vector<TensorSpec>& specs) {
  out.pack_array(static_cast<std::uint32_t>(specs.size()));
  for (const TensorSpec& spec : specs) pack(out, spec);
}

void pack(Packer& out, const MeshView& view) {
  out.pack_array(5);
  for (const int value :
       {view.mesh, view.origin.row, view.origin.col, view.shape.rows, view.shape.cols}) {
    out.pack(value);
  }
}

void pack(Packer& out, const HostTensor* payload) {
  if (payload == nullptr) {
    out.pack_nil();
    return;
  }
  out.pack_array(3);
  out.pack(std::vector<std::int64_t>(payload->shape.dims().begin(), payload->shape.dims().end()));
  out.pack(payload->values.index());
  std::visit(
      [&](const auto& values) {
        const std::size_t bytes = values.size() * sizeof(values.front());
        out.pack_bin(static_cast<std::uint32_t>(bytes));
        out.pack_bin_body(reinterpret_cast<const char*>(values.data()),
                          static_cast<std::uint32_t>(bytes));
      },
      payload->values);
}

template <std::size_t I = 0>
AttributeValue attribute_value(std::size_t kind, const msgpack::object& object) {
  if constexpr (I < std::variant_size_v<AttributeValue>) {
    if (kind == I) return object.as<std::variant_alternative_t<I, AttributeValue>>();
    return attribute_value<I + 1>(kind, object);
  } else {
    throw msgpack::type_error();
  }
}

Attributes attributes_from(const msgpack::object& object) {
  Elements entries(object);
  Attributes attributes;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Elements entry(entries.next(), 2);
    auto name = entry.next_as<std::string>();
    Elements value(entry.next(), 2);
    const auto kind = value.next_as<std::size_t>();
    attributes.set(std::move(name), attribute_value(kind, value.next()));
  }
  return attributes;
}

TensorSpec spec_from(const msgpack::object& object) { return spec_of(attributes_from(object)); }

std::vector<TensorSpec> specs_from(const msgpack::object& object) {
  Elements elements(object);
  std::vector<TensorSpec> specs;
  for (std::size_t i = 0; i < elements.size(); ++i) specs.push_back(spec_from(elements.next()));
  return specs;
}

MeshView view_from(const msgpack::object& object) {
  Elements elements(object, 5);
  MeshView view;
  for (int* field :
       {&view.mesh, &view.origin.row, &view.origin.col, &view.shape.rows, &view.shape.cols}) {
    *field = elements.next_as<int>();
  }
  return view;
}

template <std::size_t I = 0>
HostTensor::Values host_values(std::size_t kind, const msgpack::object& object) {
  if constexpr (I < std::variant_size_v<HostTensor::Values>) {
    if (kind != I) return host_values<I + 1>(kind, object);
    using Vector = std::variant_alternative_t<I, HostTensor::Values>;
    using Value = typename Vector::value_type;
    if (object.type != msgpack::type::BIN || object.via.bin.size % sizeof(Value) != 0) {
      throw msgpack::type_error();
    }
    Vector values(object.via.bin.size / sizeof(Value));
    std::copy_n(object.via.bin.ptr, object.via.bin.size, reinterpret_cast<char*>(values.data()));
    return values;
  } else {
    throw msgpack::type_error();
  }
}

std::shared_ptr<const HostTensor> payload_from(const msgpack::object& object) {
  if (object.is_nil()) return nullptr;
  Elements elements(object, 3);
  HostTensor tensor;
  tensor.shape = Shape(elements.next_as<std::vector<std::int64_t>>());
  const auto kind = elements.next_as<std::size_t>();
  tensor.values = host_values(kind, elements.next());
  const std::size_t count =
      std::visit([](const auto& values) { return values.size(); }, tensor.values);
  if (static_cast<std::int64_t>(count) != tensor.shape.volume()) throw msgpack::type_error();
  return std::make_shared<const HostTensor>(std::move(tensor));
}

}  // namespace

std::vector<std::byte> encode(const Command& command) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(13);
  out.pack(command.number);
  out.pack(command.op);
  pack(out, command.view);
  pack(out, command.output_view);
  out.pack(command.inputs);
  out.pack(command.outputs);
  pack(out, command.input_specs);
  pack(out, command.output_specs);
  pack(out, command.attributes);
  out.pack(command.drops);
  out.pack(command.dispatched.ps());
  out.pack(command.issuer);
  pack(out, command.payload.get());
  return bytes_of(buffer);
}

Command decode_command(std::span<const std::byte> bytes) {
  return decode("command", bytes, [](const msgpack::object& root) {
    Elements elements(root, 13);
    Command command;
    command.number = elements.next_as<std::uint64_t>();
    command.op = elements.next_as<std::string>();
    command.view = view_from(elements.next());
    command.output_view = view_from(elements.next());
    command.inputs = elements.next_as<std::vector<TensorId>>();
    command.outputs = elements.next_as<std::vector<TensorId>>();
    command.input_specs = specs_from(elements.next());
    command.output_specs = specs_from(elements.next());
    command.attributes = attributes_from(elements.next());
    command.drops = elements.next_as<std::vector<TensorId>>();
    command.dispatched = sim::Time::picoseconds(elements.next_as<std::int64_t>());
    command.issuer = elements.next_as<std::string>();
    command.payload = payload_from(elements.next());
    return command;
  });
}

std::vector<std::byte> encode(const Step& step) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(8);
  out.pack(static_cast<int>(step.kind));
  out.pack(static_cast<int>(step.lane));
  out.pack(static_cast<int>(step.other));
  out.pack(static_cast<int>(step.engine));
  out.pack(step.peer);
  out.pack(step.slot);
  out.pack(step.source);
  out.pack(step.round);
  return bytes_of(buffer);
}

Step decode_step(std::span<const std::byte> bytes) {
  return decode("step", bytes, [](const msgpack::object& root) {
    Elements elements(root, 8);
    Step step;
    step.kind = enum_from(elements.next(), Step::Kind::Copy);
    step.lane = enum_from(elements.next(), Lane::Up);
    step.other = enum_from(elements.next(), Lane::Up);
    step.engine = enum_from(elements.next(), sim::Engine::Direct);
    step.peer = elements.next_as<ChipId>();
    step.slot = elements.next_as<std::int32_t>();
    step.source = elements.next_as<std::int32_t>();
    step.round = elements.next_as<std::int32_t>();
    return step;
  });
}

std::vector<std::byte> encode(const TensorReference& tensor) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(3);
  out.pack(tensor.id);
  pack(out, tensor.view);
  pack(out, tensor.spec);
  return bytes_of(buffer);
}

TensorReference decode_tensor(std::span<const std::byte> bytes) {
  return decode("tensor", bytes, [](const msgpack::object& root) {
    Elements elements(root, 3);
    TensorReference tensor;
    tensor.id = elements.next_as<TensorId>();
    tensor.view = view_from(elements.next());
    tensor.spec = spec_from(elements.next());
    return tensor;
  });
}

}  // namespace ttmesh::mesh
