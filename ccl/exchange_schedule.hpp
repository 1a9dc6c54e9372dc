#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ccl/groups.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

/// Who exchanges what, and what a chip does with it.
struct ExchangePlan {
  std::vector<Group> groups;
  std::vector<Transfer> transfers;
  int num_links = 1;
  std::optional<std::int64_t> packet_bytes{};
  /// Slots of the chip at an index of its group, those that it passes on excluded.
  std::function<mesh::SlotPlan(int index)> slots;
  /// Completes the plan of the chip at an index of a group, its steps excepted.
  std::function<void(const Group& group, int index, mesh::StepPlan& plan)> refine{};
  /// Steps of that chip after all that it receives is there.
  std::function<std::vector<mesh::Step>(int index)> last;
};

/// The schedule of an exchange: an entry barrier of each group, the transfers, and the last steps.
/// Chips outside the view that a route or a signal crosses are its relays.
[[nodiscard]] mesh::Schedule exchange_schedule(const mesh::CollectiveCall& call,
                                               const ExchangePlan& plan);

}  // namespace ttmesh::ccl
