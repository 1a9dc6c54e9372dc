#include "modules/accuracy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>

namespace ttmesh::modules {
namespace {

double mean(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

Accuracy measure_accuracy(std::span<const float> values, std::span<const float> reference) {
  if (values.size() != reference.size() || values.empty()) {
    throw std::invalid_argument(
        fmt::format("[measure_accuracy] {} values and {} of the reference, needs as many of both, "
                    "and at least one",
                    values.size(), reference.size()));
  }
  const double value_mean = mean(values);
  const double reference_mean = mean(reference);
  double covariance = 0;
  double value_variance = 0;
  double reference_variance = 0;
  double error_sum = 0;
  double square_sum = 0;
  Accuracy accuracy;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double value = values[i];
    const double wanted = reference[i];
    covariance += (value - value_mean) * (wanted - reference_mean);
    value_variance += (value - value_mean) * (value - value_mean);
    reference_variance += (wanted - reference_mean) * (wanted - reference_mean);
    const double error = std::abs(value - wanted);
    error_sum += error;
    square_sum += wanted * wanted;
    // A comparison would let a NaN pass.
    if (!(error <= accuracy.max_abs_error)) accuracy.max_abs_error = error;
  }
  const auto count = static_cast<double>(values.size());
  accuracy.mean_abs_error = error_sum / count;
  accuracy.reference_rms = std::sqrt(square_sum / count);
  if (std::isnan(error_sum)) {
    accuracy.max_abs_error = std::numeric_limits<double>::quiet_NaN();
    accuracy.pcc = std::numeric_limits<double>::quiet_NaN();
  } else if (value_variance == 0 || reference_variance == 0) {
    accuracy.pcc = error_sum == 0 ? 1 : 0;
  } else {
    accuracy.pcc = std::clamp(covariance / std::sqrt(value_variance * reference_variance), -1., 1.);
  }
  return accuracy;
}

}  // namespace ttmesh::modules
