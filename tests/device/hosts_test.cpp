#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/transport/address.hpp"
#include "tests/device/small_device.hpp"
#include "tests/program/small_world.hpp"

// One mesh over several hosts, each with actors of its own, that talk over sockets.
namespace ttmesh::mesh {
namespace {

Topology split(const std::string& name, MeshShape hosts) {
  Topology topology = load_topology(name);
  topology.meshes.front().host_shape = hosts;
  return topology;
}

/// The hosts of a machine but rank 0, each on a thread.
class Hosts {
 public:
  Hosts(const Topology& topology, const OpTable& ops, bool timing_only = false)
      : topology_(topology), ops_(std::make_shared<const OpTable>(ops)) {
    for (int rank = 1; rank < topology.host_count(); ++rank) {
      threads_.emplace_back(
          [this, rank, timing_only] { serve(topology_, ops_, options(rank, timing_only)); });
    }
    device_ = std::make_unique<MeshDevice>(open(topology_, ops_, options(0, timing_only)));
  }
  ~Hosts() {
    device_->close();
    for (std::thread& each : threads_) each.join();
  }

  MeshDevice& device() { return *device_; }

 private:
  OpenOptions options(int rank, bool timing_only) const {
    OpenOptions options;
    options.threads = 1;
    options.timing_only = timing_only;
    options.hosting = Hosting{.rank = rank,
                              .hosts = topology_.host_count(),
                              .rank_0 = to_string(sockets_.address(0)),
                              .own = to_string(sockets_.address(rank)),
                              .token = "secret",
                              .values = "test"};
    return options;
  }

