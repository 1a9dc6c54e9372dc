#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/actors/hosting.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/machine.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/program/report.hpp"
#include "mesh/topology/line.hpp"
#include "mesh/topology/topology.hpp"
#include "sim/setting.hpp"
#include "sim/trace.hpp"

namespace ttmesh::mesh {

class Session;

struct OpenOptions {
  int threads = 0;                     ///< Threads that run the chips; 0 takes one per processor.
  bool timing_only = false;            ///< No values: tensors have no data, messages no payload.
  std::optional<int> mesh_id;          ///< Mesh to open; the only one with several chips if unset.
  std::vector<sim::Setting> settings;  ///< Perturbations of the machine.
  std::uint64_t seed = 0;              ///< Of jitter and loss.
  std::optional<Hosting> hosting{};    ///< Set if the mesh is spread over several processes.
};

/// What an op would do.
struct Prediction {
  sim::Time time;  ///< From its dispatch to the end of its last chip.
  std::vector<TensorSpec> outputs;
};

/// A mesh of emulated chips, or a rectangle of one. A handle, cheap to copy; the machine lives
/// until the last handle and tensor are gone or `close()` is called. One controller thread a
/// topology.
///
/// Ops return at once; `synchronize()` and reads wait. A wait ends when the result is there or when
/// nothing in the world can run any more, which is an error.
class MeshDevice {
 public:
  explicit MeshDevice(std::shared_ptr<Session> session, MeshView view);

  /// The rectangle of `shape` at `origin`. Throws std::invalid_argument if it sticks out.
  [[nodiscard]] MeshDevice submesh(MeshShape shape, Coordinate origin = {}) const;
  /// Another mesh of the same machine, by its id. Throws std::invalid_argument if there is none.
  [[nodiscard]] MeshDevice mesh(int id) const;

  /// Issues one op; returns handles of its outputs. Checks everything that does not need values.
  /// Throws std::invalid_argument on misuse and mesh::Error if memory or the world is exhausted.
  std::vector<Tensor> enqueue(std::string_view op, std::span<const Tensor> inputs,
                              Attributes attributes);
  /// The same for an op that leaves its outputs on other chips of the same machine.
  std::vector<Tensor> enqueue_to(const MeshDevice& receiver, std::string_view op,
                                 std::span<const Tensor> inputs, Attributes attributes);

  /// What an op would do with inputs of such specs on this machine, were it idle. Nothing is issued
  /// or booked. Throws std::invalid_argument on misuse.
  Prediction predict(std::string_view op, std::vector<TensorSpec> inputs,
                     Attributes attributes) const;

  /// Waits until every command is done, and moves the controller's clock to the last chip's end,
  /// which it returns. Throws mesh::Error if a command can never be done.
  sim::Time synchronize();

  /// Forgets statistics and trace so far, after waiting for all commands; what follows is recorded.
  /// With `trace`, slices and arrows are kept too.
  void start_recording(bool trace = false);
  /// What chips and links have done since `start_recording()`, after waiting for all commands.
  Report report();

  /// Ends the machine: nothing is left running. Later calls throw; handles may still be dropped.
  void close();

  MeshShape shape() const { return view_.shape; }
  const MeshView& view() const { return view_; }
  const Topology& topology() const;
  const Machine& machine() const;
  bool timing_only() const;
  /// The controller's virtual clock.
  sim::Time now() const;
  /// Keeps every command from now on.
  void record_program();
  /// The commands kept, in order.
  const std::vector<CommandPtr>& program() const;
  /// Emulated bytes in use on a chip.
  std::int64_t memory_used(ChipId chip, BufferType buffer) const;

  friend bool operator==(const MeshDevice& a, const MeshDevice& b) {
    return a.session_ == b.session_ && a.view_ == b.view_;
  }

  /// Shared state of everything opened from one topology.
  const std::shared_ptr<Session>& session() const { return session_; }

 private:
  std::shared_ptr<Session> session_;
  MeshView view_;
};

/// Starts the machine that `topology` describes. Throws std::invalid_argument if a setting matches
/// nothing or the mesh id is unknown, mesh::InvalidFile if the setting is from a file.
[[nodiscard]] MeshDevice open(Topology topology, std::shared_ptr<const OpTable> ops,
                              OpenOptions options = {});

/// Runs a host's part of the machine, other than rank 0's, which is the controller's. Takes what
/// `open()` takes there, and returns when the controller has closed the machine.
/// Throws as `open()` does, and mesh::Error (HostLost) if the hosts cannot be joined or the
/// controller is lost.
void serve(Topology topology, std::shared_ptr<const OpTable> ops, const OpenOptions& options);

/// Names the module call that the commands enqueued in a scope come from, for traces and error
/// reports; scopes nest: "decoder.mlp.decode_forward".
class CallScope {
 public:
  CallScope(const MeshDevice& device, std::string name);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  std::shared_ptr<Session> session_;
  std::size_t length_before_;
};

}  // namespace ttmesh::mesh
