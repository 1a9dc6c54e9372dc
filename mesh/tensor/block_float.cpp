#include "mesh/tensor/block_float.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <stdexcept>

#include "mesh/tensor/shape.hpp"

namespace ttmesh::mesh {
namespace {

// A float32 is sign, exponent e (biased by 127) and significand s: 24 bits, the hidden one
// included. A block-float value is sign and magnitude m of `magnitude_bits`, and means m *
// 2^(shared - 127 - (magnitude_bits - 1)), where `shared` is the largest e of its run.
constexpr std::uint32_t kSignificandBits = 24;
constexpr std::uint32_t kHiddenOne = 1U << 23;
constexpr std::int64_t kFace = 16;  ///< Rows and columns of a face; also the length of a run.

struct Code {
  bool negative = false;
  std::uint32_t magnitude = 0;
};

std::uint32_t exponent_of(float value) { return std::bit_cast<std::uint32_t>(value) >> 23 & 0xffU; }

std::uint32_t shared_exponent(std::span<const float> run) {
  std::uint32_t shared = 0;
  for (const float value : run) shared = std::max(shared, exponent_of(value));
  return shared;
}

// Denormals count as zero, and zero has no sign. What the shift to the shared exponent drops does
// not take part in the rounding.
Code encode(float value, std::uint32_t shared, std::uint32_t magnitude_bits) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t exponent = exponent_of(value);
  const std::uint32_t shift = shared - exponent;
  if (exponent == 0 || shift >= kSignificandBits) return {};
  const std::uint32_t significand = ((bits & (kHiddenOne - 1)) | kHiddenOne) >> shift;
  const std::uint32_t dropped = kSignificandBits - magnitude_bits;
  const std::uint32_t kept = significand >> dropped;
  const std::uint32_t rest = significand & ((1U << dropped) - 1);
  const std::uint32_t half = 1U << (dropped - 1);
  const bool up = rest > half || (rest == half && (kept & 1U) != 0);
  const std::uint32_t magnitude = std::min(kept + (up ? 1U : 0U), (1U << magnitude_bits) - 1);
  return {.negative = magnitude != 0 && (bits >> 31) != 0, .magnitude = magnitude};
}

// Values below the smallest normal float32 become zero.
float decode(Code code, std::uint32_t shared, std::uint32_t magnitude_bits) {
  if (code.magnitude == 0) return 0.0F;
  const auto top = static_cast<std::uint32_t>(std::bit_width(code.magnitude)) - 1;
  const std::uint32_t below = magnitude_bits - 1 - top;
  if (shared <= below) return 0.0F;
  const std::uint32_t fraction = (code.magnitude << (23 - top)) & (kHiddenOne - 1);
  return std::bit_cast<float>((code.negative ? 1U << 31 : 0U) | (shared - below) << 23 | fraction);
}

std::uint32_t magnitude_bits_of(DataType dtype) {
  assert(is_block_float(dtype));
  return dtype == DataType::Bfp8B ? 7 : 3;
}

void require_tiles(const char* function, std::int64_t rows, std::int64_t cols, DataType dtype) {
  if (!is_block_float(dtype)) {
    throw std::invalid_argument(
        fmt::format("[{}] data type is {}, needs bfp8_b or bfp4_b", function, name(dtype)));
  }
  if (rows < 0 || cols < 0 || rows % kTileExtent != 0 || cols % kTileExtent != 0) {
    throw std::invalid_argument(fmt::format("[{}] {} rows and {} columns, needs multiples of {}",
                                            function, rows, cols, kTileExtent));
  }
}

void require_size(const char* function, std::size_t found, std::int64_t needed) {
  if (static_cast<std::int64_t>(found) != needed) {
    throw std::invalid_argument(
        fmt::format("[{}] span of {} elements, needs {}", function, found, needed));
  }
}

// Calls visit(tile, run of the tile, index of its first value) in the order of the packed bytes.
template <typename Visit>
void for_each_run(std::int64_t rows, std::int64_t cols, Visit visit) {
  std::size_t tile = 0;
  for (std::int64_t row = 0; row < rows; row += kTileExtent) {
    for (std::int64_t col = 0; col < cols; col += kTileExtent, ++tile) {
      std::size_t run = 0;
      for (std::int64_t face = 0; face < 4; ++face) {
        const std::int64_t corner = (row + face / 2 * kFace) * cols + col + face % 2 * kFace;
        for (std::int64_t i = 0; i < kFace; ++i, ++run) {
          visit(tile, run, static_cast<std::size_t>(corner + i * cols));
        }
      }
    }
  }
}

// Where the parts of a tile lie among the bytes.
struct TileLayout {
  std::size_t tile_size;
  std::size_t run_size;

