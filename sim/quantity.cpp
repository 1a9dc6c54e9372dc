#include "sim/quantity.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxDigits = 18;  // As many as always fit 64 bits.

struct Unit {
  std::string_view name;
  Ratio smallest;  ///< In the smallest unit: picoseconds, or bytes per second.
};

constexpr Unit kTimeUnits[] = {{"ps", {1, 1}},
                               {"ns", {1'000, 1}},
                               {"us", {1'000'000, 1}},
                               {"ms", {1'000'000'000, 1}},
                               {"s", {1'000'000'000'000, 1}}};
constexpr Unit kRateUnits[] = {
    {"B/s", {1, 1}}, {"kB/s", {1'000, 1}}, {"MB/s", {1'000'000, 1}}, {"GB/s", {1'000'000'000, 1}},
    {"b/s", {1, 8}}, {"kb/s", {1'000, 8}}, {"Mb/s", {1'000'000, 8}}, {"Gb/s", {1'000'000'000, 8}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Digits with at most one point among them, as "12" or "12.5".
std::optional<Ratio> parse_decimal(std::string_view text) {
  Ratio value{0, 1};
  bool point = false;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '.' && !point && digits > 0) {
      point = true;
      continue;
    }
    if (!is_digit(c) || ++digits > kMaxDigits) return std::nullopt;
    value.num = value.num * 10 + (c - '0');
    if (point) value.den *= 10;
  }
  if (digits == 0 || text.back() == '.') return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_quantity(std::string_view text, std::span<const Unit> units) {
  const auto end =
      std::find_if(text.begin(), text.end(), [](char c) { return !is_digit(c) && c != '.'; });
  const auto length = static_cast<std::size_t>(end - text.begin());
  const std::optional<Ratio> number = parse_decimal(text.substr(0, length));
  const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& candidate) {
    return candidate.name == text.substr(length);
  });
  if (!number || unit == units.end()) return std::nullopt;
  const Wide num = Wide{number->num} * unit->smallest.num;
  const Wide den = Wide{number->den} * unit->smallest.den;
  if (num % den != 0 || num / den > kMax) return std::nullopt;
  return static_cast<std::int64_t>(num / den);
}

}  // namespace

std::optional<int> parse_count(std::string_view text) {
  constexpr std::size_t kMaxCountDigits = 9;
  if (text.empty() || text.size() > kMaxCountDigits) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  return static_cast<int>(parse_decimal(text)->num);
}

std::optional<Ratio> parse_ratio(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<Ratio> num = parse_decimal(text.substr(0, slash));
  if (slash == std::string_view::npos) {
    return num ? std::optional(reduced("parse_ratio", num->num, num->den)) : std::nullopt;
  }
  const std::optional<Ratio> den = parse_decimal(text.substr(slash + 1));
  if (!num || !den || num->den != 1 || den->den != 1 || den->num == 0) return std::nullopt;
  return reduced("parse_ratio", num->num, den->num);
}

std::optional<Ratio> parse_probability(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  constexpr std::string_view kExponent = "e-";
  const std::size_t exponent_at = text.find(kExponent);
  const bool scientific = exponent_at != std::string_view::npos;
  std::optional<int> exponent = 0;
  if (scientific) exponent = parse_count(text.substr(exponent_at + kExponent.size()));
  const std::string_view digits = text.substr(0, exponent_at);
  const std::optional<Ratio> number =
      percent || scientific ? parse_decimal(digits) : parse_ratio(digits);
  if (!number || !exponent) return std::nullopt;
  Wide den = number->den;
  for (int zeros = *exponent + (percent ? 2 : 0); zeros > 0; --zeros) {
    den *= 10;
    if (den > kMax) return std::nullopt;
  }
  if (number->num > den) return std::nullopt;
  return reduced("parse_probability", number->num, den);
}

std::optional<Time> parse_time(std::string_view text) {
  const std::optional<std::int64_t> ps = parse_quantity(text, kTimeUnits);
  return ps ? std::optional(Time::picoseconds(*ps)) : std::nullopt;
}

std::optional<std::int64_t> parse_rate(std::string_view text) {
  return parse_quantity(text, kRateUnits);
}

}  // namespace ttmesh::sim
