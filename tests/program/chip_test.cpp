#include "mesh/program/chip.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/program/small_world.hpp"

namespace ttmesh::mesh {
namespace {

using testing::HasSubstr;

class ChipTest : public testing::Test {
 protected:
  float first_value(ChipId chip) const {
    return values<float>(*flatten(world_.delivered.at(chip).shard)->plain())[0];
  }

  const std::byte* values_of(ChipId chip) const {
    return world_.delivered.at(chip).shard.block().plain()->data();
  }

  std::shared_ptr<std::atomic<int>> runs_ = std::make_shared<std::atomic<int>>(0);
  SmallWorld world_{"t3k:1x8:ring", small_ops(runs_)};
};

TEST_F(ChipTest, RunsCommandsInNumberOrder) {
  world_.read(world_.issue("double", world_.issue("double", world_.write())));
  world_.run();
  for (ChipId chip = 0; chip < 8; ++chip) {
    EXPECT_EQ(first_value(chip), 4.0F * static_cast<float>(chip + 1));
  }
}

TEST_F(ChipTest, TakesChunksThatArriveEarly) {
  world_.read(world_.issue("rotate", world_.issue("rotate", world_.write())));
  for (unsigned seed = 0; seed < 20; ++seed) {
    SmallWorld world("t3k:1x8:ring", small_ops(runs_));
    world.read(world.issue("rotate", world.issue("rotate", world.write())));
    world.run(seed);
    ASSERT_EQ(world.delivered.size(), 8U);
    EXPECT_EQ(values<float>(*flatten(world.delivered.at(0).shard)->plain())[0], 7.0F);
  }
}

TEST_F(ChipTest, VirtualTimeDoesNotDependOnTheOrderOfMessages) {
  std::vector<sim::Time> ends;
  for (unsigned seed = 0; seed < 20; ++seed) {
    SmallWorld world("t3k:1x8:ring", small_ops(runs_));
    world.read(world.issue("double", world.issue("rotate", world.write())));
    world.run(seed);
    ends.push_back(world.chip(3).report().queue_end);
  }
  EXPECT_THAT(ends, testing::Each(ends.front()));
}

TEST_F(ChipTest, TimingOnlyTakesTheSameVirtualTime) {
  SmallWorld timing("t3k:1x8:ring", small_ops(runs_), true);
  for (SmallWorld* world : {&world_, &timing}) {
    world->issue("double", world->issue("rotate", world->write()));
    world->run();
  }
  for (ChipId chip = 0; chip < 8; ++chip) {
    EXPECT_EQ(timing.chip(chip).report().queue_end, world_.chip(chip).report().queue_end);
  }
}

TEST_F(ChipTest, ForwardsAShardWithoutCopyingIt) {
  const TensorId written = world_.write();
  world_.read(written);
  world_.run();
  const BlockPtr block = world_.delivered.at(0).shard.blocks().front();
  world_.read(world_.issue("rotate", written));
  world_.run();
  EXPECT_EQ(world_.delivered.at(1).shard.blocks().front(), block);
}

TEST_F(ChipTest, DoesEqualWorkOnReplicatedShardsOnce) {
  world_.read(world_.issue("double", world_.write(replicate())));
  world_.run();
  EXPECT_EQ(*runs_, 1);
  EXPECT_EQ(world_.delivered.at(0).shard.blocks(), world_.delivered.at(7).shard.blocks());
}

TEST_F(ChipTest, DoesDifferentWorkOnEachShard) {
  world_.issue("double", world_.write());
  world_.run();
  EXPECT_EQ(*runs_, 8);
}

TEST_F(ChipTest, ChangesAShardInPlace) {
  const TensorId tensor = world_.write();
  world_.change("bump", tensor);
  world_.run();
  world_.read(tensor);
  world_.run();
  const std::byte* first = values_of(2);
  EXPECT_EQ(first_value(2), 4.0F);
  world_.delivered.clear();
  world_.change("bump", tensor);
  world_.read(tensor);
  world_.run();
  EXPECT_EQ(first_value(2), 5.0F);
  EXPECT_EQ(values_of(2), first) << "the values were copied though nobody else refers to them";
}

TEST_F(ChipTest, LeavesValuesAloneThatSomebodyElseHas) {
  const TensorId tensor = world_.write(replicate());
  world_.read(tensor);
  world_.run();
  const std::map<ChipId, HeldShard> before = std::exchange(world_.delivered, {});
  world_.change("bump", tensor);
  world_.read(tensor);
  world_.run();
  for (ChipId chip = 0; chip < 8; ++chip) {
    EXPECT_EQ(values<float>(*before.at(chip).shard.block().plain())[0], 1.0F);
    EXPECT_EQ(first_value(chip), 2.0F);
  }
}

TEST_F(ChipTest, AFailedChangeFailsWhatNeedsTheTensor) {
  const TensorId tensor = world_.write();
  world_.change("spoil", tensor);
  world_.read(world_.issue("double", tensor));
  world_.run();
  ASSERT_NE(world_.delivered.at(0).failure, nullptr);
  EXPECT_THAT(world_.delivered.at(0).failure->what, testing::HasSubstr("broken kernel"));
}

TEST_F(ChipTest, PassesAFailureOnToEverythingThatNeedsIt) {
  world_.read(world_.issue("rotate", world_.issue("double", world_.issue("fail", world_.write()))));
  world_.run();
  EXPECT_EQ(world_.finished_commands, 5);
  for (const auto& [chip, held] : world_.delivered) {
    ASSERT_NE(held.failure, nullptr) << chip;
    EXPECT_EQ(held.failure->command, 2U);
    EXPECT_THAT(held.failure->what, HasSubstr("broken kernel"));
  }
}

TEST_F(ChipTest, AFailedInputDoesNotChangeVirtualTime) {
  SmallWorld good("t3k:1x8:ring", small_ops(runs_));
  good.issue("rotate", good.write());
  good.run();
  const sim::Time rotate_end = good.chip(0).report().queue_end;
  world_.issue("rotate", world_.issue("fail", world_.write()));
  world_.run();
  EXPECT_EQ(world_.chip(0).report().queue_end, rotate_end);
}

TEST_F(ChipTest, SaysWhatItWaitsFor) {
  world_.issue("greedy", world_.write());
  world_.run();
  EXPECT_EQ(world_.finished_commands, 1);
  EXPECT_EQ(world_.chip(3).report().waiting_for,
            "chip 3 waits in #2 greedy (test.greedy) for step 0: receive slot 1 from chip 2 "
            "forward round 0 (relay)");
}

TEST_F(ChipTest, SaysThatItHasNothingToDo) {
  world_.issue("double", world_.write());
  world_.run();
  EXPECT_EQ(world_.chip(0).report().waiting_for, "");
}

TEST_F(ChipTest, RecordsOpsLinksAndSlices) {
  const TensorId written = world_.write();
  world_.run();
  world_.chip(2).start_recording(true);
  world_.issue("rotate", written);
  world_.run();
  const ChipReport report = world_.chip(2).report();
  ASSERT_EQ(report.ops.size(), 1U);
  std::int64_t bytes = 0;
  for (const LinkUse& use : report.links) bytes += use.bytes;
  EXPECT_EQ(bytes, 4'096);
  EXPECT_EQ(report.slices.size(), 2U);  // its queue, and the link to chip 3
  EXPECT_EQ(report.arrows.size(), 1U);
}

TEST_F(ChipTest, ReportsChunksThatNobodyTakes) {
  world_.issue("chatty", world_.write());
  world_.run();
  // The chunk too many stays until the command is passed, which waits for a signal here.
  EXPECT_EQ(world_.finished_commands, 1);
  Chunk signal;
  signal.command = 2;
  signal.signal = true;
  for (ChipId chip = 0; chip < 8; ++chip) {
    signal.from = (chip + 7) % 8;
    signal.to = chip;
    world_.deliver({signal.from, chip, signal});
  }
  world_.run();
  ASSERT_EQ(world_.mismatches.size(), 8U);
  EXPECT_THAT(world_.mismatches.front(), HasSubstr("1 chunks of #2 chatty"));
}

TEST_F(ChipTest, DropsChunksOfCommandsItHasPassed) {
  world_.write();
  world_.run();
  Chunk late;
  late.command = 1;
  late.from = 1;
  late.to = 0;
  world_.chip(0).accept({&late, 1});
  world_.chip(0).run();
  EXPECT_TRUE(world_.mismatches.empty());
}

}  // namespace
}  // namespace ttmesh::mesh
