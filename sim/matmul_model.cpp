#include "sim/matmul_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "sim/matmul_blocks.hpp"
#include "sim/wide.hpp"

namespace ttmesh::sim {
namespace {

// Nouns: a core computes its task block by block. A block is `inner` steps; each step feeds both
// operands' blocks to the core (read from DRAM by the first core of a line, then multicast) and
// multiplies what the step before has fed, sub-block by sub-block. The first feed of a block shows,
// and so does the last product with the write of the block that starts then.
//
// Cycles are kept in thousandths, so that fractional rates stay exact integers, rounded up.
constexpr Wide kMilli = 1000;
constexpr std::int64_t kPicosecondsPerSecond = 1'000'000'000'000;

/// What a core spends on one shape of blocks, in thousandths of cycles.
struct Price {
  Wide total;
  Bound bound;
};

Wide over(Wide bytes, Ratio bytes_per_cycle) {
  return ceil_div(bytes * kMilli * bytes_per_cycle.den, bytes_per_cycle.num);
}

/// One 32x32x32 product. The operand that a sub-block does not reuse is unpacked for each.
Wide tile_product(const MatmulModel& model, const MatmulWork& work, const SubBlock& sub) {
  const Operand& streamed = sub.cols >= sub.rows ? work.in1 : work.in0;
  const Wide unpack = over(streamed.tile_bytes, sub.rows > 1 ? model.unpack_bytes_per_cycle
                                                             : model.unpack_row_bytes_per_cycle);
  const Wide overhead =
      ceil_div(Wide{model.tile_overhead_cycles.num} * kMilli, model.tile_overhead_cycles.den);
  return std::max<Wide>(cycles_per_tile_product(work.fidelity) * kMilli, unpack) + overhead;
}

class Pricing {
 public:
  Pricing(const ChipModel& chip, const MatmulWork& work, const CoreTask& task)
      : chip_(chip), model_(chip.matmul), work_(work), task_(task) {}

  /// The price if the matrix engine's clock is `clock` of nominal; feeds keep their pace.
  Price price(const Blocks& blocks, Ratio clock) const {
    const Feed feed = feed_of(blocks);
    const Product product = slowed(product_of(blocks), clock);
    const Wide shorter = std::min(product.step, feed.longest);
    const Wide step = std::max(product.step, feed.longest) +
                      ceil_div(shorter * model_.overlap_loss.num, model_.overlap_loss.den);
    const Wide last = std::max(product.step, write_of(blocks) + product.sub_block);
    const Wide steps = ceil_div(task_.inner, blocks.inner);
    const Wide count =
        task_.rounds * ceil_div(task_.rows, blocks.rows) * ceil_div(task_.cols, blocks.cols);
    const Wide total = count * (feed.longest + (steps - 1) * step + last);
    const Bound bound = product.step >= feed.longest ? Bound::Compute
                        : feed.from_dram             ? Bound::Dram
                                                     : Bound::L1;
    return {total, bound};
  }

 private:
  struct Feed {
    Wide longest;
    bool from_dram;
  };
  struct Product {
    Wide step;
    Wide sub_block;
  };

  static Product slowed(const Product& product, Ratio clock) {
    return {ceil_div(product.step * clock.den, clock.num),
            ceil_div(product.sub_block * clock.den, clock.num)};
  }
  Wide at_rate(Wide bytes, std::int64_t bytes_per_s) const {
    return ceil_div(bytes * kMilli * chip_.clock_hz, bytes_per_s);
  }

  /// `tiles` of an operand into each of `readers` cores.
  Wide read(const Operand& operand, Wide tiles, std::int64_t readers) const {
    const Wide request =
        std::max(ceil_div(Wide{model_.core_read_interval.ps()} * kMilli * chip_.clock_hz,
                          kPicosecondsPerSecond),
                 at_rate(operand.tile_bytes, model_.core_read_bytes_per_s));
    // Cores that all read cannot sit beside the banks, as the few of a multicast can.
    const std::int64_t rate =
        task_.split.one_dim() ? chip_.dram_interleaved_bytes_per_s : model_.dram_read_bytes_per_s;
    const Wide together = at_rate(tiles * operand.tile_bytes * readers * task_.split.groups, rate);
    return std::max(tiles * request, together) + latency();
  }
  Wide multicast(const Operand& operand, Wide tiles) const {
    return over(tiles * operand.tile_bytes, model_.multicast_bytes_per_cycle) +
           model_.multicast_latency_cycles * kMilli;
  }
  Wide latency() const { return model_.dram_latency_cycles * kMilli; }

