#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ttmesh::sim::test {

/// A row of a CSV file, by column name.
using Row = std::map<std::string, std::string>;

/// The published measurements called `name`, or nothing if they are not on this machine.
[[nodiscard]] std::vector<Row> read_calibration(const std::string& name);

/// Absolute relative errors of predictions.
class ErrorSummary {
 public:
  void add(double predicted, double measured);

  double mean() const { return sum_ / static_cast<double>(count_); }
  double worst() const { return worst_; }
  int count() const { return count_; }

 private:
  double sum_ = 0;
  double worst_ = 0;
  int count_ = 0;
};

}  // namespace ttmesh::sim::test
