#include "mesh/program/result_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace ttmesh::mesh {
namespace {

const ResultKey kKey{.part = 0, .position = 0, .blocks = {11, 12}};

TEST(ResultTable, GivesTheWorkToTheFirstChip) {
  ResultTable table;
  EXPECT_TRUE(table.claim(kKey, 0).mine);
  const ResultTable::Claim second = table.claim(kKey, 1);
  EXPECT_FALSE(second.mine);
  EXPECT_FALSE(second.result.has_value());
}

TEST(ResultTable, WakesThoseThatAskedMeanwhile) {
  ResultTable table;
  (void)table.claim(kKey, 0);
  (void)table.claim(kKey, 4);
  (void)table.claim(kKey, 2);
  EXPECT_EQ(table.publish(kKey, {}), (std::vector<ChipId>{4, 2}));
  EXPECT_TRUE(table.claim(kKey, 4).result.has_value());
}

TEST(ResultTable, TellsOtherBlocksApart) {
  ResultTable table;
  EXPECT_TRUE(table.claim(kKey, 0).mine);
  EXPECT_TRUE(table.claim({.part = 0, .position = 0, .blocks = {11, 13}}, 1).mine);
  EXPECT_TRUE(table.claim({.part = 0, .position = 1, .blocks = {11, 12}}, 2).mine);
  EXPECT_TRUE(table.claim({.part = 1, .position = 0, .blocks = {11, 12}}, 3).mine);
}

TEST(ResultTable, SharesAFailureLikeAValue) {
  ResultTable table;
  (void)table.claim(kKey, 0);
  Result failed;
  failed.failure =
      std::make_shared<const Failure>(Failure{3, ErrorCode::ChipFailed, "no room left"});
  (void)table.publish(kKey, failed);
  EXPECT_EQ(table.claim(kKey, 1).result->failure->what, "no room left");
}

TEST(ResultTable, GivesTheWorkToOneOfManyThreads) {
  ResultTable table;
  std::atomic<int> owners{0};
  std::vector<std::thread> threads;
  for (ChipId chip = 0; chip < 8; ++chip) {
    threads.emplace_back([&, chip] {
      if (!table.claim(kKey, chip).mine) return;
      ++owners;
      (void)table.publish(kKey, {});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(owners, 1);
}

}  // namespace
}  // namespace ttmesh::mesh
