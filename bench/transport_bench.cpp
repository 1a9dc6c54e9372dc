// Messages between two endpoints, against the least that asio can do: the same bytes in a bare loop
// of reads and writes into one buffer. Each side has a thread of its own; loopback.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/bare_loop.hpp"
#include "mesh/transport/endpoint.hpp"

namespace ttmesh::mesh {
namespace {

/// Two endpoints that are connected.
class Hosts {
 public:
  explicit Hosts(Kind kind)
      : zero_(options_of(0), handlers([this](const Message& message) { came_back(message); })),
        one_(options_of(1), handlers([this](const Message& message) { came(message); })) {
    const Address address =
        zero_.listen(kind == Unix ? sockets_.address(0) : parse_address("tcp:127.0.0.1:0"));
    one_.connect(0, address);
    zero_.await_peers(std::chrono::seconds(10));
  }

  void stream(const Chunk& chunk, int count) {
    echo_ = false;
    left_ = count;
    for (int i = 0; i < count; ++i) (void)zero_.send(1, chunk);
    wait();
  }

  void round_trips(const Chunk& chunk, int count) {
    echo_ = true;
    left_ = count;
    (void)zero_.send(1, chunk);
    wait();
  }

 private:
  static TransportOptions options_of(int rank) {
    return {.identity = {.rank = rank, .hosts = 2, .token = "bench"}};
  }
  static TransportHandlers handlers(const std::function<void(const Message&)>& received) {
    return {.received =
                [received](int, const Message& message, const Receipt&) {
                  if (std::holds_alternative<Chunk>(message)) received(message);
                },
            .lost = [](int, const std::string&) { std::abort(); },
            .refused = [](const std::string&, const std::string&) { std::abort(); }};
  }

  void came(const Message& message) {
    if (echo_) {
      (void)one_.send(0, message);
    } else {
      count_down();
    }
  }
  void came_back(const Message& message) {
    if (left_ > 1) (void)zero_.send(1, message);
    count_down();
  }
  void count_down() {
    if (left_.fetch_sub(1) == 1) left_.notify_one();
  }
  void wait() {
    for (int left = left_; left > 0; left = left_) left_.wait(left);
  }

  SocketDirectory sockets_;
  std::atomic<bool> echo_ = false;
  std::atomic<int> left_ = 0;
  Endpoint zero_;
  Endpoint one_;
};

Chunk chunk_of(std::int64_t bytes) {
  const std::int64_t words = bytes / 4;
  auto buffer = std::make_shared<Buffer>(static_cast<std::size_t>(bytes));
  for (float& value : values<float>(*buffer)) value = 1.0F;
  return {.from = 0,
          .to = 1,
          .piece = {.block = std::make_shared<const Block>(Shape{words}, HeldType::Float32,
                                                           std::move(buffer)),
                    .region = {.row_length = words, .stride = words, .end = words},
                    .bytes = bytes}};
}

int messages_of(std::int64_t bytes) {
  return static_cast<int>(std::max<std::int64_t>((std::int64_t{64} << 20) / bytes, 64));
}

void bare_stream(benchmark::State& state) {
  BareLoop loop(static_cast<Kind>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  const int count = messages_of(state.range(1));
  for (auto _ : state) loop.stream(count);
  state.SetBytesProcessed(state.iterations() * count * state.range(1));
}

void transport_stream(benchmark::State& state) {
  Hosts hosts(static_cast<Kind>(state.range(0)));
  const Chunk chunk = chunk_of(state.range(1));
  const int count = messages_of(state.range(1));
  for (auto _ : state) hosts.stream(chunk, count);
  state.SetBytesProcessed(state.iterations() * count * state.range(1));
}

constexpr int kRoundTrips = 1000;

void bare_round_trip(benchmark::State& state) {
  BareLoop loop(static_cast<Kind>(state.range(0)), static_cast<std::size_t>(state.range(1)));
  for (auto _ : state) loop.round_trips(kRoundTrips);
  state.counters["round_trip"] = benchmark::Counter(
      kRoundTrips, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void transport_round_trip(benchmark::State& state) {
  Hosts hosts(static_cast<Kind>(state.range(0)));
  const Chunk chunk = chunk_of(state.range(1));
  for (auto _ : state) hosts.round_trips(chunk, kRoundTrips);
  state.counters["round_trip"] = benchmark::Counter(
      kRoundTrips, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"tcp", "bytes"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const std::int64_t kind : {Unix, Tcp}) {
    for (const std::int64_t bytes : {4 << 10, 64 << 10, 1 << 20}) bench->Args({kind, bytes});
  }
}
void small(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"tcp", "bytes"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const std::int64_t kind : {Unix, Tcp}) bench->Args({kind, 4 << 10});
}

BENCHMARK(bare_stream)->Apply(sizes);
BENCHMARK(transport_stream)->Apply(sizes);
BENCHMARK(bare_round_trip)->Apply(small);
BENCHMARK(transport_round_trip)->Apply(small);

}  // namespace
}  // namespace ttmesh::mesh
