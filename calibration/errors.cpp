#include "calibration/errors.hpp"

#include <algorithm>
#include <cmath>

namespace ttmesh::calibration {

void Errors::add(double predicted, double measured) {
  const double error = std::abs(predicted / measured - 1);
  sum_ += error;
  squares_ += error * error;
  worst_ = std::max(worst_, error);
  ++count_;
}

double Errors::mean() const { return count_ == 0 ? 0 : sum_ / count_; }

double Errors::root_mean_square() const { return count_ == 0 ? 0 : std::sqrt(squares_ / count_); }

}  // namespace ttmesh::calibration