  explicit TileLayout(DataType dtype)
      : tile_size(static_cast<std::size_t>(tile_bytes(dtype))),
        run_size(dtype == DataType::Bfp8B ? kFace : kFace / 2) {}

  std::size_t exponent(std::size_t tile, std::size_t run) const { return tile * tile_size + run; }
  std::size_t codes(std::size_t tile, std::size_t run) const {
    constexpr std::size_t kRuns = 64;
    return tile * tile_size + kRuns + run * run_size;
  }
};

}  // namespace

std::vector<std::uint8_t> pack_block_float(std::span<const float> values, std::int64_t rows,
                                           std::int64_t cols, DataType dtype) {
  require_tiles("pack_block_float", rows, cols, dtype);
  require_size("pack_block_float", values.size(), rows * cols);
  const std::uint32_t magnitude_bits = magnitude_bits_of(dtype);
  const std::uint32_t code_bits = magnitude_bits + 1;
  const TileLayout layout(dtype);
  std::vector<std::uint8_t> bytes(
      static_cast<std::size_t>(rows * cols / (kTileExtent * kTileExtent) * tile_bytes(dtype)));
  for_each_run(rows, cols, [&](std::size_t tile, std::size_t run, std::size_t first) {
    const std::span<const float> in = values.subspan(first, kFace);
    const std::uint32_t shared = shared_exponent(in);
    bytes[layout.exponent(tile, run)] = static_cast<std::uint8_t>(shared);
    for (std::size_t i = 0; i < in.size(); ++i) {
      const Code code = encode(in[i], shared, magnitude_bits);
      const std::uint32_t bits = (code.negative ? 1U : 0U) << magnitude_bits | code.magnitude;
      // The first of the two 4-bit values of a byte is the lower one.
      const std::size_t bit = i * code_bits;
      std::uint8_t& byte = bytes[layout.codes(tile, run) + bit / 8];
      byte = static_cast<std::uint8_t>(byte | bits << bit % 8);
    }
  });
  return bytes;
}

std::vector<float> unpack_block_float(std::span<const std::uint8_t> bytes, std::int64_t rows,
                                      std::int64_t cols, DataType dtype) {
  require_tiles("unpack_block_float", rows, cols, dtype);
  require_size("unpack_block_float", bytes.size(),
               rows * cols / (kTileExtent * kTileExtent) * tile_bytes(dtype));
  const std::uint32_t magnitude_bits = magnitude_bits_of(dtype);
  const std::uint32_t code_bits = magnitude_bits + 1;
  const TileLayout layout(dtype);
  std::vector<float> values(static_cast<std::size_t>(rows * cols));
  for_each_run(rows, cols, [&](std::size_t tile, std::size_t run, std::size_t first) {
    const std::uint32_t shared = bytes[layout.exponent(tile, run)];
    for (std::size_t i = 0; i < static_cast<std::size_t>(kFace); ++i) {
      const std::size_t bit = i * code_bits;
      const std::uint32_t bits = std::uint32_t{bytes[layout.codes(tile, run) + bit / 8]} >> bit % 8;
      const Code code{.negative = (bits >> magnitude_bits & 1U) != 0,
                      .magnitude = bits & ((1U << magnitude_bits) - 1)};
      values[first + i] = decode(code, shared, magnitude_bits);
    }
  });
  return values;
}

void quantise_run(std::span<const float> in, std::span<float> out, DataType dtype) {
  const std::uint32_t magnitude_bits = magnitude_bits_of(dtype);
  const std::uint32_t shared = shared_exponent(in);
  for (std::size_t i = 0; i < in.size(); ++i) {
    out[i] = decode(encode(in[i], shared, magnitude_bits), shared, magnitude_bits);
  }
}

}  // namespace ttmesh::mesh
