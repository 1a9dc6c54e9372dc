#include "mesh/actors/pending_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace ttmesh::mesh {
namespace {

constexpr std::int64_t kSmall = 256 << 10;

CommandPtr command(std::uint64_t number) {
  Command command;
  command.number = number;
  command.op = "add";
  return std::make_shared<const Command>(std::move(command));
}

TEST(PendingCommands, AreLargeAsLongAsOneIs) {
  PendingCommands pending;
  pending.add(command(1), kSmall);
  EXPECT_FALSE(pending.any_large());
  pending.add(command(2), kSmall + 1);
  pending.add(command(3), kSmall + 1);
  pending.remove(2);
  EXPECT_TRUE(pending.any_large());
  pending.remove(3);
  EXPECT_FALSE(pending.any_large());
}

TEST(PendingCommands, MayBeRemovedBeforeTheyAreAdded) {
  PendingCommands pending;
  pending.remove(7);
  EXPECT_FALSE(pending.any_large());
}

TEST(PendingCommands, NameTheFirstAndCountTheRest) {
  PendingCommands pending;
  EXPECT_EQ(pending.summary(), "");
  pending.add(command(5), 0);
  pending.add(command(4), 0);
  EXPECT_EQ(pending.summary(), "#4 add and 1 later commands");
}

}  // namespace
}  // namespace ttmesh::mesh
