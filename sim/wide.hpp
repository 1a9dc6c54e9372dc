#pragma once

#include <cstdint>
#include <string_view>

#include "sim/time.hpp"

namespace ttmesh::sim {

/// Intermediate results of exact arithmetic on times, bytes and cycles.
__extension__ typedef __int128 Wide;

/// `value / divisor`, rounded up; `divisor` is positive.
[[nodiscard]] constexpr Wide ceil_div(Wide value, Wide divisor) {
  return value / divisor + (value % divisor > 0 ? 1 : 0);
}

/// `value` as 64 bits. Throws std::invalid_argument naming `function` if it does not fit.
[[nodiscard]] std::int64_t narrow(std::string_view function, Wide value);

/// `num / den` in lowest terms; `den` is positive. Throws like narrow().
[[nodiscard]] Ratio reduced(std::string_view function, Wide num, Wide den);

}  // namespace ttmesh::sim
