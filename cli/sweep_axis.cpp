#include "cli/sweep_axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <utility>

#include "cli/byte_size.hpp"

namespace ttmesh::cli {
namespace {

constexpr std::size_t kMostTicks = 8;

/// "+2us" in its parts.
struct Quantity {
  std::string prefix;  ///< "+", "x" or nothing.
  double number;
  std::string unit;
};

std::optional<Quantity> quantity_of(const std::string& text) {
  Quantity quantity{.prefix = {}, .number = 0, .unit = {}};
  std::size_t begin = 0;
  if (!text.empty() && (text.front() == '+' || text.front() == 'x')) {
    quantity.prefix = text.substr(0, 1);
    begin = 1;
  }
  // A number alone: strtod would take "inf" and "0x10" too.
  const std::size_t end = text.find_first_not_of("0123456789.", begin);
  const std::string digits = text.substr(begin, end == std::string::npos ? end : end - begin);
  char* rest = nullptr;
  quantity.number = std::strtod(digits.c_str(), &rest);
  if (digits.empty() || *rest != '\0') return std::nullopt;
  if (end != std::string::npos) quantity.unit = text.substr(end);
  return quantity;
}

/// Microseconds in a unit of time, or nothing.
std::optional<double> microseconds_in(const std::string& unit) {
  static constexpr std::array<std::pair<const char*, double>, 5> kUnits{
      {{"ps", 1e-6}, {"ns", 1e-3}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}}};
  for (const auto& [name, factor] : kUnits) {
    if (unit == name) return factor;
  }
  return std::nullopt;
}

/// Bytes in K, M, G or T, or one if there is no unit.
std::optional<double> bytes_in(const std::string& unit) {
  if (unit.empty()) return 1.0;
  const std::size_t power = std::string_view("KMGT").find(unit);
  if (unit.size() != 1 || power == std::string_view::npos) return std::nullopt;
  return std::exp2(10.0 * static_cast<double>(power + 1));
}

/// The numbers in a common unit, if every value is in one that `factor_of` knows.
template <typename FactorOf>
std::optional<std::vector<double>> converted(const std::vector<Quantity>& quantities,
                                             FactorOf factor_of) {
  std::vector<double> numbers;
  for (const Quantity& quantity : quantities) {
    const std::optional<double> factor = factor_of(quantity.unit);
    if (!factor) return std::nullopt;
    numbers.push_back(quantity.number * *factor);
  }
  return numbers;
}

SweepAxis numbered(const SweepKey& key) {
  SweepAxis axis{.label = key.name, .positions = {}, .ticks = {}, .is_number = false};
  for (std::size_t i = 0; i < key.values.size(); ++i) {
    axis.positions.push_back(static_cast<double>(i));
    axis.ticks.push_back({static_cast<double>(i), key.values[i]});
  }
  return axis;
}

/// A tick at every value, if they are few and not too close.
std::vector<AxisTick> ticks_at(const SweepAxis& axis, const SweepKey& key) {
  if (axis.positions.size() > kMostTicks) return {};
  std::vector<double> sorted = axis.positions;
  if (axis.is_logarithmic) {
    for (double& position : sorted) position = std::log(position);
  }
  std::sort(sorted.begin(), sorted.end());
  constexpr double kLeastGap = 0.06;  // Of the axis: room for a short label.
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i] - sorted[i - 1] < kLeastGap * (sorted.back() - sorted.front())) return {};
  }
  std::vector<AxisTick> ticks;
  for (std::size_t i = 0; i < key.values.size(); ++i) {
    ticks.push_back({axis.positions[i], key.values[i]});
  }
  return ticks;
}

}  // namespace

SweepAxis axis_of(const SweepKey& key) {
  std::vector<Quantity> quantities;
  bool one_unit = true;
  for (const std::string& value : key.values) {
    std::optional<Quantity> quantity = quantity_of(value);
    if (!quantity) return numbered(key);
    quantities.push_back(*std::move(quantity));
    if (quantities.back().prefix != quantities.front().prefix) return numbered(key);
    one_unit = one_unit && quantities.back().unit == quantities.front().unit;
  }
  const std::string& prefix = quantities.front().prefix;
  const std::string added = prefix == "+" ? "added " : "";
  SweepAxis axis;
  const std::string& unit = quantities.front().unit;
  if (auto times = converted(quantities, microseconds_in)) {
    axis.label = fmt::format("{} ({}us)", key.name, added);
    axis.positions = *std::move(times);
  } else if (auto plain = converted(quantities, bytes_in); plain && (!one_unit || !unit.empty())) {
    return axis_of_sizes(key.name, *std::move(plain));
  } else if (one_unit) {
    axis.label = prefix == "x"  ? key.name + " (factor)"
                 : unit.empty() ? key.name
                                : fmt::format("{} ({}{})", key.name, added, unit);
    for (const Quantity& quantity : quantities) axis.positions.push_back(quantity.number);
  } else {
    return numbered(key);
  }
  axis.is_logarithmic = spans_decades(axis.positions);
  axis.ticks = ticks_at(axis, key);
  return axis;
}

SweepAxis axis_of_sizes(std::string label, std::vector<double> sizes) {
  SweepAxis axis{.label = std::move(label), .positions = std::move(sizes), .ticks = {}};
  const auto [least, most] = std::minmax_element(axis.positions.begin(), axis.positions.end());
  if (least == axis.positions.end() || *least <= 0) return axis;
  axis.is_logarithmic = *most >= 8 * *least;
  if (!axis.is_logarithmic) {
    if (axis.positions.size() > kMostTicks / 2) return axis;
    for (const double size : axis.positions) {
      axis.ticks.push_back({size, byte_size_text(static_cast<std::int64_t>(size))});
    }
    return axis;
  }
  const double first = std::floor(std::log2(*least));
  const double last = std::ceil(std::log2(*most));
  const double stride = std::max(1.0, std::ceil((last - first) / (kMostTicks - 1)));
  for (double power = first; power <= last; power += stride) {
    const double size = std::exp2(power);
    axis.ticks.push_back({size, byte_size_text(static_cast<std::int64_t>(size))});
  }
  return axis;
}

bool spans_decades(const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return least != values.end() && *least > 0 && *most >= 100 * *least;
}

}  // namespace ttmesh::cli