  /// One operand's block to every core: `readers` lines of `receivers` cores.
  Wide feed(const Operand& operand, Wide tiles, std::int64_t readers,
            std::int64_t receivers) const {
    const Wide from_dram =
        operand.buffer == BufferType::Dram ? read(operand, tiles, readers) : Wide{0};
    return from_dram + (receivers > 1 ? multicast(operand, tiles) : Wide{0});
  }

  Feed feed_of(const Blocks& blocks) const {
    const Wide tiles0 = Wide{blocks.inner} * blocks.rows;
    const Wide tiles1 = Wide{blocks.inner} * blocks.cols;
    const Wide feed0 = feed(work_.in0, tiles0, task_.split.gy, task_.split.gx);
    const Wide feed1 = feed(work_.in1, tiles1, task_.split.gx, task_.split.gy);
    Feed result{std::max(feed0, feed1),
                (feed1 >= feed0 ? work_.in1 : work_.in0).buffer == BufferType::Dram};
    if (work_.in0.buffer == BufferType::Dram) {
      const Wide bytes =
          (tiles0 * work_.in0.tile_bytes * task_.split.gy +
           (work_.in1.buffer == BufferType::Dram ? tiles1 * work_.in1.tile_bytes * task_.split.gx
                                                 : Wide{0})) *
          task_.split.groups;
      result.longest =
          std::max(result.longest, at_rate(bytes, model_.dram_feed_bytes_per_s) + latency());
    }
    return result;
  }

  /// The product of one step with the best sub-block.
  Product product_of(const Blocks& blocks) const {
    std::optional<Product> best;
    for (const SubBlock& sub : sub_blocks(work_, blocks)) {
      const Wide tiles = Wide{sub.rows} * sub.cols;
      const Wide multiply =
          blocks.inner * tiles * tile_product(model_, work_, sub) + model_.subblock_cycles * kMilli;
      const Wide pack = tiles * model_.pack_cycles_per_tile * kMilli;
      const Wide each = std::max(multiply, pack);
      const Wide count = Wide{blocks.rows / sub.rows} * (blocks.cols / sub.cols);
      const Wide step = count * each + model_.step_cycles * kMilli;
      if (!best || step < best->step) best = Product{step, each};
    }
    return *best;
  }

  Wide write_of(const Blocks& blocks) const {
    if (work_.out.buffer == BufferType::L1) return 0;
    const Wide bytes = Wide{blocks.rows} * blocks.cols * task_.split.cores() * work_.out.tile_bytes;
    return at_rate(bytes, model_.dram_write_bytes_per_s);
  }

