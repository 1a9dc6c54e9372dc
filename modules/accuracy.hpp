#pragma once

#include <span>

namespace ttmesh::modules {

/// How close values are to their reference.
struct Accuracy {
  double pcc = 0;  ///< Pearson's correlation coefficient; NaN if any value is.
  double max_abs_error = 0;
  double mean_abs_error = 0;
  double reference_rms = 0;  ///< Root of the mean square of the reference.
};

/// Sums are in float64. If either side is constant, the coefficient is 1 where both are equal
/// everywhere and 0 elsewhere. Throws std::invalid_argument if sizes differ or are 0.
[[nodiscard]] Accuracy measure_accuracy(std::span<const float> values,
                                        std::span<const float> reference);

}  // namespace ttmesh::modules