  SocketDirectory sockets_;
  Topology topology_;
  std::shared_ptr<const OpTable> ops_;
  std::vector<std::thread> threads_;
  std::unique_ptr<MeshDevice> device_;
};

OpTable ops() {
  const OpTable all = small_ops(std::make_shared<std::atomic<int>>(0));
  OpTable table;
  for (const char* op : {"double", "fail", "rotate", "greedy"}) table.add(op, all.at(op));
  return table;
}

/// What a small program leaves: values, the clock and the trace.
struct Outcome {
  std::vector<float> values;
  sim::Time end;
  std::vector<sim::Slice> slices;
};

Outcome outcome_of(MeshDevice& device) {
  device.start_recording(true);
  const TensorSpec spec = small_spec(device.shape());
  const Shape global = global_shape(spec.shape, spec.distribution);
  std::vector<float> values(static_cast<std::size_t>(global.volume()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 251);
  Tensor tensor = from_host(device, {.shape = global, .values = values},
                            {.dtype = DataType::Float32, .distribution = spec.distribution});
  for (int i = 0; i < 5; ++i) {
    tensor = device.enqueue("rotate", std::array{tensor}, {}).front();
    tensor = device.enqueue("double", std::array{tensor}, {}).front();
  }
  Report report = device.report();
  Outcome outcome{.values = to_host(tensor).floats(), .end = {}, .slices = report.trace.slices};
  outcome.end = device.synchronize();
  return outcome;
}

TEST(Hosts, GiveTheValuesTimesAndTraceOfOneProcess) {
  const std::string name = "t3k:1x8:ring";
  MeshDevice alone = open(load_topology(name), std::make_shared<const OpTable>(ops()));
  const Outcome expected = outcome_of(alone);
  alone.close();
  for (const MeshShape hosts : {MeshShape{1, 2}, MeshShape{1, 4}, MeshShape{1, 8}}) {
    Hosts spread(split(name, hosts), ops());
    const Outcome found = outcome_of(spread.device());
    EXPECT_EQ(found.values, expected.values) << to_string(hosts);
    EXPECT_EQ(found.end, expected.end) << to_string(hosts);
    ASSERT_EQ(found.slices.size(), expected.slices.size());
    for (std::size_t i = 0; i < found.slices.size(); ++i) {
      EXPECT_EQ(found.slices[i].start, expected.slices[i].start);
      EXPECT_EQ(found.slices[i].track, expected.slices[i].track);
    }
  }
}

TEST(Hosts, TellTheControllerOfAFailure) {
  Hosts spread(split("t3k:1x8:ring", {1, 2}), ops());
  const TensorSpec spec = small_spec(spread.device().shape());
  const Tensor tensor = from_host(spread.device(),
                                  {.shape = global_shape(spec.shape, spec.distribution),
                                   .values = std::vector<float>(static_cast<std::size_t>(
                                       global_shape(spec.shape, spec.distribution).volume()))},
                                  {.dtype = DataType::Float32, .distribution = spec.distribution});
  const Tensor failed = spread.device().enqueue("fail", std::array{tensor}, {}).front();
  EXPECT_THAT([&] { (void)to_host(failed); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("broken kernel")));
}

TEST(Hosts, SayWhichChipsStarveWhereverTheyAre) {
  Hosts spread(split("t3k:1x8:ring", {1, 2}), ops());
  const TensorSpec spec = small_spec(spread.device().shape());
  const Tensor tensor = from_host(spread.device(),
                                  {.shape = global_shape(spec.shape, spec.distribution),
                                   .values = std::vector<float>(static_cast<std::size_t>(
                                       global_shape(spec.shape, spec.distribution).volume()))},
                                  {.dtype = DataType::Float32, .distribution = spec.distribution});
  (void)spread.device().enqueue("greedy", std::array{tensor}, {});
  EXPECT_THAT([&] { spread.device().synchronize(); },
              testing::ThrowsMessage<Error>(testing::AllOf(testing::HasSubstr("8 chips wait"),
                                                           testing::HasSubstr("chip 7 waits in"))));
}

// The controller computes on its own meanwhile: it asks nothing of the mesh.
TEST(Hosts, ALostOneIsReportedToAControllerThatDoesNotWait) {
  const SocketDirectory sockets;
  const Topology topology = split("t3k:1x8:ring", {1, 2});
  const auto table = std::make_shared<const OpTable>(ops());
  std::promise<std::string> lost;
  const auto options_of = [&](int rank) {
    OpenOptions options;
    options.threads = 1;
    options.hosting = Hosting{.rank = rank,
                              .hosts = 2,
                              .rank_0 = to_string(sockets.address(0)),
                              .own = to_string(sockets.address(rank)),
                              .token = "secret",
                              .values = "test",
                              .lost = [&](const std::string& what) { lost.set_value(what); }};
    return options;
  };
  const pid_t other = fork();
  if (other == 0) {
    serve(topology, table, options_of(1));
    _exit(0);
  }
  {
    const MeshDevice device = open(topology, table, options_of(0));
    kill(other, SIGKILL);
    std::future<std::string> news = lost.get_future();
    ASSERT_EQ(news.wait_for(std::chrono::seconds(60)), std::future_status::ready);
    EXPECT_THAT(news.get(), testing::HasSubstr("host 1 (chips 4, 5, 6, 7) is lost"));
  }
  waitpid(other, nullptr, 0);
}

TEST(Hosts, AreRefusedWithAnotherTopology) {
  SocketDirectory sockets;
  const auto table = std::make_shared<const OpTable>(ops());
  const auto options = [&](int rank, int own) {
    OpenOptions made;
    made.hosting = Hosting{.rank = rank,
                           .hosts = 2,
                           .rank_0 = to_string(sockets.address(0)),
                           .own = to_string(sockets.address(own)),
                           .token = "secret",
                           .values = {}};
    return made;
  };
  std::string refusal;
  std::thread other([&] {
    try {
      serve(split("t3k:1x4:ring", {1, 2}), table, options(1, 2));
    } catch (const Error& error) {
      refusal = error.what();
      EXPECT_EQ(error.code(), ErrorCode::HostLost);
    }
  });
  std::thread right([&] { serve(split("t3k:1x8:ring", {1, 2}), table, options(1, 1)); });
  MeshDevice device = open(split("t3k:1x8:ring", {1, 2}), table, options(0, 0));
  other.join();
  device.close();
  right.join();
  EXPECT_FALSE(refusal.empty());
}

}  // namespace
}  // namespace ttmesh::mesh
