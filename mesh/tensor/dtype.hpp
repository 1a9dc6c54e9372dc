#pragma once

#include <cstdint>
#include <string_view>

namespace ttmesh::mesh {

/// Number formats of a tensor, as TTNN names them.
enum class DataType : std::uint8_t { Float32, Bfloat16, Bfp8B, Bfp4B, Int32, UInt32, UInt16 };

/// How the host holds a value. Every block-float value is exact in bfloat16.
enum class HeldType : std::uint8_t { Float32, Bfloat16, Int32, UInt32, UInt16 };

/// A bfloat16 as the host holds it: the upper half of a float32.
struct Bfloat16 {
  std::uint16_t bits = 0;

  friend constexpr bool operator==(const Bfloat16&, const Bfloat16&) = default;
};

[[nodiscard]] HeldType held_type(DataType dtype);
[[nodiscard]] std::int64_t held_bytes(HeldType type);  ///< Bytes of one held value.

[[nodiscard]] bool is_block_float(DataType dtype);
[[nodiscard]] bool is_floating(DataType dtype);

/// Bytes of a 32x32 tile on the chip: 4096, 2048, 1088 (bfp8_b), 576 (bfp4_b).
[[nodiscard]] std::int64_t tile_bytes(DataType dtype);

/// Bytes of one element in row-major layout. Throws std::invalid_argument for block floats, which
/// exist only in tiles.
[[nodiscard]] std::int64_t element_bytes(DataType dtype);

/// "f32", "bf16", "bfp8_b", "bfp4_b", "int32", "uint32", "uint16"
[[nodiscard]] std::string_view name(DataType dtype);

/// The format called `text`. Throws std::invalid_argument listing the names.
[[nodiscard]] DataType parse_dtype(std::string_view text);

/// Nearest bfloat16, ties to even; NaN stays NaN.
[[nodiscard]] Bfloat16 to_bfloat16(float value);
[[nodiscard]] float to_float(Bfloat16 value);

}  // namespace ttmesh::mesh
