#include "sim/chip_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "sim/matmul_model.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

constexpr MathFidelity kFidelities[] = {MathFidelity::LoFi, MathFidelity::HiFi2,
                                        MathFidelity::HiFi3, MathFidelity::HiFi4};

/// Cores start one after another: an op on part of the chip waits for part of the skew.
Time skew_of(const ChipModel& chip, std::int64_t cores_used) {
  return scale(chip.dispatch_skew, {cores_used, chip.cores()});
}

Cost stream_cost(const ChipModel& chip, const StreamWork& work) {
  if (work.tiles < 0 || work.cycles_per_tile < 0 || work.dram_bytes < 0 || work.l1_bytes < 0) {
    throw std::invalid_argument(
        fmt::format("[cost] a stream of {} tiles, {} cycles each, {} DRAM and {} L1 bytes; none "
                    "may be negative",
                    work.tiles, work.cycles_per_tile, work.dram_bytes, work.l1_bytes));
  }
  const std::int64_t cores_used =
      work.tiles == 0 ? chip.cores() : std::min(work.tiles, chip.cores());
  const Wide cycles = ceil_div(work.tiles, chip.cores()) * work.cycles_per_tile;
  const Time compute = time_for(narrow("cost", cycles), chip.clock_hz);
  const Time l1 =
      time_for(work.l1_bytes, cores_used * chip.l1_bytes_per_cycle_per_core * chip.clock_hz);
  Time dram;
  if (work.dram_bytes > 0) {
    dram = chip.dram_latency + time_for(work.dram_bytes, chip.dram_interleaved_bytes_per_s);
  }
  const Time fixed = chip.launch + skew_of(chip, cores_used);
  const Time longest = std::max({compute, l1, dram});
  Bound bound = Bound::Launch;
  if (longest > fixed) {
    bound = longest == dram ? Bound::Dram : longest == compute ? Bound::Compute : Bound::L1;
  }
  return {fixed + longest, bound};
}

}  // namespace

Cost cost(const ChipModel& chip, const Work& work) {
  struct Visitor {
    const ChipModel& chip;
    Cost operator()(const NoWork&) const { return {}; }
    Cost operator()(const StreamWork& stream) const { return stream_cost(chip, stream); }
    Cost operator()(const MatmulWork& matmul) const { return matmul_cost(chip, matmul); }
  };
  return std::visit(Visitor{chip}, work);
}

std::int64_t cycles_per_tile_product(MathFidelity fidelity) {
  constexpr std::int64_t kCyclesPerPass = 16;
  return kCyclesPerPass * (static_cast<std::int64_t>(fidelity) + 1);
}

std::string_view name(Arch arch) { return arch == Arch::WormholeB0 ? "wormhole_b0" : "blackhole"; }

std::string_view name(MathFidelity fidelity) {
  switch (fidelity) {
    case MathFidelity::LoFi:
      return "lofi";
    case MathFidelity::HiFi2:
      return "hifi2";
    case MathFidelity::HiFi3:
      return "hifi3";
    case MathFidelity::HiFi4:
      return "hifi4";
  }
  return "";
}

std::string_view name(Bound bound) {
  switch (bound) {
    case Bound::Launch:
      return "launch";
    case Bound::Compute:
      return "compute";
    case Bound::Dram:
      return "dram";
    case Bound::L1:
      return "l1";
  }
  return "";
}

MathFidelity parse_fidelity(std::string_view text) {
  for (const MathFidelity fidelity : kFidelities) {
    if (name(fidelity) == text) return fidelity;
  }
  throw std::invalid_argument(fmt::format(
      "[parse_fidelity] no math fidelity is called '{}'; one of lofi, hifi2, hifi3, hifi4", text));
}

}  // namespace ttmesh::sim
