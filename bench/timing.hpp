#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace ttmesh {

/// OpenMP's threads spin for a while after their work; the chips get the processors alone.
constexpr std::chrono::milliseconds kSpinEnd{50};

/// The middle one of the values, of which there is at least one.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// How long `work` takes on the wall clock.
inline double seconds_of(const auto& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace ttmesh
