#include "mesh/device/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>

#include "mesh/device/report_builder.hpp"
#include "mesh/program/prediction.hpp"

namespace ttmesh::mesh {
namespace {

/// Bytes of dropped tensors that chips are told of at once; fewer wait for the next command.
constexpr std::int64_t kWorthACommand = std::int64_t{1} << 20;

/// Whether every chip of `inner` is one of `outer`.
bool covers(const MeshView& outer, const MeshView& inner) {
  return outer.mesh == inner.mesh && outer.origin.row <= inner.origin.row &&
         outer.origin.col <= inner.origin.col &&
         inner.origin.row + inner.shape.rows <= outer.origin.row + outer.shape.rows &&
         inner.origin.col + inner.shape.cols <= outer.origin.col + outer.shape.cols;
}

/// Equal for commands that cost the same; seldom for others.
std::size_t hash_of(const Command& command) {
  std::size_t hash = std::hash<std::string>()(command.op);
  for (const TensorSpec& spec : command.input_specs) {
    for (const std::int64_t extent : spec.shape.dims()) {
      hash = hash * 31 + static_cast<std::size_t>(extent);
    }
  }
  return hash;
}

bool costs_the_same(const Command& a, const Command& b) {
  return a.op == b.op && a.view == b.view && a.input_specs == b.input_specs &&
         a.attributes == b.attributes;
}

void require_input(std::string_view op, std::size_t index, const TensorHandle& input,
                   const Session* session, const MeshView& view) {
  if (!input.booking->is_booked()) {
    throw std::invalid_argument(fmt::format(
        "[{}] input {} (tensor %{}) was deallocated; needs a live tensor", op, index, input.id));
  }
  if (input.session.get() != session || input.view != view) {
    throw std::invalid_argument(fmt::format(
        "[{}] input {} lives on another mesh device ({} at row {}, column {}); needs the {} one "
        "that the op runs on",
        op, index, to_string(input.view.shape), input.view.origin.row, input.view.origin.col,
        to_string(view.shape)));
  }
}

}  // namespace

Booking::Booking(std::shared_ptr<Session> session, TensorSpec spec, MeshView view)
    : session_(std::move(session)), spec_(std::move(spec)), view_(view) {}

Booking::~Booking() { give_back(); }

void Booking::drop(TensorId tensor) {
  if (std::erase(tensors_, tensor) > 0) session_->drop(tensor, spec_, view_);
}

void Booking::give_back() {
  if (!booked_) return;
  booked_ = false;
  session_->give_back(spec_, view_);
  while (!tensors_.empty()) drop(tensors_.back());
}

TensorHandle::TensorHandle(std::shared_ptr<Session> owner, TensorId tensor, TensorSpec of,
                           MeshView on, std::shared_ptr<Booking> memory)
    : session(std::move(owner)),
      id(tensor),
      spec(std::move(of)),
      view(on),
      booking(std::move(memory)) {
  booking->add(id);
}

TensorHandle::~TensorHandle() { booking->drop(id); }

Session::Session(Machine machine, std::shared_ptr<const OpTable> ops, WorldOptions options)
    : machine_(std::move(machine)),
      ops_(std::move(ops)),
      options_(options),
      ledger_(machine_.topology.chip_count(), machine_.chip),
      world_(std::make_unique<World>(machine_, *ops_, options)) {}

void Session::infer_outputs(Command& command) const {
  command.output_specs = ops_->at(command.op).infer({command.attributes, command.input_specs, {}});
  for (TensorSpec& spec : command.output_specs) {
    spec.distribution = normalised(spec.distribution);
    validate(spec);
  }
}

std::vector<std::shared_ptr<TensorHandle>> Session::issue(Request request) {
  require_open();
  auto command = std::make_shared<Command>();
  command->op = request.op;
  command->view = request.view;
  command->output_view = request.output_view.value_or(request.view);
  command->attributes = std::move(request.attributes);
  command->payload = std::move(request.payload);
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    require_input(request.op, i, *request.inputs[i], this, request.view);
    command->inputs.push_back(request.inputs[i]->id);
    command->input_specs.push_back(request.inputs[i]->spec);
  }
  infer_outputs(*command);

  const OpDefinition& definition = ops_->at(request.op);
  const OpCall call{command->attributes, command->input_specs, command->output_specs};
  std::vector<std::shared_ptr<TensorHandle>> outputs;
  for (std::size_t i = 0; i < command->output_specs.size(); ++i) {
    std::shared_ptr<Booking> booking = book(request, definition, call, i);
    command->outputs.push_back(++last_tensor_);
    outputs.push_back(std::make_shared<TensorHandle>(shared_from_this(), last_tensor_,
                                                     command->output_specs[i], command->output_view,
                                                     std::move(booking)));
  }
  command->issuer = scope_;
  dispatch(std::move(command));
  return outputs;
}

