#include "cli/byte_size.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <optional>
#include <stdexcept>

#include "sim/quantity.hpp"

namespace ttmesh::cli {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 40;
constexpr std::string_view kUnits = "KMGT";

std::optional<std::int64_t> parsed(std::string_view text) {
  std::int64_t unit = 1;
  if (!text.empty()) {
    const auto letter = static_cast<unsigned char>(text.back());
    const std::size_t power = kUnits.find(static_cast<char>(std::toupper(letter)));
    if (power != std::string_view::npos) {
      unit = std::int64_t{1} << (10 * (power + 1));
      text.remove_suffix(1);
    }
  }
  if (text.find('/') != std::string_view::npos) return std::nullopt;
  const std::optional<sim::Ratio> number = sim::parse_ratio(text);
  constexpr std::int64_t kLargestDenominator = 1'000'000;  // Else the next product may overflow.
  if (!number || number->den > kLargestDenominator) return std::nullopt;
  if (number->num > kLargest * number->den / unit) return std::nullopt;
  const std::int64_t scaled = number->num * unit;
  if (scaled % number->den != 0 || scaled < number->den) return std::nullopt;
  return scaled / number->den;
}

}  // namespace

std::int64_t parse_byte_size(std::string_view option, std::string_view text) {
  if (const std::optional<std::int64_t> bytes = parsed(text)) return *bytes;
  throw std::invalid_argument(fmt::format(
      "[{}] '{}' is no size, needs bytes from 1 to 1T, as in 512, 4K, 1.5M or 1G", option, text));
}

std::string byte_size_text(std::int64_t bytes) {
  static constexpr std::array kNames{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t power = 0;
  std::int64_t unit = 1;
  while (power + 1 < kNames.size() && bytes >= unit * 1024) {
    unit *= 1024;
    ++power;
  }
  const double number = static_cast<double>(bytes) / static_cast<double>(unit);
  return bytes % unit == 0 ? fmt::format("{} {}", bytes / unit, kNames[power])
                           : fmt::format("{:.1f} {}", number, kNames[power]);
}

}  // namespace ttmesh::cli
