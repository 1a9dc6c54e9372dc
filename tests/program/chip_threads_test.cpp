// The chip's logic driven by plain threads, one a chip: what ThreadSanitizer can see.
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "mesh/actors/activity.hpp"
#include "tests/program/small_world.hpp"

namespace ttmesh::mesh {
namespace {

class ThreadedWorld : public SmallWorld {
 public:
  ThreadedWorld(const std::string& topology, OpTable ops) : SmallWorld(topology, std::move(ops)) {
    queues_ = std::vector<Queue>(static_cast<std::size_t>(chip_count()));
    for (Queue& queue : queues_) {
      queue.thread = std::thread([this, &queue] { serve(queue); });
    }
  }
  ~ThreadedWorld() override {
    for (Queue& queue : queues_) {
      {
        const std::lock_guard lock(queue.mutex);
        queue.stopped = true;
      }
      queue.changed.notify_one();
      queue.thread.join();
    }
  }

  void post(Envelope envelope) override {
    activity.begin();
    Queue& queue = queues_[static_cast<std::size_t>(envelope.to)];
    {
      const std::lock_guard lock(queue.mutex);
      queue.envelopes.push_back(std::move(envelope));
    }
    queue.changed.notify_one();
  }

  Activity activity;

 private:
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Envelope> envelopes;
    bool stopped = false;
    std::thread thread;
  };

  void serve(Queue& queue) {
    while (true) {
      std::unique_lock lock(queue.mutex);
      queue.changed.wait(lock, [&] { return queue.stopped || !queue.envelopes.empty(); });
      if (queue.envelopes.empty()) return;
      Envelope next = std::move(queue.envelopes.front());
      queue.envelopes.pop_front();
      lock.unlock();
      const HandledMessage handled(activity);
      deliver(std::move(next));
    }
  }

  std::vector<Queue> queues_;
};

TEST(ChipsOnThreads, GiveTheSameValuesAndTimesAsOneThread) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  SmallWorld single("t3k:1x8:ring", small_ops(runs));
  ThreadedWorld threaded("t3k:1x8:ring", small_ops(runs));
  for (SmallWorld* world : {&single, static_cast<SmallWorld*>(&threaded)}) {
    TensorId tensor = world->write();
    for (int i = 0; i < 20; ++i) tensor = world->issue("double", world->issue("rotate", tensor));
    world->read(tensor);
  }
  single.run();
  threaded.activity.wait_until_idle();

  ASSERT_EQ(threaded.delivered.size(), single.delivered.size());
  for (ChipId chip = 0; chip < single.chip_count(); ++chip) {
    EXPECT_EQ(threaded.chip(chip).report().queue_end, single.chip(chip).report().queue_end);
    EXPECT_EQ(to_host(threaded.delivered.at(chip).shard).floats(),
              to_host(single.delivered.at(chip).shard).floats());
  }
}

TEST(ChipsOnThreads, ShareReplicatedWork) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  ThreadedWorld world("t3k:1x8:ring", small_ops(runs));
  TensorId tensor = world.write(replicate());
  for (int i = 0; i < 50; ++i) tensor = world.issue("double", tensor);
  world.read(tensor);
  world.activity.wait_until_idle();
  EXPECT_EQ(*runs, 50);
  EXPECT_EQ(world.finished_commands, 52);
}

TEST(ChipsOnThreads, GoIdleWhenAChunkNeverComes) {
  const auto runs = std::make_shared<std::atomic<int>>(0);
  ThreadedWorld world("t3k:1x8:ring", small_ops(runs));
  world.issue("greedy", world.write());
  world.activity.wait_until_idle();
  EXPECT_EQ(world.finished_commands, 1);
}

}  // namespace
}  // namespace ttmesh::mesh
