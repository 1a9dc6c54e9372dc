#include "modules/rotary/rotary_frequencies.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>

namespace ttmesh::modules {
namespace {

void require_angles(const RotaryAngles& angles) {
  if (angles.head_dim < 2 || angles.head_dim % 2 != 0 || !(angles.theta > 0)) {
    throw std::invalid_argument(
        fmt::format("[rotary_frequencies] head_dim is {} and theta {}, needs an even head_dim and "
                    "a positive theta",
                    angles.head_dim, angles.theta));
  }
  if (!angles.scaling) return;
  const RotaryScaling& scaling = *angles.scaling;
  const bool fits = scaling.kind == RotaryScaling::Kind::Linear ||
                    (scaling.low_freq_factor > 0 && scaling.original_max_position > 0 &&
                     scaling.high_freq_factor > scaling.low_freq_factor);
  if (scaling.factor > 0 && fits) return;
  throw std::invalid_argument(fmt::format(
      "[rotary_frequencies] scaling has factor {}, low_freq_factor {}, high_freq_factor {} and "
      "original_max_position {}, needs positive numbers, the high factor above the low",
      scaling.factor, scaling.low_freq_factor, scaling.high_freq_factor,
      scaling.original_max_position));
}

double scaled(double frequency, const RotaryScaling& scaling) {
  const double slow = frequency / scaling.factor;
  if (scaling.kind == RotaryScaling::Kind::Linear) return slow;
  const double turns = static_cast<double>(scaling.original_max_position) * frequency /
                       (2 * std::numbers::pi);  // Within the positions of the training.
  if (turns > scaling.high_freq_factor) return frequency;
  if (turns < scaling.low_freq_factor) return slow;
  const double share =
      (turns - scaling.low_freq_factor) / (scaling.high_freq_factor - scaling.low_freq_factor);
  return (1 - share) * slow + share * frequency;
}

}  // namespace

std::vector<double> rotary_frequencies(const RotaryAngles& angles) {
  require_angles(angles);
  std::vector<double> frequencies;
  for (std::int64_t pair = 0; pair < angles.head_dim / 2; ++pair) {
    const double exponent = 2 * static_cast<double>(pair) / static_cast<double>(angles.head_dim);
    const double frequency = std::pow(angles.theta, -exponent);
    frequencies.push_back(angles.scaling ? scaled(frequency, *angles.scaling) : frequency);
  }
  return frequencies;
}

RotaryTables rotary_tables(const RotaryAngles& angles, std::int64_t positions) {
  const std::vector<double> frequencies = rotary_frequencies(angles);
  const auto size = static_cast<std::size_t>(positions * angles.head_dim);
  std::vector<float> cos(size);
  std::vector<float> sin(size);
  std::size_t at = 0;
  for (std::int64_t position = 0; position < positions; ++position) {
    for (const double frequency : frequencies) {
      const double angle = static_cast<double>(position) * frequency;
      cos[at] = cos[at + 1] = static_cast<float>(std::cos(angle));
      sin[at] = sin[at + 1] = static_cast<float>(std::sin(angle));
      at += 2;
    }
  }
  const mesh::Shape shape{1, 1, positions, angles.head_dim};
  return {.cos = {.shape = shape, .values = std::move(cos)},
          .sin = {.shape = shape, .values = std::move(sin)}};
}

mesh::HostTensor rotary_transformation() {
  constexpr auto kExtent = static_cast<std::size_t>(mesh::kTileExtent);
  std::vector<float> matrix(kExtent * kExtent);
  for (std::size_t even = 0; even < kExtent; even += 2) {
    matrix[even * kExtent + even + 1] = 1;
    matrix[(even + 1) * kExtent + even] = -1;
  }
  return {.shape = {1, 1, mesh::kTileExtent, mesh::kTileExtent}, .values = std::move(matrix)};
}

mesh::HostTensor interleaved_heads(const mesh::HostTensor& halves, std::int64_t head_dim) {
  if (!std::holds_alternative<std::vector<float>>(halves.values) || head_dim < 2 ||
      head_dim % 2 != 0 || halves.shape.rank() == 0 || halves.shape[-1] % head_dim != 0) {
    throw std::invalid_argument(fmt::format(
        "[interleaved_heads] the last dim of {} and head_dim {}, needs floats and whole "
        "heads of an even extent",
        to_string(halves.shape), head_dim));
  }
  const std::vector<float>& from = halves.floats();
  std::vector<float> to(from.size());
  const auto extent = static_cast<std::size_t>(head_dim);
  for (std::size_t head = 0; head < from.size(); head += extent) {
    for (std::size_t pair = 0; pair < extent / 2; ++pair) {
      to[head + 2 * pair] = from[head + pair];
      to[head + 2 * pair + 1] = from[head + extent / 2 + pair];
    }
  }
  return {.shape = halves.shape, .values = std::move(to)};
}

}  // namespace ttmesh::modules
