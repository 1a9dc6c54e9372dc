#include "tests/sim/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace ttmesh::sim::test {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

}  // namespace

std::vector<Row> read_calibration(const std::string& name) {
  std::ifstream file(std::string(TTMESH_SOURCE_DIR) + "/../shared/reference/calibration/" + name);
  std::string line;
  if (!std::getline(file, line)) return {};
  const std::vector<std::string> columns = split(line);
  std::vector<Row> rows;
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = split(line);
    Row row;
    for (std::size_t i = 0; i < std::min(columns.size(), fields.size()); ++i) {
      row[columns[i]] = fields[i];
    }
    rows.push_back(row);
  }
  return rows;
}

void ErrorSummary::add(double predicted, double measured) {
  const double error = std::abs(predicted / measured - 1);
  sum_ += error;
  worst_ = std::max(worst_, error);
  ++count_;
}

}  // namespace ttmesh::sim::test