  const ChipModel& chip_;
  const MatmulModel& model_;
  const MatmulWork& work_;
  const CoreTask& task_;
};

Time time_of_milli_cycles(const ChipModel& chip, Wide milli_cycles) {
  const Wide ps = ceil_div(milli_cycles * (kPicosecondsPerSecond / kMilli), chip.clock_hz);
  return Time::picoseconds(narrow("matmul", ps));
}

/// Launch and skew of an op on `cores` cores: cores start one after another.
Time launch_of(const ChipModel& chip, std::int64_t cores) {
  const std::int64_t all = chip.cores();
  const Time late = scale(chip.dispatch_skew, {std::max<std::int64_t>(all - cores, 0), all});
  return chip.matmul.launch - late;
}

/// Work whose weight lies over the DRAM banks, each with one core beside it that reads and
/// multiplies its columns.
Cost dram_sharded_cost(const ChipModel& chip, const MatmulWork& work) {
  const Wide products =
      Wide{work.batches} * work.m_tiles * work.k_tiles * ceil_div(work.n_tiles, chip.dram_banks);
  const Wide each = tile_product(chip.matmul, work, {.rows = 1, .cols = 1});
  const Time compute = time_of_milli_cycles(chip, products * each);
  const Wide bytes = Wide{work.batches} * work.k_tiles * work.n_tiles * work.in1.tile_bytes;
  const Time dram = time_for(narrow("matmul", bytes), chip.dram_sharded_bytes_per_s);
  const Time fixed = chip.launch + chip.dispatch_skew;
  const Time longest = std::max(compute, dram);
  const Bound bound = longest <= fixed  ? Bound::Launch
                      : dram >= compute ? Bound::Dram
                                        : Bound::Compute;
  return {fixed + longest, bound};
}

/// The kernel with the fastest of the blocks that fit.
struct Kernel {
  Time duration;
  Bound bound;
};

Kernel best_kernel(const ChipModel& chip, const MatmulWork& work, const CoreTask& task) {
  constexpr Ratio kNominalClock{1, 1};
  const Pricing pricing(chip, work, task);
  std::optional<Price> best;
  Blocks best_blocks{};
  for (const Blocks& blocks : admissible_blocks(chip, work, task)) {
    const Price price = pricing.price(blocks, kNominalClock);
    if (best && best->total <= price.total) continue;
    best = price;
    best_blocks = blocks;
  }
  if (time_of_milli_cycles(chip, best->total) >= chip.matmul.sustained_after) {
    best = pricing.price(best_blocks, chip.matmul.sustained_clock);
  }
  return {time_of_milli_cycles(chip, best->total), best->bound};
}

Cost multicast_cost(const ChipModel& chip, const MatmulWork& work, CoreGrid grid) {
  std::optional<Cost> best;
  for (const CoreTask& task : core_tasks(work, grid)) {
    const Kernel kernel = best_kernel(chip, work, task);
    const Time fixed = launch_of(chip, task.split.cores());
    const Cost cost{fixed + kernel.duration,
                    kernel.duration > fixed ? kernel.bound : Bound::Launch};
    if (!best || cost.duration < best->duration) best = cost;
  }
  return *best;
}

void check(const ChipModel& chip, const MatmulWork& work, CoreGrid grid) {
  if (work.batches < 0 || work.m_tiles < 0 || work.k_tiles < 0 || work.n_tiles < 0) {
    throw std::invalid_argument(
        fmt::format("[matmul] {} products of {}x{}x{} tiles, none may be negative", work.batches,
                    work.m_tiles, work.k_tiles, work.n_tiles));
  }
  if (work.in0.tile_bytes <= 0 || work.in1.tile_bytes <= 0 || work.out.tile_bytes <= 0) {
    throw std::invalid_argument(
        fmt::format("[matmul] tiles of {}, {} and {} bytes, all must be positive",
                    work.in0.tile_bytes, work.in1.tile_bytes, work.out.tile_bytes));
  }
  const CoreGrid largest = chip.largest_grid;
  if (grid.x < 1 || grid.y < 1 || grid.x > largest.x || grid.y > largest.y ||
      std::int64_t{grid.x} * grid.y > chip.largest_cores) {
    throw std::invalid_argument(fmt::format(
        "[matmul] a grid of {}x{} cores, the chip has {}x{}, and {}x{} at most with "
        "no more than {} cores",
        grid.x, grid.y, chip.grid.x, chip.grid.y, largest.x, largest.y, chip.largest_cores));
  }
}

}  // namespace

Cost matmul_cost(const ChipModel& chip, const MatmulWork& work) {
  const CoreGrid grid = work.grid.value_or(chip.grid);
  check(chip, work, grid);
  if (work.batches == 0 || work.m_tiles == 0 || work.k_tiles == 0 || work.n_tiles == 0) {
    return {chip.launch, Bound::Launch};
  }
  if (!work.in1_dram_sharded) return multicast_cost(chip, work, grid);
  const Cost banked = dram_sharded_cost(chip, work);
  if (work.batches * work.m_tiles == 1) return banked;
  // Few cores sit beside the banks: with more rows a tuner lets all of them multiply.
  const Cost spread = multicast_cost(chip, work, grid);
  return spread.duration < banked.duration ? spread : banked;
}

}  // namespace ttmesh::sim