Prediction Session::predict(std::string_view op, const MeshView& view,
                            std::vector<TensorSpec> inputs, Attributes attributes) {
  Command command;
  command.number = 1;
  command.op = op;
  command.view = view;
  command.output_view = view;
  command.attributes = std::move(attributes);
  command.input_specs = std::move(inputs);
  std::vector<KnownPrediction>& alike = predictions_[hash_of(command)];
  for (const KnownPrediction& known : alike) {
    if (costs_the_same(known.command, command)) return known.prediction;
  }

  for (std::size_t i = 0; i < command.input_specs.size(); ++i) command.inputs.push_back(i + 1);
  infer_outputs(command);
  for (std::size_t i = 0; i < command.output_specs.size(); ++i) {
    command.outputs.push_back(command.inputs.size() + i + 1);
  }
  Prediction prediction{.time = mesh::predict(command, *ops_, machine_),
                        .outputs = command.output_specs};
  return alike.emplace_back(KnownPrediction{std::move(command), std::move(prediction)}).prediction;
}

std::shared_ptr<Booking> Session::book(const Request& request, const OpDefinition& definition,
                                       const OpCall& call, std::size_t output) {
  const TensorSpec& spec = call.outputs[output];
  if (definition.cost) {
    const sim::Work work = definition.cost(call);
    (void)sim::cost(machine_.chip, work);  // Refuses, for one, a grid larger than the chip's.
    const bool is_view = std::holds_alternative<sim::NoWork>(work) && call.inputs.size() == 1;
    if (is_view && chip_bytes(call.inputs[0]) == chip_bytes(spec)) {
      return request.inputs[0]->booking;
    }
  }
  const MeshView view = request.output_view.value_or(request.view);
  ledger_.allocate(std::string(request.op).c_str(), spec, chips_of(machine_.topology, view));
  return std::make_shared<Booking>(shared_from_this(), spec, view);
}

void Session::dispatch(std::shared_ptr<Command> command) {
  command->dispatched = clock_;
  if (recording_fresh_) recording_begin_ = clock_;
  recording_fresh_ = false;
  clock_ += machine_.host.dispatch;
  names_.push_back({last_command_ + 1, command->op, command->issuer});
  send(std::move(command));
}

void Session::send(std::shared_ptr<Command> command) {
  command->number = ++last_command_;
  command->drops = take_drops(command->view);
  if (recording_program_) record(command);
  world_->submit(std::move(command));
}

std::vector<Shard> Session::read(const std::shared_ptr<TensorHandle>& tensor) {
  if (options_.timing_only) {
    throw std::invalid_argument(
        "[to_host] tensors have no values in timing-only mode; open the device without it");
  }
  return deliver(tensor);
}

std::vector<Shard> Session::deliver(const std::shared_ptr<TensorHandle>& tensor) {
  issue({.op = "read", .view = tensor->view, .inputs = {tensor}, .attributes = {}, .payload = {}});
  const std::map<ChipId, HeldShard> delivery = world_->take_delivery(last_command_);
  FailurePtr failure;
  for (const auto& [chip, held] : delivery) {
    clock_ = std::max(clock_, held.ready);
    failure = earlier(failure, held.failure);
  }
  if (failure) throw Error(failure->code, failure->what);

  std::vector<Shard> shards;
  for (const ChipId chip : chips_of(machine_.topology, tensor->view)) {
    shards.push_back(delivery.at(chip).shard);
  }
  cross_host_link(chip_bytes(tensor->spec) * static_cast<std::int64_t>(shards.size()),
                  machine_.host.read_bytes_per_s);
  return shards;
}

sim::Time Session::synchronize() {
  require_open();
  flush_drops();
  clock_ = std::max(clock_, world_->wait());
  return clock_;
}

void Session::start_recording(bool trace) {
  synchronize();
  world_->start_recording(trace);
  names_.clear();
  recording_fresh_ = true;
}

Report Session::report() {
  require_open();
  return build_report(world_->reports(), names_, machine_,
                      recording_fresh_ ? clock_ : recording_begin_);
}

void Session::close() {
  world_.reset();
  drops_.clear();
}

void Session::drop(TensorId id, const TensorSpec& spec, const MeshView& view) noexcept {
  if (world_) drops_.push_back({id, view, chip_bytes(spec) * view.shape.size()});
}

void Session::give_back(const TensorSpec& spec, const MeshView& view) noexcept {
  if (world_) ledger_.release(spec, chips_of(machine_.topology, view));
}

void Session::cross_host_link(std::int64_t bytes, std::int64_t bytes_per_s) {
  clock_ += sim::time_for(bytes, bytes_per_s);
}

void Session::require_open() const {
  if (!world_) throw Error(ErrorCode::Closed, "the mesh device is closed; open it again");
}

void Session::record(const CommandPtr& command) {
  if (!command->payload) {
    program_.push_back(command);
    return;
  }
  auto bare = std::make_shared<Command>(*command);
  bare->payload.reset();
  program_.push_back(std::move(bare));
}

std::vector<TensorId> Session::take_drops(const MeshView& view) {
  std::vector<TensorId> taken;
  std::erase_if(drops_, [&](const Drop& drop) {
    if (!covers(view, drop.view)) return false;
    taken.push_back(drop.id);
    return true;
  });
  return taken;
}

void Session::flush_drops() {
  const auto add = [](std::int64_t sum, const Drop& drop) { return sum + drop.bytes; };
  while (std::accumulate(drops_.begin(), drops_.end(), std::int64_t{0}, add) >= kWorthACommand) {
    auto command = std::make_shared<Command>();
    command->op = "free";
    command->view = drops_.front().view;
    command->output_view = command->view;
    send(std::move(command));
  }
}

}  // namespace ttmesh::mesh
