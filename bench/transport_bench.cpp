// Messages between two hosts, each a process, against the least that asio can do: the same bytes in
// a bare loop between two processes, in turns. Over MPI, the bare loop is that of Unix sockets.
#include "bench/transport_bench.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "bench/bare_loop.hpp"
#include "bench/link.hpp"
#include "bench/timing.hpp"

namespace ttmesh::mesh {
namespace {

constexpr int kTurns = 31;
constexpr int kRoundTrips = 1000;

/// What the transport sets for TCP within a machine; with it the loop is faster too.
constexpr const char* kCongestionControl = "reno";

int messages_of(std::int64_t bytes) {
  return static_cast<int>(std::max<std::int64_t>((std::int64_t{64} << 20) / bytes, 64));
}

BareLoopOptions bare_options(TransportKind kind, std::int64_t bytes) {
  return {.kind = kind == TransportKind::Tcp ? TransportKind::Tcp : TransportKind::Unix,
          .bytes = static_cast<std::size_t>(bytes),
          .congestion_control = kCongestionControl};
}

/// MPI can be joined once in a process.
Link& mpi_link() {
  static Link link(TransportKind::Mpi);
  return link;
}

struct Seconds {
  std::vector<double> bare;
  std::vector<double> transport;
};

Seconds in_turns(benchmark::State& state, const auto& bare, const auto& transport) {
  bare();
  transport();
  Seconds seconds;
  for (auto _ : state) {
    seconds.bare.push_back(seconds_of(bare));
    seconds.transport.push_back(seconds_of(transport));
    state.SetIterationTime(seconds.transport.back());
  }
  return seconds;
}

void compare_streams(benchmark::State& state, Link& link, BareLoop& loop) {
  const std::int64_t bytes = state.range(0);
  const int count = messages_of(bytes);
  const Chunk chunk = chunk_of(bytes);
  const Seconds seconds = in_turns(
      state, [&] { loop.stream(count); }, [&] { link.stream(chunk, count); });
  const double gigabytes = static_cast<double>(count) * static_cast<double>(bytes) * 1e-9;
  state.counters["bare_GB/s"] = gigabytes / median(seconds.bare);
  state.counters["GB/s"] = gigabytes / median(seconds.transport);
  state.counters["of_bare"] = median(seconds.bare) / median(seconds.transport);
}

void compare_round_trips(benchmark::State& state, Link& link, BareLoop& loop) {
  const Chunk chunk = chunk_of(state.range(0));
  const Seconds seconds = in_turns(
      state, [&] { loop.round_trips(kRoundTrips); }, [&] { link.round_trips(chunk, kRoundTrips); });
  state.counters["bare_us"] = median(seconds.bare) / kRoundTrips * 1e6;
  state.counters["us"] = median(seconds.transport) / kRoundTrips * 1e6;
  state.counters["ratio"] = median(seconds.transport) / median(seconds.bare);
}

template <auto compare>
void run(benchmark::State& state, TransportKind kind) {
  BareLoop loop(bare_options(kind, state.range(0)));
  if (kind == TransportKind::Mpi) {
    compare(state, mpi_link(), loop);
  } else {
    Link link(kind);
    compare(state, link, loop);
  }
}

void register_rows(TransportKind kind) {
  const std::string name(to_string(kind));
  const auto stream = [kind](benchmark::State& state) { run<compare_streams>(state, kind); };
  const auto trips = [kind](benchmark::State& state) { run<compare_round_trips>(state, kind); };
  benchmark::RegisterBenchmark(("stream_of_chunks/" + name).c_str(), stream)
      ->ArgName("bytes")
      ->Arg(4 << 10)
      ->Arg(64 << 10)
      ->Arg(1 << 20)
      ->UseManualTime()
      ->Iterations(kTurns)
      ->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark(("round_trip_of_chunk/" + name).c_str(), trips)
      ->ArgName("bytes")
      ->Arg(4 << 10)
      ->UseManualTime()
      ->Iterations(kTurns)
      ->Unit(benchmark::kMillisecond);
}

/// What the system's own choice makes of the bare loop over TCP.
void bare_stream_as_the_system_has_it(benchmark::State& state) {
  const std::int64_t bytes = state.range(0);
  BareLoop loop({.kind = TransportKind::Tcp, .bytes = static_cast<std::size_t>(bytes)});
  const int count = messages_of(bytes);
  for (auto _ : state) loop.stream(count);
  state.SetBytesProcessed(state.iterations() * count * bytes);
}
BENCHMARK(bare_stream_as_the_system_has_it)
    ->Name("bare_stream_as_the_system_has_it/tcp")
    ->ArgName("bytes")
    ->Arg(1 << 20)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

void register_transport_rows() {
  register_rows(TransportKind::Unix);
  register_rows(TransportKind::Tcp);
  if (rank_of_two()) register_rows(TransportKind::Mpi);
}

void release_other_rank() { (void)mpi_link(); }

}  // namespace ttmesh::mesh
