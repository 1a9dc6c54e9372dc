#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "mesh/program/report.hpp"
#include "sim/time.hpp"

namespace ttmesh::cli {

/// What ran by op as a table: calls, virtual time, its share of `span`.
[[nodiscard]] std::string op_table(const std::vector<mesh::OpTotal>& ops, sim::Time span);

/// The same for JSON: `name, calls, virtual_ns` of each.
[[nodiscard]] nlohmann::ordered_json op_list(const std::vector<mesh::OpTotal>& ops);

}  // namespace ttmesh::cli
