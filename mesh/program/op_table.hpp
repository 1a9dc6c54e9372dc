#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/program/attributes.hpp"
#include "mesh/program/step.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "mesh/topology/topology.hpp"
#include "sim/work.hpp"

namespace ttmesh::mesh {

/// One call of an op as its functions see it.
struct OpCall {
  const Attributes& attributes;
  std::span<const TensorSpec> inputs;
  std::span<const TensorSpec> outputs;  ///< Empty while they are being inferred.
};

/// One chip's evaluation of a call.
struct OpRun {
  const OpCall& call;
  std::span<const Shard> inputs;        ///< One block each, unless the op takes blocks.
  Coordinate chip;                      ///< Within the view.
  const HostTensor* payload = nullptr;  ///< Values of a write.
  std::span<const Shard> prepared{};    ///< What `prepare` has made of the first input.
};

/// A call of a collective. What it refers to outlives the schedule that is made of it.
struct CollectiveCall {
  OpCall call;
  const Topology& topology;
  const MeshView& view;         ///< Chips that hold the inputs.
  const MeshView& output_view;  ///< Chips that hold the outputs.
};

/// Who does what in a call of a collective; made once on each host.
struct Schedule {
  /// One chip's part; asked for by several chips at a time.
  std::function<StepPlan(ChipId)> plan;
  std::vector<ChipId> relays{};  ///< Chips outside the views that pass traffic on.
};

/// What an op is to the machine. A compute op has `cost` and `run`, a collective has `schedule`.
struct OpDefinition {
  /// Specs of the outputs. Throws std::invalid_argument on misuse, before anything is sent.
  std::function<std::vector<TensorSpec>(const OpCall&)> infer;
  /// Work of one chip, for the chip model.
  std::function<sim::Work(const OpCall&)> cost;
  /// Values on one chip.
  std::function<std::vector<Shard>(const OpRun&)> run;
  /// The part of `run` that needs the first input alone: chips that have the same one share it,
  /// even where their other inputs differ. What it gives, maybe nothing, is `prepared` in `run`.
  std::function<std::vector<Shard>(const OpCall&, const Shard&)> prepare;
  /// In place of `run`: new values of the first input, which keeps its name. `own` is the chip's
  /// shard, referred to by nobody else unless somebody still reads the old values; the op has no
  /// outputs, and is never shared between chips. Of `run.inputs` the first has no values.
  std::function<Shard(Shard own, const OpRun& run)> update;
  /// Steps of the chips.
  std::function<Schedule(const CollectiveCall&)> schedule;
  /// Equal keys on two chips mean equal work, given equal inputs. Unset: position does not matter.
  std::function<std::uint64_t(const OpCall&, Coordinate)> position_key;
  /// `run` takes shards of several blocks as they are; otherwise each is flattened first.
  bool takes_blocks = false;
  /// The input is handed to the controller instead of to an output.
  bool delivers = false;
};

/// Every op that a device can run, by name: how a chip runs what lies above it. Filled by `ops` and
/// `ccl`, handed to `open()`.
class OpTable {
 public:
  /// Throws std::logic_error if `name` is taken.
  void add(std::string name, OpDefinition definition);

  /// Throws std::invalid_argument listing the names if `name` is unknown.
  const OpDefinition& at(std::string_view name) const;
  std::vector<std::string> names() const;

 private:
  std::map<std::string, OpDefinition, std::less<>> definitions_;
};

}  // namespace ttmesh::mesh
