#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/topology/ttmesh_yaml.hpp"
#include "mesh/transport/address.hpp"
#include "mesh/transport/endpoint.hpp"
#include "tests/device/small_device.hpp"

// A host that is slow holds the others up, and neither its memory nor theirs fills up meanwhile.
namespace ttmesh::mesh {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 60s;
constexpr std::size_t kMiB = std::size_t{1} << 20U;

Topology two_hosts() {
  Topology topology = load_topology("t3k:1x8:ring");
  topology.meshes.front().host_shape = {1, 2};
  return topology;
}

OpenOptions options_of(const SocketDirectory& sockets, int rank) {
  OpenOptions options;
  options.threads = 1;
  options.hosting = Hosting{.rank = rank,
                            .hosts = 2,
                            .rank_0 = to_string(sockets.address(0)),
                            .own = to_string(sockets.address(rank)),
                            .token = "secret",
                            .values = "test"};
  return options;
}

/// An op that takes as long as the test likes on some chips, and leaves nothing.
OpDefinition slow_op(std::function<void(int column)> wait) {
  OpDefinition slow;
  slow.infer = [](const OpCall&) { return std::vector<TensorSpec>{}; };
  slow.cost = [](const OpCall&) { return sim::StreamWork{.tiles = 1, .cycles_per_tile = 8}; };
  slow.position_key = [](const OpCall&, Coordinate chip) { return chip.col; };
  slow.run = [wait = std::move(wait)](const OpRun& run) {
    wait(run.chip.col);
    return std::vector<Shard>{};
  };
  return slow;
}

Chunk mebibyte_for_later() {
  const std::int64_t words = kMiB / 4;
  return {.command = 2,
          .from = 3,
          .to = 4,
          .piece = {.block = std::make_shared<const Block>(Shape{words}, HeldType::Float32,
                                                           std::make_shared<Buffer>(kMiB)),
                    .region = {.row_length = words, .stride = words, .end = words},
                    .bytes = kMiB}};
}

TEST(BackPressure, ChunksForABusyChipWaitWithTheSenderBeyondTheWindow) {
  const SocketDirectory sockets;
  std::atomic<bool> busy{true};
  auto table = std::make_shared<OpTable>();
  table->add("slow", slow_op([&](int) { busy.wait(true); }));
  std::thread slow_host([&] { serve(two_hosts(), table, options_of(sockets, 1)); });

  // Rank 0 is this test.
  Topology topology = two_hosts();
  topology.name.clear();
  const MachineRecipe recipe{.topology = ttmesh_yaml(topology)};
  Endpoint rank_0(
      {.identity = {.rank = 0,
                    .hosts = 2,
                    .topology_digest = digest(recipe),
                    .cpu_path = "test",
                    .token = "secret"}},
      {.received = [](int, const Message&, const Receipt&) {},
       .lost = [](int, const std::string& why) { ADD_FAILURE() << why; },
       .refused = [](const std::string&, const std::string& why) { ADD_FAILURE() << why; }});
  rank_0.join({.rank_0 = {}, .own = to_string(sockets.address(0)), .waiting = {}}, kPatience);
  auto command = std::make_shared<Command>();
  command->number = 1;
  command->op = "slow";
  command->view = {.mesh = 0, .origin = {0, 0}, .shape = {1, 8}};
  command->output_view = command->view;
  (void)rank_0.send(1, CommandPtr(command));

  constexpr std::size_t kChunks = 64;
  const Chunk chunk = mebibyte_for_later();
  for (std::size_t i = 0; i < kChunks; ++i) (void)rank_0.send(1, chunk);
  // 8 MiB are the window.
  EXPECT_TRUE(rank_0.await_room(1, (kChunks - 7) * kMiB, kPatience));
  EXPECT_FALSE(rank_0.await_room(1, (kChunks - 10) * kMiB, 200ms));
  EXPECT_GE(rank_0.held_bytes(1), (kChunks - 10) * kMiB);

  // They are for a command that has not come: the chip puts them aside, and that gives credit back.
  busy = false;
  busy.notify_all();
  EXPECT_TRUE(rank_0.await_room(1, 0, kPatience));
  rank_0.close();
  slow_host.join();
}

TEST(BackPressure, CommandsWaitForTheSlowestHost) {
  const SocketDirectory sockets;
  std::atomic<std::uint64_t> submitted{0};
  std::atomic<std::uint64_t> passed{0};
  std::atomic<std::uint64_t> furthest_ahead{0};
  auto table = std::make_shared<OpTable>();
  table->add("slow", slow_op([&](int column) {
               if (column != 7) return;
               if (passed == 0) {
                 // As far as the controller ever gets: it must not get past the window.
                 const auto end = std::chrono::steady_clock::now() + 300ms;
                 while (submitted < 1'024 || std::chrono::steady_clock::now() < end) {
                   std::this_thread::yield();
                 }
               }
               furthest_ahead = std::max<std::uint64_t>(furthest_ahead, submitted - passed);
               ++passed;
             }));
  std::thread slow_host([&] { serve(two_hosts(), table, options_of(sockets, 1)); });
  MeshDevice device = open(two_hosts(), table, options_of(sockets, 0));
  constexpr std::uint64_t kCommands = 5'000;
  for (std::uint64_t i = 0; i < kCommands; ++i) {
    device.enqueue("slow", {}, {});
    ++submitted;
  }
  device.synchronize();
  EXPECT_EQ(passed, kCommands);
  EXPECT_GE(furthest_ahead, 1'024U);
  EXPECT_LE(furthest_ahead, 1'025U);
  device.close();
  slow_host.join();
}

}  // namespace
}  // namespace ttmesh::mesh
