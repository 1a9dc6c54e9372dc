#include "cli/replayer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "mesh/device/session.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/program/spec_attributes.hpp"
#include "sim/setting.hpp"

namespace ttmesh::cli {
namespace {

using mesh::Attributes;
using mesh::Tensor;
using mesh::TensorSpec;

/// Numbers that a replay lets go by at most.
constexpr std::uint64_t kLongestGap = 1'000'000;

/// Ops that bring a tensor from the host, over its link.
constexpr std::array<std::string_view, 2> kHostWrites{"write", "load_weight"};

bool draws(const mesh::Machine& machine) {
  return std::any_of(machine.channels.begin(), machine.channels.end(), [](const auto& channel) {
    return channel.forth.disturbance.any() || channel.back.disturbance.any();
  });
}

std::string text_of(const Attributes& attributes, const std::string& name) {
  const mesh::AttributeValue* value = attributes.find(name);
  return value == nullptr ? "missing"
                          : to_string(Attributes{{name, *value}}).substr(name.size() + 1);
}

/// Throws BadField at the first attribute of `said` that is not what it is in `made`.
void require_equal(const std::string& field, const Attributes& said, const Attributes& made,
                   const std::string& op) {
  for (const auto& [name, value] : made.entries()) {
    const mesh::AttributeValue* found = said.find(name);
    if (found != nullptr && *found == value) continue;
    throw BadField(field + "." + name,
                   fmt::format("is {}, but {} makes {} of its inputs and attributes",
                               text_of(said, name), op, text_of(made, name)));
  }
  for (const auto& [name, value] : said.entries()) {
    if (!made.has(name)) throw BadField(field + "." + name, "is no field of a tensor");
  }
}

void check_view(const mesh::MeshDevice& device, const std::string& field,
                const mesh::MeshView& view) {
  try {
    (void)device.mesh(view.mesh).submesh(view.shape, view.origin);
  } catch (const std::invalid_argument& error) {
    throw BadField(field, error.what());
  }
}

}  // namespace

Replayer::Replayer(mesh::MeshDevice device, std::shared_ptr<const mesh::OpTable> ops)
    : device_(std::move(device)), ops_(std::move(ops)), draws_(draws(device_.machine())) {
  device_.record_program();
}

void Replayer::issue(const RecordedCommand& command) {
  for (const mesh::TensorId dropped : command.drops) tensors_.erase(dropped);
  check_view(device_, "view", command.view);
  if (command.output_view) check_view(device_, "output_view", *command.output_view);
  std::vector<Tensor> inputs;
  for (const mesh::TensorId id : command.inputs) inputs.push_back(tensors_.at(id));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const mesh::MeshView& on = inputs[i].handle()->view;
    if (on == command.view) continue;
    throw BadField("view", fmt::format("is {}, but tensor {} is on {}", to_string(command.view),
                                       command.inputs[i], to_string(on)));
  }
  check_outputs(command, inputs);

  mesh::Session& session = *device_.session();
  session.scope() = command.issuer;
  if (command.op == "read") {
    (void)session.deliver(inputs.front().handle());
    return;
  }
  mesh::Request request{.op = command.op,
                        .view = command.view,
                        .inputs = {},
                        .attributes = command.attributes,
                        .payload = {},
                        .output_view = command.output_view};
  for (const Tensor& input : inputs) request.inputs.push_back(input.handle());
  std::vector<std::shared_ptr<mesh::TensorHandle>> outputs;
  try {
    outputs = session.issue(std::move(request));
  } catch (const std::logic_error& error) {  // Of which std::invalid_argument is one.
    throw BadField("attributes", error.what());
  }
  const bool from_host =
      std::find(kHostWrites.begin(), kHostWrites.end(), command.op) != kHostWrites.end();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Tensor output(std::move(outputs[i]));
    if (from_host) mesh::count_as_written(output);
    tensors_[command.outputs[i].id] = output;
  }
}

void Replayer::check_outputs(const RecordedCommand& command,
                             const std::vector<Tensor>& inputs) const {
  const mesh::OpDefinition* op = nullptr;
  try {
    op = &ops_->at(command.op);
  } catch (const std::invalid_argument& error) {
    throw BadField("op", error.what());
  }
  const mesh::AttributeValue* links = command.attributes.find("num_links");
  const auto* count = links == nullptr ? nullptr : std::get_if<std::int64_t>(links);
  if (count != nullptr && (*count < 1 || *count > sim::kMaxCount)) {
    throw BadField("attributes.num_links",
                   fmt::format("is {}, 1 to {} is needed", *count, sim::kMaxCount));
  }
  // Ops take as many inputs as they know to have been given. One that looks for an input that the
  // line lacks finds one without dims behind the others, and refuses it.
  constexpr std::size_t kMore = 16;
  std::vector<TensorSpec> specs(inputs.size() + kMore);
  for (std::size_t i = 0; i < inputs.size(); ++i) specs[i] = inputs[i].spec();
  const std::span<const TensorSpec> given(specs.data(), inputs.size());
  std::vector<TensorSpec> made;
  try {
    made = op->infer({command.attributes, given, {}});
    const mesh::OpCall call{command.attributes, given, made};
    if (op->cost) (void)op->cost(call);
    if (op->schedule) {
      (void)op->schedule(
          {call, device_.topology(), command.view, command.output_view.value_or(command.view)});
    }
  } catch (const std::logic_error& error) {
    throw BadField("attributes", error.what());
  }
  if (made.size() != command.outputs.size()) {
    throw BadField("outputs", fmt::format("are {}, but {} makes {}", command.outputs.size(),
                                          command.op, made.size()));
  }
  const mesh::MeshView& view = command.output_view.value_or(command.view);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const std::string field = fmt::format("outputs[{}]", i);
    made[i].distribution = normalised(made[i].distribution);
    require_equal(field, command.outputs[i].spec, to_attributes(made[i]), command.op);
    if (made[i].distribution.mesh == view.shape) continue;
    throw BadField(field + ".mesh",
                   fmt::format("is {}, but the command runs on {}",
                               to_string(made[i].distribution.mesh), to_string(view)));
  }
}

void Replayer::skip_to(std::uint64_t number) {
  if (!draws_) return;
  const auto next = [&] {
    const auto& program = device_.program();
    return program.empty() ? std::uint64_t{1} : program.back()->number + 1;
  };
  if (number > next() && number - next() > kLongestGap) {
    throw BadField("number", fmt::format("is {}, more than {} after the command before it", number,
                                         kLongestGap));
  }
  const mesh::MeshView one{device_.view().mesh, device_.view().origin, {1, 1}};
  while (next() < number) {
    device_.session()->issue(
        {.op = "free", .view = one, .inputs = {}, .attributes = {}, .payload = {}});
  }
}

}  // namespace ttmesh::cli
