#pragma once

#include <cstdint>
#include <optional>
#include <variant>

namespace ttmesh::sim {

/// Passes of the matrix engine over a product; fewer passes read fewer mantissa bits.
enum class MathFidelity : std::uint8_t { LoFi, HiFi2, HiFi3, HiFi4 };

/// Where a buffer lives on a chip.
enum class BufferType : std::uint8_t { Dram, L1 };

/// A rectangle of Tensix cores, columns first as in TTNN.
struct CoreGrid {
  int x = 0;
  int y = 0;

  friend constexpr bool operator==(const CoreGrid&, const CoreGrid&) = default;
};

/// One operand of a product: bytes of a 32x32 tile, and where it lives.
struct Operand {
  std::int64_t tile_bytes;
  BufferType buffer = BufferType::Dram;

  friend constexpr bool operator==(const Operand&, const Operand&) = default;
};

/// A product of tiled matrices on one chip: `batches` x [m x k] * [k x n], in 32x32 tiles.
struct MatmulWork {
  std::int64_t batches = 1;
  std::int64_t m_tiles = 0;
  std::int64_t k_tiles = 0;
  std::int64_t n_tiles = 0;
  Operand in0{};
  Operand in1{};
  Operand out{};
  MathFidelity fidelity = MathFidelity::HiFi2;
  bool fp32_accumulate = false;
  bool in1_dram_sharded = false;   ///< Weight laid out over the DRAM banks, one reader per bank.
  std::optional<CoreGrid> grid{};  ///< Cores to use; all of the chip's if unset.

  friend constexpr bool operator==(const MatmulWork&, const MatmulWork&) = default;
};

/// An op that reads its inputs once and writes its outputs once: element-wise, reduction, copy.
struct StreamWork {
  std::int64_t tiles = 0;            ///< Tiles through the compute pipeline; 0 for a pure copy.
  std::int64_t cycles_per_tile = 0;  ///< Compute cycles for each of them on one core.
  std::int64_t dram_bytes = 0;       ///< Read from or written to DRAM.
  std::int64_t l1_bytes = 0;         ///< Read from or written to L1.
};

/// Nothing runs on the chip: a change of view.
struct NoWork {};

using Work = std::variant<NoWork, StreamWork, MatmulWork>;

}  // namespace ttmesh::sim
