#include "cli/op_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "cli/link_table.hpp"

namespace ttmesh::cli {

std::string op_table(const std::vector<mesh::OpTotal>& ops, sim::Time span) {
  std::size_t width = 24;
  for (const mesh::OpTotal& op : ops) width = std::max(width, op.op.size());
  std::string text =
      fmt::format("\n  {:<{}} {:>6} {:>14} {:>8}\n", "op", width, "calls", "virtual us", "share");
  for (const mesh::OpTotal& op : ops) {
    text += fmt::format("  {:<{}} {:>6} {:>14.3f} {:>6.1f} %\n", op.op, width, op.calls,
                        static_cast<double>(op.time.ps()) * 1e-6, percent(op.time, span));
  }
  return text;
}

nlohmann::ordered_json op_list(const std::vector<mesh::OpTotal>& ops) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const mesh::OpTotal& op : ops) {
    list.push_back({{"name", op.op}, {"calls", op.calls}, {"virtual_ns", op.time.ns()}});
  }
  return list;
}

}  // namespace ttmesh::cli
