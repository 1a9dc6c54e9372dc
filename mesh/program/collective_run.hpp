#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mesh/program/chip_context.hpp"
#include "mesh/program/step.hpp"
#include "mesh/program/task.hpp"

namespace ttmesh::mesh {

/// One chip's run of a collective: the interpreter of its steps.
///
/// Nouns: a *slot* is for a piece of the input, of the output, or on its way through; its `head`
/// and `ready` say when the first packet and all of it are on the chip. A *lane* is a direction of
/// travel with one worker, a timeline that starts with the command, and a *gate*, the time from
/// which the chips ahead are known to have started.
/// Invariant: steps are taken in order, but a step's virtual time depends on its slots, its lane
/// and the channels alone.
class CollectiveRun {
 public:
  CollectiveRun(ChipContext& chip, Task& task);

  /// Runs as far as possible; true when all steps are taken and the output is in the shard table.
  bool advance();
  std::string waiting_for() const;

 private:
  struct Slot {
    sim::Time head;
    sim::Time ready;
    std::int64_t streamed = 0;  ///< How far the pipeline had come that brought it; see Chunk.
    bool own = false;           ///< Brought by this chip, not received.
    bool failed = false;        ///< `failures_` says why.
  };
  struct LaneState {
    sim::Timeline worker;
    sim::Time gate;
    std::int64_t sent_bytes = 0;
  };

  void fill_input();
  /// The chip's shards of all inputs, one block each; without values in timing-only mode.
  std::vector<Shard> inputs() const;
  /// Takes the current step; false if its chunk is not here yet.
  bool take(const Step& step);
  void signal(const Step& step);
  bool await(const Step& step);
  void join_gates(const Step& step);
  void send(const Step& step);
  bool receive(const Step& step);
  void reduce(const Step& step);
  void copy(const Step& step);
  void finish();
  /// The output, from the input of a relay or from slots.
  HeldShard output() const;
  Shard join_output(const TensorSpec& spec) const;
  std::int64_t slot_bytes(std::int32_t slot) const;
  FailurePtr failure_of(std::int32_t slot) const;
  void set_failure(std::int32_t slot, FailurePtr failure);
  /// What the current step's jitter and loss are drawn by.
  sim::TransferId transfer_id() const { return {task_.command().number, step_index_}; }
  LaneState& lane(Lane lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  Slot& slot(std::int32_t index) { return slots_[static_cast<std::size_t>(index)]; }
  /// The values in a slot. There are none in timing-only mode, nor where a chip has failed.
  Piece& piece(std::int32_t index) { return pieces_[static_cast<std::size_t>(index)]; }
  void extend(sim::Time end) { end_ = std::max(end_, end); }

  ChipContext& chip_;
  Task& task_;
  StepPlan plan_;
  std::optional<Step> step_;  ///< The step to take next.
  std::uint32_t step_index_ = 0;
  std::vector<Slot> slots_;  ///< Small, since a large ring has many.
  std::map<std::int32_t, FailurePtr> failures_;
  std::vector<std::int64_t> bytes_;  ///< By slot, if they depend on values.
  std::vector<Piece> pieces_;        ///< By slot; empty in timing-only mode.
  std::array<LaneState, kLaneCount> lanes_;
  std::int64_t page_bytes_ = 1;
  std::int64_t slice_pages_ = 0;
  DataType dtype_ = DataType::Float32;
  sim::Time start_;
  sim::Time begin_;  ///< Start plus set-up: when workers run.
  sim::Time end_;
};

}  // namespace ttmesh::mesh
