#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "mesh/program/failure.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/topology/topology.hpp"

namespace ttmesh::mesh {

/// Names one piece of work of a command: equal keys on two chips mean equal results.
struct ResultKey {
  int part = 0;                 ///< The op itself, or a step towards it.
  std::uint64_t position = 0;   ///< For ops whose result depends on the chip's place.
  std::vector<BlockId> blocks;  ///< The inputs' blocks.

  friend auto operator<=>(const ResultKey&, const ResultKey&) = default;
};

struct Result {
  std::vector<Shard> shards;
  FailurePtr failure;
};

/// Results of one command that chips of a host share, so that equal work is done once: the first
/// chip that asks does it, those that ask meanwhile wait for a wake-up.
class ResultTable {
 public:
  struct Claim {
    bool mine = false;             ///< The caller is to do the work and publish it.
    std::optional<Result> result;  ///< Ready; if absent and not `mine`, the caller is woken later.
  };

  Claim claim(const ResultKey& key, ChipId chip);
  /// Stores the result; returns the chips that wait for it.
  [[nodiscard]] std::vector<ChipId> publish(const ResultKey& key, Result result);

 private:
  struct Entry {
    std::optional<Result> result;
    std::vector<ChipId> waiting;
  };

  std::mutex mutex_;
  std::map<ResultKey, Entry> entries_;
};

}  // namespace ttmesh::mesh
