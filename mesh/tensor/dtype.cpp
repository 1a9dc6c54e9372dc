#include "mesh/tensor/dtype.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cassert>
#include <stdexcept>

namespace ttmesh::mesh {
namespace {

struct Format {
  DataType dtype;
  std::string_view name;
  HeldType held;
  std::int64_t element_bytes;  ///< 0 for block floats.
  std::int64_t tile_bytes;
};

// Source: tt-metal tile sizes. A block-float tile is 64 shared exponents of one byte (one for each
// run of 16) and 1024 values of 8 or 4 bits.
constexpr std::array kFormats{
    Format{DataType::Float32, "f32", HeldType::Float32, 4, 4096},
    Format{DataType::Bfloat16, "bf16", HeldType::Bfloat16, 2, 2048},
    Format{DataType::Bfp8B, "bfp8_b", HeldType::Bfloat16, 0, 1088},
    Format{DataType::Bfp4B, "bfp4_b", HeldType::Bfloat16, 0, 576},
    Format{DataType::Int32, "int32", HeldType::Int32, 4, 4096},
    Format{DataType::UInt32, "uint32", HeldType::UInt32, 4, 4096},
    Format{DataType::UInt16, "uint16", HeldType::UInt16, 2, 2048},
};

const Format& format_of(DataType dtype) {
  const auto index = static_cast<std::size_t>(dtype);
  assert(index < kFormats.size() && kFormats[index].dtype == dtype);
  return kFormats[index];
}

}  // namespace

HeldType held_type(DataType dtype) { return format_of(dtype).held; }

std::int64_t held_bytes(HeldType type) {
  return type == HeldType::Bfloat16 || type == HeldType::UInt16 ? 2 : 4;
}

bool is_block_float(DataType dtype) { return dtype == DataType::Bfp8B || dtype == DataType::Bfp4B; }

bool is_floating(DataType dtype) {
  return dtype == DataType::Float32 || dtype == DataType::Bfloat16 || is_block_float(dtype);
}

std::int64_t tile_bytes(DataType dtype) { return format_of(dtype).tile_bytes; }

std::int64_t element_bytes(DataType dtype) {
  if (is_block_float(dtype)) {
    throw std::invalid_argument(fmt::format(
        "[element_bytes] {} has no size of one element, it exists only in tiles; needs tile layout",
        name(dtype)));
  }
  return format_of(dtype).element_bytes;
}

std::string_view name(DataType dtype) { return format_of(dtype).name; }

DataType parse_dtype(std::string_view text) {
  for (const Format& format : kFormats) {
    if (format.name == text) return format.dtype;
  }
  std::string names;
  for (const Format& format : kFormats) {
    names += names.empty() ? "" : ", ";
    names += format.name;
  }
  throw std::invalid_argument(
      fmt::format("[parse_dtype] unknown data type '{}', needs one of {}", text, names));
}

Bfloat16 to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  // Quieting keeps a NaN whose payload lies in the lower half from becoming an infinity.
  const std::uint32_t rounded = is_nan ? bits | 0x00400000U : bits + 0x7fffU + ((bits >> 16) & 1U);
  return {static_cast<std::uint16_t>(rounded >> 16)};
}

float to_float(Bfloat16 value) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

}  // namespace ttmesh::mesh
