// CAF by itself, under the scheduler policies that mesh/actors/world.cpp chooses from.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <caf/all.hpp>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "mesh/actors/job_queue.hpp"

namespace ttmesh {
namespace {

using Clock = std::chrono::steady_clock;

enum Policy : std::int64_t { kStealing, kStealingRelaxed100us, kSharing, kJobQueue };

struct Configuration : caf::actor_system_config {
  explicit Configuration(std::int64_t policy) {
    set("scheduler.max-threads", std::size_t{std::max(1U, std::thread::hardware_concurrency())});
    if (policy == kSharing) set("scheduler.policy", caf::atom("sharing"));
    if (policy == kJobQueue) load<caf::scheduler::coordinator<mesh::JobQueue>>();
    if (policy == kStealingRelaxed100us) {
      set("work-stealing.relaxed-sleep-duration", caf::timespan(std::chrono::microseconds(100)));
    }
  }
};

const char* name(std::int64_t policy) {
  if (policy == kSharing) return "sharing";
  if (policy == kJobQueue) return "a list for each, a look before sleep";
  return policy == kStealing ? "stealing, as it comes" : "stealing, relaxed sleep 100 us";
}

/// Passes a count around a ring until it is 0.
class Station : public caf::event_based_actor {
 public:
  Station(caf::actor_config& config, std::atomic<int>& finished)
      : caf::event_based_actor(config), finished_(finished) {}

  caf::behavior make_behavior() override {
    return {[this](caf::atom_value, const caf::actor& next) { next_ = next; },
            [this](std::int64_t left) {
              if (left > 0) {
                send(next_, left - 1);
              } else {
                finished_.fetch_add(1);
                finished_.notify_one();
              }
            },
            [this](caf::unit_t) {
              next_ = nullptr;
              quit();
            }};
  }

 private:
  caf::actor next_;
  std::atomic<int>& finished_;
};

void wait_for(std::atomic<int>& counter, int value) {
  for (int now = counter.load(); now < value; now = counter.load()) counter.wait(now);
}

void ring_of_8_actors(benchmark::State& state) {
  constexpr int kStations = 8;
  constexpr std::int64_t kHops = 100'000;
  Configuration configuration(state.range(0));
  caf::actor_system system(configuration);
  std::atomic<int> finished{0};
  std::vector<caf::actor> stations;
  for (int i = 0; i < kStations; ++i) stations.push_back(system.spawn<Station>(std::ref(finished)));
  for (int i = 0; i < kStations; ++i) {
    caf::anon_send(stations[static_cast<std::size_t>(i)], caf::atom("next"),
                   stations[static_cast<std::size_t>((i + 1) % kStations)]);
  }
  const auto tokens = static_cast<int>(state.range(1));
  for (auto _ : state) {
    finished = 0;
    for (int i = 0; i < tokens; ++i) caf::anon_send(stations[static_cast<std::size_t>(i)], kHops);
    wait_for(finished, tokens);
  }
  for (const caf::actor& station : stations) caf::anon_send(station, caf::unit);
  state.SetLabel(name(state.range(0)));
  state.counters["messages_per_s"] = benchmark::Counter(
      static_cast<double>(kHops * tokens * state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(ring_of_8_actors)
    ->ArgNames({"policy", "tokens"})
    ->ArgsProduct({{kStealing, kStealingRelaxed100us, kSharing, kJobQueue}, {1, 8}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// One actor tells 32 others to compute for 200 us each, after 100 ms in which nothing happened, as
/// when a controller thinks between commands. Ideal with two processors: 3.2 ms.
void fan_out_after_idleness(benchmark::State& state) {
  constexpr int kWorkers = 32;
  constexpr std::chrono::microseconds kWork{200};
  constexpr std::chrono::milliseconds kIdle{100};
  Configuration configuration(state.range(0));
  caf::actor_system system(configuration);
  std::atomic<int> finished{0};
  const auto compute = [&finished, kWork](std::int64_t) {
    for (const auto end = Clock::now() + kWork; Clock::now() < end;) {
    }
    finished.fetch_add(1);
    finished.notify_one();
  };
  std::vector<caf::actor> workers;
  for (int i = 0; i < kWorkers; ++i) {
    workers.push_back(system.spawn([compute](caf::event_based_actor* self) -> caf::behavior {
      return {compute, [self](caf::unit_t) { self->quit(); }};
    }));
  }
  const caf::actor host = system.spawn([workers](caf::event_based_actor* self) -> caf::behavior {
    return {[self, workers](std::int64_t go) {
              for (const caf::actor& worker : workers) self->send(worker, go);
            },
            [self](caf::unit_t) { self->quit(); }};
  });
  for (auto _ : state) {
    finished = 0;
    std::this_thread::sleep_for(kIdle);
    const Clock::time_point begin = Clock::now();
    caf::anon_send(host, std::int64_t{1});
    wait_for(finished, kWorkers);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  caf::anon_send(host, caf::unit);
  for (const caf::actor& worker : workers) caf::anon_send(worker, caf::unit);
  state.SetLabel(name(state.range(0)));
}
BENCHMARK(fan_out_after_idleness)
    ->ArgName("policy")
    ->DenseRange(kStealing, kJobQueue)
    ->Iterations(20)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// What a policy takes of a processor when there is nothing to do.
void idleness(benchmark::State& state) {
  constexpr std::chrono::milliseconds kIdle{1000};
  Configuration configuration(state.range(0));
  caf::actor_system system(configuration);
  double busy_s = 0;
  for (auto _ : state) {
    const double before = processor_seconds();
    std::this_thread::sleep_for(kIdle);
    busy_s += processor_seconds() - before;
  }
  state.SetLabel(name(state.range(0)));
  state.counters["processor_percent"] =
      100 * busy_s /
      (std::chrono::duration<double>(kIdle).count() * static_cast<double>(state.iterations()));
}
BENCHMARK(idleness)
    ->ArgName("policy")
    ->DenseRange(kStealing, kJobQueue)
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
