#include "mesh/tensor/ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

using ::testing::HasSubstr;

constexpr std::array<ChipId, 2> kBoth{0, 1};
constexpr std::array<ChipId, 1> kFirst{0};

// 4 tiles of bf16 in DRAM, 2 in L1.
MemoryLedger small_ledger() {
  sim::ChipModel chip{};
  chip.grid = {.x = 2, .y = 1};
  chip.l1_bytes_per_core = 2048;
  chip.dram_bytes = 4 * 2048;
  return {2, chip};
}

TensorSpec tiles(std::int64_t count, MemoryConfig memory = kDramInterleaved) {
  return {.shape = {1, 1, 32, 32 * count},
          .dtype = DataType::Bfloat16,
          .layout = Layout::Tile,
          .memory = memory,
          .distribution = {}};
}

std::string error_of(MemoryLedger& ledger, const TensorSpec& spec) {
  try {
    ledger.allocate("linear", spec, kBoth);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::OutOfMemory);
    return error.what();
  }
  return {};
}

TEST(MemoryLedger, BooksEachChipAndBuffer) {
  MemoryLedger ledger = small_ledger();
  ledger.allocate("linear", tiles(3), kFirst);
  ledger.allocate("linear", tiles(2, kL1Interleaved), kBoth);
  EXPECT_EQ(ledger.used(0, BufferType::Dram), 3 * 2048);
  EXPECT_EQ(ledger.used(1, BufferType::Dram), 0);
  EXPECT_EQ(ledger.used(1, BufferType::L1), 2 * 2048);
}

TEST(MemoryLedger, RemembersThePeak) {
  MemoryLedger ledger = small_ledger();
  ledger.allocate("linear", tiles(3), kFirst);
  ledger.release(tiles(3), kFirst);
  ledger.allocate("linear", tiles(1), kFirst);
  EXPECT_EQ(ledger.used(0, BufferType::Dram), 2048);
  EXPECT_EQ(ledger.peak(0, BufferType::Dram), 3 * 2048);
  EXPECT_EQ(ledger.peak(0, BufferType::L1), 0);
}

TEST(MemoryLedger, FillsAChipToTheLastByte) {
  MemoryLedger ledger = small_ledger();
  EXPECT_EQ(ledger.capacity(BufferType::Dram), 4 * 2048);
  EXPECT_EQ(ledger.capacity(BufferType::L1), 2 * 2048);
  EXPECT_NO_THROW(ledger.allocate("linear", tiles(4), kBoth));
  EXPECT_NO_THROW(ledger.allocate("linear", tiles(2, kL1Interleaved), kBoth));
}

TEST(MemoryLedger, CountsTilePadding) {
  MemoryLedger ledger = small_ledger();
  TensorSpec spec = tiles(1);
  spec.shape = {1, 1, 1, 33};
  ledger.allocate("linear", spec, kFirst);
  EXPECT_EQ(ledger.used(0, BufferType::Dram), 2 * 2048);
}

TEST(MemoryLedger, SaysWhatDoesNotFitAndWhatToDo) {
  MemoryLedger ledger = small_ledger();
  ledger.allocate("linear", tiles(3), std::array<ChipId, 1>{1});
  const std::string error = error_of(ledger, tiles(2));
  EXPECT_EQ(error,
            "[linear] out of DRAM on chip 1: [1, 1, 32, 64] bf16 tile dram [Replicate, Replicate] "
            "needs 4096 bytes, 6144 are in use and 2048 of 8192 available; options: shard it over "
            "more chips, a smaller batch, lower precision (bfp8_b, bfp4_b)");
}

TEST(MemoryLedger, SuggestsDramWhenL1IsFull) {
  MemoryLedger ledger = small_ledger();
  const std::string error = error_of(ledger, tiles(3, kL1Interleaved));
  EXPECT_THAT(error, HasSubstr("out of L1 on chip 0"));
  EXPECT_THAT(error, HasSubstr("DRAM instead of L1"));
}

TEST(MemoryLedger, BooksNothingWhenOneChipLacksRoom) {
  MemoryLedger ledger = small_ledger();
  ledger.allocate("linear", tiles(3), std::array<ChipId, 1>{1});
  EXPECT_NE(error_of(ledger, tiles(2)), "");
  EXPECT_EQ(ledger.used(0, BufferType::Dram), 0);
  EXPECT_EQ(ledger.peak(0, BufferType::Dram), 0);
}

}  // namespace
}  // namespace ttmesh::mesh
