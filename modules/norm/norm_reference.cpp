#include "modules/norm/norm_reference.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

namespace ttmesh::modules {
namespace {

/// Mean and variance about the centre.
struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments_of(std::span<const float> row, ops::Centre centre) {
  const auto count = static_cast<double>(row.size());
  Moments moments;
  if (centre == ops::Centre::Mean) {
    for (const float value : row) moments.mean += value / count;
  }
  for (const float value : row) {
    moments.variance += (value - moments.mean) * (value - moments.mean) / count;
  }
  return moments;
}

}  // namespace

mesh::HostTensor norm_reference(const mesh::HostTensor& x, const mesh::HostTensor& weight,
                                const std::optional<mesh::HostTensor>& bias, ops::Centre centre,
                                double eps) {
  const auto dim = static_cast<std::size_t>(x.shape[-1]);
  if (weight.floats().size() != dim || (bias && bias->floats().size() != dim)) {
    throw std::invalid_argument(
        fmt::format("[norm_reference] weight has shape {}, needs {} values, and so does the bias",
                    to_string(weight.shape), dim));
  }
  std::vector<float> values = x.floats();
  for (std::size_t first = 0; first < values.size(); first += dim) {
    const std::span<float> row(values.data() + first, dim);
    const Moments moments = moments_of(row, centre);
    const double scale = 1 / std::sqrt(moments.variance + eps);
    for (std::size_t i = 0; i < dim; ++i) {
      const double normed = (row[i] - moments.mean) * scale * weight.floats()[i];
      row[i] = static_cast<float>(normed + (bias ? bias->floats()[i] : 0));
    }
  }
  return {.shape = x.shape, .values = std::move(values)};
}

}  // namespace ttmesh::modules
