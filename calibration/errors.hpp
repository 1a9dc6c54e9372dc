#pragma once

namespace ttmesh::calibration {

/// Absolute relative errors of predictions.
class Errors {
 public:
  void add(double predicted, double measured);

  /// Mean, root mean square and largest of the errors; 0 if there are none.
  double mean() const;
  double root_mean_square() const;
  double worst() const { return worst_; }
  int count() const { return count_; }

 private:
  double sum_ = 0;
  double squares_ = 0;
  double worst_ = 0;
  int count_ = 0;
};

}  // namespace ttmesh::calibration
