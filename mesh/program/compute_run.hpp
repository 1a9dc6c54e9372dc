#pragma once

#include <optional>
#include <vector>

#include "mesh/program/chip_context.hpp"
#include "mesh/program/task.hpp"

namespace ttmesh::mesh {

/// One chip's run of a compute op. Work that another chip of the host is doing already is waited
/// for, not done again; virtual time is the same either way.
class ComputeRun {
 public:
  ComputeRun(ChipContext& chip, Task& task);

  /// Runs as far as possible; true when the op is done and its outputs are in the shard table.
  bool advance();
  std::string waiting_for() const;

 private:
  /// The result called `key`, made by `work` if no other chip has; nothing if it must be awaited.
  template <typename Work>
  std::optional<Result> shared(const ResultKey& key, const Work& work);
  bool flatten_inputs();
  bool prepare();
  bool run_op();
  /// Changes the first input in place.
  void update();
  void finish();

  ChipContext& chip_;
  Task& task_;
  std::vector<Shard> inputs_;
  std::size_t flattened_ = 0;  ///< Inputs before this one are single blocks.
  std::optional<std::vector<Shard>> prepared_;
  Result result_;
};

}  // namespace ttmesh::mesh
