#pragma once

#include <cstdint>
#include <string_view>

#include "sim/time.hpp"
#include "sim/work.hpp"

namespace ttmesh::sim {

enum class Arch : std::uint8_t { WormholeB0, Blackhole };

/// Parameters of the 2-D multicast matmul, in cycles and in bytes per cycle at the nominal clock;
/// docs/fidelity.md names each one and its source.
struct MatmulModel {
  Ratio unpack_bytes_per_cycle;      ///< Unpacker rate when output sub-blocks are taller than 1.
  Ratio unpack_row_bytes_per_cycle;  ///< The same for sub-blocks one tile high.
  Ratio tile_overhead_cycles;        ///< Added to every tile product.
  std::int64_t subblock_cycles;      ///< Start of a sub-block.
  std::int64_t step_cycles;          ///< Start of a K step.
  std::int64_t pack_cycles_per_tile;
  Ratio overlap_loss;  ///< Part of the shorter of feed and compute that shows.
  Ratio multicast_bytes_per_cycle;
  std::int64_t multicast_latency_cycles;
  std::int64_t dram_latency_cycles;
  Time core_read_interval;              ///< One core between two read requests, one per tile.
  std::int64_t core_read_bytes_per_s;   ///< One core at most.
  std::int64_t dram_read_bytes_per_s;   ///< Best achieved, all readers.
  std::int64_t dram_feed_bytes_per_s;   ///< All blocks of a step together.
  std::int64_t dram_write_bytes_per_s;  ///< Writing the output.
  Ratio sustained_clock;                ///< Clock under long load over nominal clock.
  Time sustained_after;                 ///< Ops at least this long run at the sustained clock.
  Time launch;  ///< Outside the kernel with all cores in use, start skew included.

  friend constexpr bool operator==(const MatmulModel&, const MatmulModel&) = default;
};

/// One chip. Sizes in bytes, rates per second.
struct ChipModel {
  Arch arch;
  CoreGrid grid;               ///< Worker cores that ops use unless they ask for others.
  CoreGrid largest_grid;       ///< What an op may ask for, by other firmware or dispatch ...
  std::int64_t largest_cores;  ///< ... with no more cores than this.
  std::int64_t clock_hz;
  std::int64_t l1_bytes_per_core;
  std::int64_t dram_bytes;
  std::int64_t dram_banks;
  std::int64_t dram_bytes_per_s;          ///< Achieved by one reader per bank.
  std::int64_t dram_sharded_bytes_per_s;  ///< DRAM-sharded weights into a matmul.
  std::int64_t dram_interleaved_bytes_per_s;
  Time dram_latency;  ///< From the request to the first bytes.
  std::int64_t l1_bytes_per_cycle_per_core;
  Time launch;         ///< Traced op-to-op gap on the device.
  Time dispatch_skew;  ///< First to last core start of an op on all cores.
  MatmulModel matmul;

  std::int64_t cores() const { return std::int64_t{grid.x} * grid.y; }
  std::int64_t l1_bytes() const { return cores() * l1_bytes_per_core; }
  friend constexpr bool operator==(const ChipModel&, const ChipModel&) = default;
};

/// What limits an op.
enum class Bound : std::uint8_t { Launch, Compute, Dram, L1 };

struct Cost {
  Time duration;
  Bound bound = Bound::Launch;
};

/// How long `work` keeps an idle chip's queue busy, launch included, and what limits it.
/// Throws std::invalid_argument if the work asks for more cores than the chip has, or a size is
/// negative.
[[nodiscard]] Cost cost(const ChipModel& chip, const Work& work);

/// Matrix-engine cycles of one 32x32x32 tile product: 16, 32, 48, 64.
[[nodiscard]] std::int64_t cycles_per_tile_product(MathFidelity fidelity);

[[nodiscard]] std::string_view name(Arch arch);              ///< "wormhole_b0", "blackhole"
[[nodiscard]] std::string_view name(MathFidelity fidelity);  ///< "lofi" .. "hifi4"
[[nodiscard]] std::string_view name(Bound bound);            ///< "launch", "compute", "dram", "l1"

/// The fidelity called `text`. Throws std::invalid_argument listing the four names.
[[nodiscard]] MathFidelity parse_fidelity(std::string_view text);

}  // namespace ttmesh::sim
