#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// Intermediate results of exact arithmetic on times, bytes and cycles.
__extension__ typedef __int128 Wide;

/// `value / divisor`, rounded up; `divisor` is positive.
[[nodiscard]] constexpr Wide ceil_div(Wide value, Wide divisor) {
  constexpr Wide kMost = std::numeric_limits<std::int64_t>::max();
  if (value >= 0 && value <= kMost && divisor <= kMost) {  // Several times as fast, and usual.
    const auto dividend = static_cast<std::int64_t>(value);
    const auto by = static_cast<std::int64_t>(divisor);
    return dividend / by + (dividend % by > 0 ? 1 : 0);
  }
  return value / divisor + (value % divisor > 0 ? 1 : 0);
}

/// `value` as 64 bits. Throws std::invalid_argument naming `function` if it does not fit.
[[nodiscard]] std::int64_t narrow(std::string_view function, Wide value);

/// `num / den` in lowest terms; `den` is positive. Throws like narrow().
[[nodiscard]] Ratio reduced(std::string_view function, Wide num, Wide den);

}  // namespace ttmesh::sim
