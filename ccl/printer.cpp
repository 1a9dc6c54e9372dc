#include "ccl/printer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ttmesh::ccl {
namespace {

using mesh::Step;

/// What a step looks like; empty if the table leaves it out.
std::string sign_of(const Step& step) {
  const bool forward = step.lane == mesh::Lane::Forward;
  switch (step.kind) {
    case Step::Kind::Signal:
      return forward ? "<-" : "->";
    case Step::Kind::Await:
    case Step::Kind::Join:
      return "";
    case Step::Kind::Send:
      return forward ? fmt::format("{}>", step.slot) : fmt::format("<{}", step.slot);
    case Step::Kind::Receive:
      return forward ? fmt::format(">{}", step.slot) : fmt::format("{}<", step.slot);
    case Step::Kind::Reduce:
      return fmt::format("{}+={}", step.slot, step.source);
    case Step::Kind::Copy:
      return fmt::format("{}={}", step.slot, step.source);
  }
  return "";
}

std::string row_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    row += fmt::format("{:<{}}", cells[i], widths[i] + 2);
  }
  row.erase(row.find_last_not_of(' ') + 1);
  return row + '\n';
}

}  // namespace

std::string draw(const Algorithm& algorithm, const RehearsalOptions& options) {
  const Rehearsal rehearsal = rehearse(algorithm, options);
  std::vector<std::vector<std::string>> rows;
  rows.emplace_back(1, "tick");
  for (int chip = 0; chip < options.size; ++chip) rows.front().push_back(std::to_string(chip));
  for (const Act& act : rehearsal.acts) {
    const std::string sign = sign_of(act.step);
    if (sign.empty()) continue;
    const std::string tick = std::to_string(act.tick);
    if (rows.back().front() != tick) {
      rows.emplace_back(static_cast<std::size_t>(options.size) + 1).front() = tick;
    }
    std::string& cell = rows.back()[static_cast<std::size_t>(act.chip) + 1];
    cell += cell.empty() ? sign : ' ' + sign;
  }

  std::vector<std::size_t> widths(rows.front().size(), 1);
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string table;
  for (const std::vector<std::string>& row : rows) table += row_of(row, widths);
  for (const std::string& fault : rehearsal.faults) table += fault + '\n';
  return table;
}

}  // namespace ttmesh::ccl
