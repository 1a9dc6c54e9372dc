#include "mesh/device/mesh_device.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "mesh/device/session.hpp"
#include "mesh/program/builtin_ops.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"

namespace ttmesh::mesh {

MeshDevice::MeshDevice(std::shared_ptr<Session> session, MeshView view)
    : session_(std::move(session)), view_(view) {}

MeshDevice MeshDevice::submesh(MeshShape shape, Coordinate origin) const {
  if (shape.rows < 1 || shape.cols < 1 || origin.row < 0 || origin.col < 0 ||
      origin.row + shape.rows > view_.shape.rows || origin.col + shape.cols > view_.shape.cols) {
    throw std::invalid_argument(
        fmt::format("[submesh] {} at row {}, column {} does not lie within the {} mesh",
                    to_string(shape), origin.row, origin.col, to_string(view_.shape)));
  }
  const Coordinate at{view_.origin.row + origin.row, view_.origin.col + origin.col};
  return MeshDevice(session_, {view_.mesh, at, shape});
}

MeshDevice MeshDevice::mesh(int id) const {
  const MeshDescription& mesh = select_mesh(topology(), id);
  return MeshDevice(session_, {mesh.id, {0, 0}, mesh.shape});
}

std::vector<Tensor> MeshDevice::enqueue(std::string_view op, std::span<const Tensor> inputs,
                                        Attributes attributes) {
  return enqueue_to(*this, op, inputs, std::move(attributes));
}

std::vector<Tensor> MeshDevice::enqueue_to(const MeshDevice& receiver, std::string_view op,
                                           std::span<const Tensor> inputs, Attributes attributes) {
  if (receiver.session_ != session_) {
    throw std::invalid_argument(fmt::format(
        "[{}] the receiving mesh belongs to another machine; needs one opened from the same "
        "topology, as mesh() and submesh() give",
        op));
  }
  Request request{.op = op,
                  .view = view_,
                  .inputs = {},
                  .attributes = std::move(attributes),
                  .payload = {},
                  .output_view = receiver.view_};
  for (const Tensor& input : inputs) {
    if (!input) {
      throw std::invalid_argument(fmt::format("[{}] an input is empty; needs a tensor", op));
    }
    request.inputs.push_back(input.handle());
  }
  std::vector<Tensor> outputs;
  for (auto& handle : session_->issue(std::move(request))) outputs.emplace_back(std::move(handle));
  return outputs;
}

Prediction MeshDevice::predict(std::string_view op, std::vector<TensorSpec> inputs,
                               Attributes attributes) const {
  return session_->predict(op, view_, std::move(inputs), std::move(attributes));
}

sim::Time MeshDevice::synchronize() { return session_->synchronize(); }

void MeshDevice::start_recording(bool trace) { session_->start_recording(trace); }

Report MeshDevice::report() { return session_->report(); }

void MeshDevice::close() { session_->close(); }

const Topology& MeshDevice::topology() const { return session_->machine().topology; }

const Machine& MeshDevice::machine() const { return session_->machine(); }

bool MeshDevice::timing_only() const { return session_->timing_only(); }

sim::Time MeshDevice::now() const { return session_->now(); }

const std::vector<CommandPtr>& MeshDevice::program() const { return session_->program(); }

void MeshDevice::record_program() { session_->record_program(); }

std::int64_t MeshDevice::memory_used(ChipId chip, BufferType buffer) const {
  return session_->ledger().used(chip, buffer);
}

namespace {

std::shared_ptr<const OpTable> with_builtins(const OpTable& ops) {
  auto table = std::make_shared<OpTable>(ops);
  add_builtin_ops(*table);
  return table;
}

WorldOptions world_options(const Topology& topology, const OpenOptions& options) {
  WorldOptions world{
      .threads = options.threads, .timing_only = options.timing_only, .hosting = options.hosting};
  if (!options.hosting) return world;
  Topology unnamed = topology;  // Hosts may have it from files of different names.
  unnamed.name.clear();
  world.recipe = {.topology = ttmesh_yaml(unnamed),
                  .settings = {},
                  .seed = options.seed,
                  .timing_only = options.timing_only};
  for (const sim::Setting& setting : options.settings) {
    world.recipe.settings.push_back(setting.text);
  }
  return world;
}

}  // namespace

MeshDevice open(Topology topology, std::shared_ptr<const OpTable> ops, OpenOptions options) {
  const MeshDescription mesh = select_mesh(topology, options.mesh_id);
  WorldOptions world = world_options(topology, options);
  auto session =
      std::make_shared<Session>(make_machine(std::move(topology), options.settings, options.seed),
                                with_builtins(*ops), std::move(world));
  return MeshDevice(std::move(session), {mesh.id, {0, 0}, mesh.shape});
}

void serve(Topology topology, std::shared_ptr<const OpTable> ops, const OpenOptions& options) {
  const WorldOptions world = world_options(topology, options);
  const Machine machine = make_machine(std::move(topology), options.settings, options.seed);
  serve_host(machine, *with_builtins(*ops), world);
}

CallScope::CallScope(const MeshDevice& device, std::string name)
    : session_(device.session()), length_before_(session_->scope().size()) {
  std::string& scope = session_->scope();
  if (!scope.empty()) scope += '.';
  scope += name;
}

CallScope::~CallScope() { session_->scope().resize(length_before_); }

}  // namespace ttmesh::mesh
