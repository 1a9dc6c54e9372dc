#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>
#include <vector>

#include "mesh/actors/world.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/command.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/program/report.hpp"
#include "mesh/tensor/ledger.hpp"

namespace ttmesh::mesh {

/// Memory that the ledger has booked for a tensor and for views of it; given back once.
class Booking {
 public:
  Booking(std::shared_ptr<Session> session, TensorSpec spec, MeshView view);
  ~Booking();
  Booking(const Booking&) = delete;
  Booking& operator=(const Booking&) = delete;

  void add(TensorId tensor) { tensors_.push_back(tensor); }
  /// Makes the chips forget one of the tensors.
  void drop(TensorId tensor);
  /// Frees the memory, and makes the chips forget every tensor in it.
  void give_back();

  bool is_booked() const { return booked_; }

 private:
  std::shared_ptr<Session> session_;
  TensorSpec spec_;
  MeshView view_;
  std::vector<TensorId> tensors_;  ///< Those that have handles.
  bool booked_ = true;
};

/// A tensor as its handles share it.
struct TensorHandle {
  TensorHandle(std::shared_ptr<Session> session, TensorId id, TensorSpec spec, MeshView view,
               std::shared_ptr<Booking> booking);
  ~TensorHandle();
  TensorHandle(const TensorHandle&) = delete;
  TensorHandle& operator=(const TensorHandle&) = delete;

  std::shared_ptr<Session> session;
  TensorId id;
  TensorSpec spec;
  MeshView view;
  std::shared_ptr<Booking> booking;
};

/// One op call as the controller issues it.
struct Request {
  std::string_view op;
  MeshView view;
  std::vector<std::shared_ptr<TensorHandle>> inputs;
  Attributes attributes;
  std::shared_ptr<const HostTensor> payload;
  std::optional<MeshView> output_view{};  ///< Where the outputs are, if not on `view`.
};

/// Everything opened from one topology: the one sequence of commands, the memory ledger, the
/// controller's clock, and the running world. Used by one thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Machine machine, std::shared_ptr<const OpTable> ops, WorldOptions options);

  /// Checks and issues a command; see MeshDevice::enqueue.
  std::vector<std::shared_ptr<TensorHandle>> issue(Request request);
  /// Virtual time of a command on the idle machine; see MeshDevice::predict.
  Prediction predict(std::string_view op, const MeshView& view, std::vector<TensorSpec> inputs,
                     Attributes attributes);
  /// Reads a tensor's shards, row-major over its view, and moves the clock. They have no values in
  /// timing-only mode.
  std::vector<Shard> deliver(const std::shared_ptr<TensorHandle>& tensor);
  /// The same where there are values; throws std::invalid_argument where there are none.
  std::vector<Shard> read(const std::shared_ptr<TensorHandle>& tensor);
  sim::Time synchronize();
  void start_recording(bool trace);
  Report report();
  void close();
  /// Notes that a tensor is of no use any more; the chips learn it with a later command.
  void drop(TensorId id, const TensorSpec& spec, const MeshView& view) noexcept;
  /// Gives memory back to the ledger.
  void give_back(const TensorSpec& spec, const MeshView& view) noexcept;
  /// Moves the clock by the time that `bytes` take over the host's link.
  void cross_host_link(std::int64_t bytes, std::int64_t bytes_per_s);

  const Machine& machine() const { return machine_; }
  bool timing_only() const { return options_.timing_only; }
  sim::Time now() const { return clock_; }
  const MemoryLedger& ledger() const { return ledger_; }
  std::string& scope() { return scope_; }
  /// What a layer above keeps as long as the session lives: one value of each type.
  template <typename Value>
  Value& kept() {
    std::any& value = kept_[typeid(Value)];
    return value.has_value() ? *std::any_cast<Value>(&value) : value.emplace<Value>();
  }
  void record_program() { recording_program_ = true; }
  const std::vector<CommandPtr>& program() const { return program_; }

 private:
  struct KnownPrediction {
    Command command;
    Prediction prediction;
  };
  struct Drop {
    TensorId id;
    MeshView view;
    std::int64_t bytes;  ///< Of all its chips.
  };

  void require_open() const;
  /// Fills in the outputs' specs by the inputs'; checks all that does not need values or memory.
  void infer_outputs(Command& command) const;
  /// The memory of the output: new, or that of the input if the op only changes the view.
  std::shared_ptr<Booking> book(const Request& request, const OpDefinition& definition,
                                const OpCall& call, std::size_t output);
  /// Takes the pending drops that chips of `view` alone know about.
  std::vector<TensorId> take_drops(const MeshView& view);
  /// Sends commands for the drops that no other command has taken along, if they hold much.
  void flush_drops();
  /// Sends an op, which takes the host its dispatch.
  void dispatch(std::shared_ptr<Command> command);
  void send(std::shared_ptr<Command> command);
  /// Keeps a command of the program, without the values that it writes.
  void record(const CommandPtr& command);

  Machine machine_;
  std::shared_ptr<const OpTable> ops_;
  WorldOptions options_;
  MemoryLedger ledger_;
  std::unique_ptr<World> world_;
  std::uint64_t last_command_ = 0;
  TensorId last_tensor_ = 0;
  sim::Time clock_;
  sim::Time recording_begin_;
  bool recording_fresh_ = true;  ///< Nothing has been issued since recording began.
  std::vector<Drop> drops_;
  std::vector<CommandName> names_;  ///< Of the commands since recording began.
  std::string scope_;
  bool recording_program_ = false;
  std::vector<CommandPtr> program_;
  std::unordered_map<std::size_t, std::vector<KnownPrediction>> predictions_;  ///< By a hash.
  std::unordered_map<std::type_index, std::any> kept_;
};

}  // namespace ttmesh::mesh
