#pragma once

#include <cstdint>
#include <string>

#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/tensor/shape.hpp"
#include "sim/work.hpp"

namespace ttmesh::mesh {

using sim::BufferType;

/// Order of elements in memory, as in TTNN.
enum class Layout : std::uint8_t { Tile, RowMajor };

/// How a buffer is spread over a chip's banks or cores.
enum class MemoryLayout : std::uint8_t { Interleaved, HeightSharded, WidthSharded, BlockSharded };

/// Where a tensor lives on a chip.
struct MemoryConfig {
  BufferType buffer = BufferType::Dram;
  MemoryLayout layout = MemoryLayout::Interleaved;
  int shard_cores = 0;  ///< Cores or banks of a sharded buffer; 0 leaves it to the op.

  friend constexpr bool operator==(const MemoryConfig&, const MemoryConfig&) = default;
};

constexpr MemoryConfig kDramInterleaved{};
constexpr MemoryConfig kL1Interleaved{BufferType::L1, MemoryLayout::Interleaved, 0};

/// Everything about a tensor but its values. Shapes are of one chip.
struct TensorSpec {
  Shape shape;
  DataType dtype = DataType::Bfloat16;
  Layout layout = Layout::Tile;
  MemoryConfig memory{};
  Distribution distribution{};

  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

/// Emulated bytes on one chip, tile padding included.
[[nodiscard]] std::int64_t chip_bytes(const TensorSpec& spec);

/// Pages of the tensor on one chip (tiles, or rows of a row-major tensor) and bytes of each.
[[nodiscard]] std::int64_t page_count(const TensorSpec& spec);
[[nodiscard]] std::int64_t page_bytes(const TensorSpec& spec);

/// Throws std::invalid_argument if dtype and layout exclude each other, a dim is not positive, or a
/// placement names a dim that the tensor lacks.
void validate(const TensorSpec& spec);

/// "[1, 1, 32, 1024] bf16 tile l1 [Replicate, Shard(3)]"
[[nodiscard]] std::string to_string(const TensorSpec& spec);
[[nodiscard]] std::string to_string(const MemoryConfig& memory);  ///< "l1 width_sharded/32"

/// The memory called `text`, as to_string writes it. Throws std::invalid_argument.
[[nodiscard]] MemoryConfig parse_memory_config(const std::string& text);

}  // namespace ttmesh::mesh
