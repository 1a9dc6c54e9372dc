#include "cli/ending.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {
namespace {

using testing::ExitedWithCode;

// Each ends a copy of this process, which has no threads.

/// What a thread does that computes.
[[noreturn]] void compute() {
  for (;;) pause();
}

TEST(Ending, SaysWhatTheThreadWithTheCommandDoesNot) {
  EXPECT_EXIT(
      {
        end_unless_reported("host 1 is lost");
        compute();
      },
      ExitedWithCode(3), "^ttmesh: error: host 1 is lost\n$");
}

TEST(Ending, SaysWhoSpeaks) {
  EXPECT_EXIT(
      {
        set_speaker("[2] ");
        end_unless_reported("host 1 is lost");
        compute();
      },
      ExitedWithCode(3), "^\\[2\\] ttmesh: error: host 1 is lost\n$");
}

TEST(Ending, SaysNothingTwice) {
  EXPECT_EXIT(
      {
        report_error("host 1 is lost");
        end_unless_reported("again");
        _exit(3);
      },
      ExitedWithCode(3), "^ttmesh: error: host 1 is lost\n$");
}

TEST(Ending, LeavesNoSocketBehind) {
  const ScratchFolder folder;
  const std::string socket = folder.write("socket", "");
  EXPECT_EXIT(
      {
        remove_at_end("unix:" + socket);
        end_unless_reported("host 1 is lost");
        compute();
      },
      ExitedWithCode(3), "");
  EXPECT_NE(access(socket.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace ttmesh::cli
