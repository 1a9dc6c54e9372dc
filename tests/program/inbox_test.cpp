#include "mesh/program/inbox.hpp"

#include <gtest/gtest.h>

namespace ttmesh::mesh {
namespace {

Chunk chunk(std::uint64_t command, ChipId from, std::int32_t round, bool signal = false) {
  Chunk made;
  made.command = command;
  made.from = from;
  made.round = round;
  made.signal = signal;
  return made;
}

TEST(Inbox, TakesAChunkByName) {
  Inbox inbox;
  inbox.put(chunk(7, 1, 0));
  inbox.put(chunk(7, 1, 1));
  const auto taken = inbox.take({7, 1, Lane::Forward, false, 1});
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->round, 1);
  EXPECT_FALSE(inbox.take({7, 1, Lane::Forward, false, 1}).has_value());
  EXPECT_TRUE(inbox.take({7, 1, Lane::Forward, false, 0}).has_value());
}

TEST(Inbox, KeepsSignalsApartFromChunks) {
  Inbox inbox;
  inbox.put(chunk(7, 1, 0, true));
  EXPECT_FALSE(inbox.take({7, 1, Lane::Forward, false, 0}).has_value());
  EXPECT_TRUE(inbox.take({7, 1, Lane::Forward, true, 0}).has_value());
}

TEST(Inbox, KeepsChunksOfLaterCommands) {
  Inbox inbox;
  inbox.put(chunk(7, 1, 0));
  inbox.put(chunk(8, 1, 0));
  EXPECT_EQ(inbox.discard(7), 1U);
  EXPECT_TRUE(inbox.take({8, 1, Lane::Forward, false, 0}).has_value());
}

}  // namespace
}  // namespace ttmesh::mesh
