#include "mesh/program/result_table.hpp"

#include <utility>

namespace ttmesh::mesh {

ResultTable::Claim ResultTable::claim(const ResultKey& key, ChipId chip) {
  const std::lock_guard lock(mutex_);
  const auto [entry, added] = entries_.try_emplace(key);
  if (added) return {.mine = true, .result = {}};
  if (!entry->second.result) entry->second.waiting.push_back(chip);
  return {.mine = false, .result = entry->second.result};
}

std::vector<ChipId> ResultTable::publish(const ResultKey& key, Result result) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(key);
  entry.result = std::move(result);
  return std::exchange(entry.waiting, {});
}

}  // namespace ttmesh::mesh
