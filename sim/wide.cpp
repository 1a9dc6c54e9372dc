#include "sim/wide.hpp"

#include <fmt/format.h>

#include <limits>
#include <stdexcept>

namespace ttmesh::sim {

std::int64_t narrow(std::string_view function, Wide value) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (value > kMax || value < -Wide{kMax}) {
    throw std::invalid_argument(
        fmt::format("[{}] the result is out of range: {}, the largest is {}", function,
                    static_cast<double>(value), kMax));
  }
  return static_cast<std::int64_t>(value);
}

Ratio reduced(std::string_view function, Wide num, Wide den) {
  Wide a = num < 0 ? -num : num;
  Wide b = den;
  while (b != 0) {
    const Wide rest = a % b;
    a = b;
    b = rest;
  }
  return {narrow(function, num / a), narrow(function, den / a)};
}

}  // namespace ttmesh::sim
