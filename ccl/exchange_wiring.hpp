#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ccl/algorithm.hpp"
#include "ccl/groups.hpp"
#include "ccl/wiring.hpp"
#include "mesh/program/op_table.hpp"

namespace ttmesh::ccl {

// Wiring of collectives whose payloads travel on their own: along one axis of a mesh, or between
// all of its chips.

/// As `resolve_wiring`, but without a cluster_axis on a mesh all of its chips are one group:
/// `cluster_axis` is -1 then, and topology Ring needs closed lines along one axis at least.
[[nodiscard]] Wiring resolve_exchange(const char* op, const mesh::MeshDevice& device,
                                      const WiringOptions& options);

/// "line" or "ring", by the wiring, unless the caller wants another one; see `choose`.
[[nodiscard]] Choice choose_exchange(const char* op, const Wiring& wiring,
                                     std::function<sim::Time(const std::string&)> predict,
                                     const std::optional<std::string>& wanted);

/// Adds the wiring and the algorithm to the attributes of a command.
void add_exchange(mesh::Attributes& attributes, const Wiring& wiring, const std::string& algorithm);

/// The axis that `add_exchange` wrote; nothing for all chips of a mesh.
[[nodiscard]] std::optional<int> cluster_axis_of(const mesh::Attributes& attributes);

/// The groups of a call, by the attributes that `add_exchange` wrote.
[[nodiscard]] std::vector<Group> wired_groups(const mesh::CollectiveCall& call);

}  // namespace ttmesh::ccl
