// Collectives: wall time of small meshes with values, message rate of large ones without.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "mesh/device/mesh_device.hpp"
#include "modules/open.hpp"
#include "ops/full.hpp"
#include "ops/matmul.hpp"

namespace ttmesh {
namespace {

/// 1 MiB of float32 on each of a line of chips.
mesh::Tensor one_mebibyte(const mesh::MeshDevice& device, mesh::Placement placement) {
  return ops::full(
      device,
      {.shape = {1, 1, 512, 512},
       .dtype = mesh::DataType::Float32,
       .layout = mesh::Layout::Tile,
       .memory = mesh::kDramInterleaved,
       .distribution = {.mesh = device.shape(), .placements = {mesh::replicate(), placement}}},
      0.5);
}

void all_reduce_1_mib_on_8_chips(benchmark::State& state) {
  mesh::MeshDevice device = modules::open("t3k:1x8:ring");
  const mesh::Tensor terms = one_mebibyte(device, mesh::partial());
  device.synchronize();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ccl::all_reduce(terms, {.topology = ccl::Topology::Ring}));
    device.synchronize();
  }
}
BENCHMARK(all_reduce_1_mib_on_8_chips)->UseRealTime()->Unit(benchmark::kMicrosecond);

void all_gather_1_mib_on_8_chips(benchmark::State& state) {
  mesh::MeshDevice device = modules::open("t3k:1x8:ring");
  const mesh::Tensor parts = one_mebibyte(device, mesh::shard(2));
  device.synchronize();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ccl::all_gather(parts, {.dim = 2, .topology = ccl::Topology::Ring}));
    device.synchronize();
  }
}
BENCHMARK(all_gather_1_mib_on_8_chips)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// What the pointers that a gather leaves cost the op that needs one block.
void all_gather_1_mib_and_matmul_on_8_chips(benchmark::State& state) {
  mesh::MeshDevice device = modules::open("t3k:1x8:ring");
  const mesh::Tensor parts = one_mebibyte(device, mesh::shard(2));
  const mesh::Tensor weight = ops::full(device,
                                        {.shape = {1, 1, 512, 32},
                                         .dtype = mesh::DataType::Float32,
                                         .layout = mesh::Layout::Tile,
                                         .memory = mesh::kDramInterleaved,
                                         .distribution = {.mesh = device.shape()}},
                                        0.5);
  device.synchronize();
  for (auto _ : state) {
    const mesh::Tensor whole = ccl::all_gather(parts, {.dim = 2, .topology = ccl::Topology::Ring});
    benchmark::DoNotOptimize(ops::linear(whole, weight));
    device.synchronize();
  }
}
BENCHMARK(all_gather_1_mib_and_matmul_on_8_chips)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// Chunks that neighbours exchange in one call, start signals included.
std::size_t messages_of(mesh::MeshDevice& device, const mesh::Tensor& terms) {
  device.start_recording(true);
  (void)ccl::all_reduce(terms, {.topology = ccl::Topology::Ring});
  return device.report().trace.arrows.size();
}

void timing_only_ring_all_reduce_1_mib(benchmark::State& state) {
  const std::string topology = "galaxy:1x" + std::to_string(state.range(0)) + ":ring";
  mesh::MeshDevice device = modules::open(topology, {.threads = static_cast<int>(state.range(1)),
                                                     .timing_only = true,
                                                     .mesh_id = {},
                                                     .settings = {}});
  const mesh::Tensor terms = one_mebibyte(device, mesh::partial());
  const std::size_t messages = messages_of(device, terms);
  device.start_recording(false);
  for (auto _ : state) {
    (void)ccl::all_reduce(terms, {.topology = ccl::Topology::Ring});
    device.synchronize();
  }
  state.counters["messages_per_s"] =
      benchmark::Counter(static_cast<double>(messages) * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate);
}
BENCHMARK(timing_only_ring_all_reduce_1_mib)
    ->ArgNames({"chips", "threads"})
    ->ArgsProduct({{8, 64, 256, 1024}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
