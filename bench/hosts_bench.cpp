// Chips of two hosts that talk to each other, against the least that asio can do: a chunk of 4 KiB
// from actor to actor and back, and the same bytes in a bare loop of reads and writes.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "bench/bare_loop.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/transport/address.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::int32_t kRoundTrips = 1000;
constexpr ChipId kNear = 3;  ///< The last chip of one host, and the first of the other.
constexpr ChipId kFar = 4;

Step step_of(Step::Kind kind, ChipId peer, std::int32_t slot, std::int32_t round) {
  Step step;
  step.kind = kind;
  step.engine = sim::Engine::Relay;
  step.peer = peer;
  step.slot = slot;
  step.round = round;
  return step;
}

Generator<Step> bounce(ChipId chip) {
  if (chip != kNear && chip != kFar) co_return;
  for (std::int32_t round = 0; round < kRoundTrips; ++round) {
    if (chip == kNear) co_yield step_of(Step::Kind::Send, kFar, 0, round);
    co_yield step_of(Step::Kind::Receive, chip == kNear ? kFar : kNear, 1, round);
    if (chip == kFar) co_yield step_of(Step::Kind::Send, kNear, 1, round);
  }
}

/// A collective in which one chunk goes there and back, again and again.
OpDefinition bounce_definition() {
  OpDefinition definition;
  definition.infer = [](const OpCall& call) { return std::vector{call.inputs.front()}; };
  definition.schedule = [](const CollectiveCall&) {
    return Schedule{.plan = [](ChipId chip) {
      StepPlan plan;
      plan.slots = {.dim = 3,
                    .parts = 1,
                    .slots = 2,
                    .input_first = 0,
                    .input_slices = 1,
                    .output_first = chip == kNear || chip == kFar ? 1 : 0,
                    .output_slices = 1};
      plan.steps = bounce(chip);
      return plan;
    }};
  };
  return definition;
}

/// A machine of eight chips on two hosts.
class TwoHosts {
 public:
  TwoHosts() {
    auto table = std::make_shared<OpTable>();
    table->add("bounce", bounce_definition());
    ops_ = std::move(table);
    topology_ = load_topology("t3k:1x8:ring");
    topology_.meshes.front().host_shape = {1, 2};
    other_ = std::thread([this] { serve(topology_, ops_, options(1)); });
    device_ = std::make_unique<MeshDevice>(open(topology_, ops_, options(0)));
  }
  ~TwoHosts() {
    device_->close();
    other_.join();
  }
  TwoHosts(const TwoHosts&) = delete;
  TwoHosts& operator=(const TwoHosts&) = delete;

  MeshDevice& device() { return *device_; }

 private:
  OpenOptions options(int rank) const {
    OpenOptions options;
    options.threads = 1;
    options.hosting = Hosting{.rank = rank,
                              .hosts = 2,
                              .rank_0 = to_string(sockets_.address(0)),
                              .own = to_string(sockets_.address(rank)),
                              .token = "bench",
                              .values = {}};
    return options;
  }

  SocketDirectory sockets_;
  std::shared_ptr<const OpTable> ops_;
  Topology topology_;
  std::thread other_;
  std::unique_ptr<MeshDevice> device_;
};

void actors_round_trip(benchmark::State& state) {
  TwoHosts hosts;
  MeshDevice& device = hosts.device();
  const Tensor tensor =
      from_host(device, {.shape = {1, 1, 32, 256}, .values = std::vector<float>(32 * 256)},
                {.dtype = DataType::Float32,
                 .distribution = shard_tensor_2d_mesh(device.shape(), {std::nullopt, 3})});
  for (auto _ : state) {
    (void)device.enqueue("bounce", std::array{tensor}, {});
    device.synchronize();
  }
  state.counters["round_trip"] = benchmark::Counter(
      kRoundTrips, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void bare_loop_round_trip(benchmark::State& state) {
  BareLoop loop({.bytes = 4 << 10});
  for (auto _ : state) loop.round_trips(kRoundTrips);
  state.counters["round_trip"] = benchmark::Counter(
      kRoundTrips, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK(bare_loop_round_trip)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(actors_round_trip)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh::mesh
