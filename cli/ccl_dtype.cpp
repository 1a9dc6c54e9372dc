#include "cli/ccl_dtype.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <vector>

#include "mesh/tensor/shape.hpp"

namespace ttmesh::cli {
namespace {

using mesh::DataType;

struct Format {
  DataType dtype;
  std::array<std::string_view, 2> aliases;  ///< Empty where there is none.
  std::int64_t largest_exact;
};

// A float is exact up to two to the bits of its significand. Of block floats, 16 share an exponent:
// where the largest is below 2^7, the 7 bits of a bfp8_b count ones; of a bfp4_b there are 3.
constexpr std::array kFormats{
    Format{DataType::Float32, {"float", "float32"}, std::int64_t{1} << 24},
    Format{DataType::Bfloat16, {"bfloat16", ""}, std::int64_t{1} << 8},
    Format{DataType::Bfp8B, {"bfloat8_b", ""}, 127},
    Format{DataType::Bfp4B, {"bfloat4_b", ""}, 7},
    Format{DataType::Int32, {"", ""}, std::numeric_limits<std::int32_t>::max()},
    Format{DataType::UInt32, {"", ""}, std::numeric_limits<std::uint32_t>::max()},
    Format{DataType::UInt16, {"", ""}, std::numeric_limits<std::uint16_t>::max()},
};

const Format& format_of(DataType dtype) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [&](const Format& format) { return format.dtype == dtype; });
  if (found == kFormats.end()) {
    throw std::logic_error(fmt::format("[ccl] {} is missing among the formats", name(dtype)));
  }
  return *found;
}

}  // namespace

DataType parse_ccl_dtype(std::string_view text) {
  for (const Format& format : kFormats) {
    const auto& aliases = format.aliases;
    const bool is_alias = std::find(aliases.begin(), aliases.end(), text) != aliases.end();
    if (!text.empty() && (name(format.dtype) == text || is_alias)) return format.dtype;
  }
  throw std::invalid_argument(fmt::format("[-d] there is no number format '{}' on a chip, needs {}",
                                          text, ccl_dtype_names()));
}

std::string ccl_dtype_names() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) {
    std::vector<std::string_view> aliases;
    for (const std::string_view alias : format.aliases) {
      if (!alias.empty()) aliases.push_back(alias);
    }
    names.emplace_back(name(format.dtype));
    if (!aliases.empty()) names.back() += fmt::format(" ({})", fmt::join(aliases, ", "));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

CclUnit unit_of(DataType dtype) {
  if (!mesh::is_block_float(dtype)) return {.elements = 1, .bytes = mesh::element_bytes(dtype)};
  return {.elements = mesh::kTileExtent * mesh::kTileExtent, .bytes = mesh::tile_bytes(dtype)};
}

std::int64_t largest_exact(DataType dtype) { return format_of(dtype).largest_exact; }

}  // namespace ttmesh::cli
