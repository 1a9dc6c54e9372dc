#include "sim/time.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kPicosecondsPerSecond = 1'000'000'000'000;
constexpr std::int64_t kPicosecondsPerMicrosecond = 1'000'000;

}  // namespace

Time scale(Time t, Ratio factor) {
  if (factor.den <= 0) {
    throw std::invalid_argument(
        fmt::format("[scale] the factor's denominator is {}, it must be positive", factor.den));
  }
  return Time::picoseconds(narrow("scale", ceil_div(Wide{t.ps()} * factor.num, factor.den)));
}

Time time_for(std::int64_t amount, std::int64_t per_second) {
  if (per_second <= 0) {
    throw std::invalid_argument(
        fmt::format("[time_for] the rate is {} per second, it must be positive", per_second));
  }
  return Time::picoseconds(
      narrow("time_for", ceil_div(Wide{amount} * kPicosecondsPerSecond, per_second)));
}

std::string microseconds_text(Time t) {
  const bool negative = t.ps() < 0;
  // Unsigned, because the most negative count has no positive counterpart.
  const std::uint64_t ps =
      negative ? 0 - static_cast<std::uint64_t>(t.ps()) : static_cast<std::uint64_t>(t.ps());
  std::string text = fmt::format("{}{}", negative ? "-" : "", ps / kPicosecondsPerMicrosecond);
  if (const std::uint64_t fraction = ps % kPicosecondsPerMicrosecond; fraction != 0) {
    text += fmt::format(".{:06}", fraction);
    text.erase(text.find_last_not_of('0') + 1);
  }
  return text;
}

}  // namespace ttmesh::sim
