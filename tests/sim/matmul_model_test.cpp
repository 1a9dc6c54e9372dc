#include "sim/matmul_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/matmul_blocks.hpp"
#include "sim/system.hpp"

namespace ttmesh::sim {
namespace {

constexpr std::int64_t kBfloat16Tile = 2048;
constexpr std::int64_t kBfp8Tile = 1088;
constexpr std::int64_t kBfp4Tile = 576;

const ChipModel& n150() { return find_system("n150").chip; }

/// A square product of bfloat16 in DRAM.
MatmulWork square(std::int64_t tiles) {
  return {.m_tiles = tiles,
          .k_tiles = tiles,
          .n_tiles = tiles,
          .in0 = {kBfloat16Tile},
          .in1 = {kBfloat16Tile},
          .out = {kBfloat16Tile},
          .fidelity = MathFidelity::HiFi4};
}

/// A decode step: one row of tiles in L1 times a bfp8_b weight in DRAM.
MatmulWork decode(std::int64_t k_tiles, std::int64_t n_tiles) {
  return {.m_tiles = 1,
          .k_tiles = k_tiles,
          .n_tiles = n_tiles,
          .in0 = {kBfloat16Tile, BufferType::L1},
          .in1 = {kBfp8Tile},
          .out = {kBfloat16Tile, BufferType::L1}};
}

Time duration(const ChipModel& chip, const MatmulWork& work) {
  return matmul_cost(chip, work).duration;
}

TEST(Matmul, IsBoundByComputeWhenLargeAndByDramInDecode) {
  EXPECT_EQ(matmul_cost(n150(), square(256)).bound, Bound::Compute);
  EXPECT_EQ(matmul_cost(n150(), decode(256, 112)).bound, Bound::Dram);
  EXPECT_EQ(matmul_cost(n150(), square(1)).bound, Bound::Launch);
}

TEST(Matmul, IsNeverFasterThanItsRoofline) {
  for (const System& system : systems()) {
    const ChipModel& chip = system.chip;
    for (const std::int64_t tiles : {1, 7, 16, 32, 100, 128, 256}) {
      for (const MathFidelity fidelity : {MathFidelity::LoFi, MathFidelity::HiFi4}) {
        MatmulWork work = square(tiles);
        work.fidelity = fidelity;
        const std::int64_t products = tiles * tiles * tiles;
        const Time compute =
            time_for(products * cycles_per_tile_product(fidelity), chip.cores() * chip.clock_hz);
        const Time dram = time_for(2 * tiles * tiles * kBfloat16Tile, chip.dram_bytes_per_s);
        EXPECT_GT(duration(chip, work), std::max(compute, dram)) << system.name << " " << tiles;
      }
    }
  }
}

TEST(Matmul, GrowsWithItsSizes) {
  for (const System& system : systems()) {
    Time before;
    for (const std::int64_t tiles : {8, 16, 32, 64, 128, 256}) {
      const Time now = duration(system.chip, square(tiles));
      EXPECT_GT(now, before) << system.name << " " << tiles;
      before = now;
    }
  }
}

TEST(Matmul, IsSlowerWithMoreFidelityAndWiderTypes) {
  MatmulWork work = square(128);
  const Time hifi4 = duration(n150(), work);
  work.fidelity = MathFidelity::HiFi2;
  const Time hifi2 = duration(n150(), work);
  work.fidelity = MathFidelity::LoFi;
  work.in0 = work.in1 = work.out = {kBfp4Tile};
  const Time lofi = duration(n150(), work);
  EXPECT_GT(hifi4, hifi2);
  EXPECT_GT(hifi2, lofi);
}

TEST(Matmul, IsSlowerOnPartOfTheChip) {
  MatmulWork work = square(128);
  const Time all = duration(n150(), work);
  work.grid = CoreGrid{4, 8};
  const Time half = duration(n150(), work);
  work.grid = CoreGrid{1, 1};
  const Time one = duration(n150(), work);
  EXPECT_GT(half, scale(all, {3, 2}));
  EXPECT_GT(one, 20 * half);
}

TEST(Matmul, MayUseTheLargerGridOfOtherFirmware) {
  const ChipModel& p150 = find_system("p150").chip;
  MatmulWork work = square(130);
  const Time usual = duration(p150, work);
  work.grid = CoreGrid{13, 10};
  EXPECT_LT(duration(p150, work), usual);
}

TEST(Matmul, RefusesCoresThatTheChipLacks) {
  MatmulWork work = square(8);
  for (const CoreGrid grid : {CoreGrid{9, 8}, CoreGrid{8, 9}, CoreGrid{0, 8}, CoreGrid{8, -1}}) {
    work.grid = grid;
    EXPECT_THROW((void)cost(n150(), work), std::invalid_argument);
  }
  work.grid = CoreGrid{8, 10};  // Each side exists on a Galaxy chip; 80 cores do not.
  EXPECT_THROW((void)cost(find_system("galaxy").chip, work), std::invalid_argument);
}

TEST(Matmul, RefusesNegativeSizesAndEmptyTiles) {
  MatmulWork work = square(8);
  work.k_tiles = -1;
  EXPECT_THROW((void)cost(n150(), work), std::invalid_argument);
  work = square(8);
  work.in1.tile_bytes = 0;
  EXPECT_THROW((void)cost(n150(), work), std::invalid_argument);
}

TEST(Matmul, OfNothingIsALaunch) {
  MatmulWork work = square(8);
  work.n_tiles = 0;
  EXPECT_EQ(duration(n150(), work), n150().launch);
}

TEST(Matmul, ReadsAWeightFasterWhenItLiesOverTheBanks) {
  MatmulWork work = decode(256, 112);
  const Time interleaved = duration(n150(), work);
  work.in1_dram_sharded = true;
  const Time sharded = duration(n150(), work);
  EXPECT_LT(sharded, interleaved);
  EXPECT_EQ(sharded, n150().launch + n150().dispatch_skew +
                         time_for(kBfp8Tile * 256 * 112, n150().dram_sharded_bytes_per_s));
}

TEST(Matmul, LetsAllCoresMultiplyManyRowsByAWeightOverTheBanks) {
  MatmulWork work = decode(64, 64);
  work.m_tiles = 32;
  const Time interleaved = duration(n150(), work);
  work.in1_dram_sharded = true;
  EXPECT_LE(duration(n150(), work), interleaved);
}

TEST(Matmul, ReadsAnInterleavedWeightNearThePublishedRate) {
  // 190 GB/s is typical on Wormhole (tt-metal tech_reports/LLMs/llms.md section 4.6).
  const double bytes = 256.0 * 128 * kBfp8Tile;
  const double gb_per_s =
      bytes * 1e3 / static_cast<double>(duration(n150(), decode(256, 128)).ps());
  EXPECT_NEAR(gb_per_s, 190, 0.15 * 190);
}

TEST(Matmul, OfABatchUsesCoresThatOneProductWouldNot) {
  const Operand in_l1{kBfloat16Tile, BufferType::L1};
  const MatmulWork one{
      .m_tiles = 1, .k_tiles = 32, .n_tiles = 32, .in0 = in_l1, .in1 = in_l1, .out = in_l1};
  MatmulWork batch = one;
  batch.batches = 64;
  EXPECT_LT(duration(n150(), batch), 32 * duration(n150(), one));
  EXPECT_GT(duration(n150(), batch), duration(n150(), one));
}

TEST(Matmul, HoldsForHugeSizes) {
  for (const System& system : systems()) {
    const Time time = duration(system.chip, square(4096));
    EXPECT_GT(time, Time::microseconds(10'000'000)) << system.name;
  }
}

TEST(MatmulBlocks, FitL1) {
  MatmulWork work = square(512);
  for (const CoreTask& task : core_tasks(work, n150().grid)) {
    for (const Blocks& blocks : admissible_blocks(n150(), work, task)) {
      const std::int64_t inputs = 2 * blocks.inner * (blocks.rows + blocks.cols) * kBfloat16Tile;
      EXPECT_LE(inputs + blocks.rows * blocks.cols * kBfloat16Tile, n150().l1_bytes_per_core);
      EXPECT_EQ(task.rows % blocks.rows, 0);
      EXPECT_EQ(task.cols % blocks.cols, 0);
      EXPECT_EQ(task.inner % blocks.inner, 0);
    }
  }
}

TEST(MatmulBlocks, AreWholeShardsWhenTheOutputIsInL1) {
  MatmulWork work = square(64);
  work.out.buffer = BufferType::L1;
  const std::vector<CoreTask> tasks = core_tasks(work, n150().grid);
  ASSERT_EQ(tasks.size(), 1u);
  for (const Blocks& blocks : admissible_blocks(n150(), work, tasks[0])) {
    EXPECT_EQ(blocks.rows, 8);
    EXPECT_EQ(blocks.cols, 8);
    for (const SubBlock& sub : sub_blocks(work, blocks)) EXPECT_EQ(sub.rows, 1);
  }
}

TEST(MatmulBlocks, KeepSubBlocksInRegisters) {
  MatmulWork work = square(64);
  const Blocks blocks{.rows = 8, .cols = 8, .inner = 1};
  const auto most_tiles = [&] {
    std::int64_t most = 0;
    for (const SubBlock& sub : sub_blocks(work, blocks)) most = std::max(most, sub.rows * sub.cols);
    return most;
  };
  EXPECT_EQ(most_tiles(), 8);
  work.fp32_accumulate = true;
  EXPECT_EQ(most_tiles(), 4);
}

TEST(MatmulBlocks, SpreadNarrowOutputsInOneDim) {
  const std::vector<CoreTask> tasks = core_tasks(decode(256, 112), {8, 8});
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[1].split.gx, 56);
  EXPECT_EQ(tasks[1].split.gy, 1);
  EXPECT_EQ(tasks[1].cols, 2);
}

TEST(MatmulBlocks, PadASideThatCutsIntoNoSubBlocks) {
  MatmulWork work = square(128);
  work.n_tiles = 448;
  const std::vector<CoreTask> tasks = core_tasks(work, {11, 10});  // 13 x 41 tiles for each core.
  ASSERT_EQ(tasks.size(), 4u);
  EXPECT_EQ(tasks[0].rows, 13);
  EXPECT_EQ(tasks[0].cols, 41);
  EXPECT_EQ(tasks[3].rows, 14);
  EXPECT_EQ(tasks[3].cols, 42);
  for (const CoreTask& task : tasks) EXPECT_LE(task.split.cores(), 110);
}

TEST(Matmul, IsNotMuchSlowerWhereTilesDoNotCutEvenly) {
  const ChipModel& p150 = find_system("p150").chip;
  MatmulWork even = square(128);
  even.n_tiles = 440;  // 40 columns of tiles for each core
  MatmulWork uneven = even;
  uneven.n_tiles = 448;  // 41
  EXPECT_LT(duration(p150, uneven), scale(duration(p150, even), {6, 5}));
}

TEST(MatmulBlocks, StayWithinTheGrid) {
  for (const std::int64_t batches : {1, 3, 64, 1000}) {
    for (const std::int64_t m : {1, 5, 64}) {
      for (const std::int64_t n : {1, 7, 200}) {
        MatmulWork work = square(1);
        work.batches = batches;
        work.m_tiles = m;
        work.n_tiles = n;
        for (const CoreTask& task : core_tasks(work, {8, 8})) {
          EXPECT_LE(task.split.cores(), 64);
          EXPECT_GE(task.split.gx * task.cols, n);
          EXPECT_GE(task.split.gy * task.rows, m);
          EXPECT_GE(task.split.groups * task.rounds, batches);
        }
      }
    }
  }
}

}  // namespace
}  // namespace ttmesh::sim
