// Collectives: wall time of small meshes with values, message rate of large ones without.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/all_to_all.hpp"
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

/// Wall time of an all-reduce with values over a ring of chips, by the algorithm predicted to be
/// the fastest in virtual time.
void all_reduce(benchmark::State& state) {
  const auto chips = state.range(0);
  const auto kibibytes = state.range(1);
  mesh::MeshDevice device = modules::open("t3k:1x" + std::to_string(chips) + ":ring");
  const mesh::Tensor terms =
      ops::full(device,
                {.shape = {1, 1, 1, kibibytes * 256},
                 .dtype = mesh::DataType::Float32,
                 .layout = mesh::Layout::RowMajor,
                 .memory = mesh::kDramInterleaved,
                 .distribution = {.mesh = device.shape(),
                                  .placements = {mesh::replicate(), mesh::partial()}}},
                0.5);
  const ccl::AllReduceOptions options{.topology = ccl::Topology::Ring, .algorithm = "fastest"};
  device.synchronize();
  for (auto _ : state) {
    benchmark::DoNotOptimize(ccl::all_reduce(terms, options));
    device.synchronize();
  }
}
BENCHMARK(all_reduce)
    ->ArgNames({"chips", "KiB"})
    ->ArgsProduct({{8, 32}, {4, 1024}})
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

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

/// A whole-mesh all-reduce of 1 MiB of float32 on each chip, without values.
void timing_only_whole_mesh_all_reduce_1_mib(benchmark::State& state) {
  const std::string shape = std::to_string(state.range(0)) + "x" + std::to_string(state.range(1));
  mesh::MeshDevice device =
      modules::open("galaxy:" + shape + ":ring",
                    {.threads = 2, .timing_only = true, .mesh_id = {}, .settings = {}});
  const mesh::Tensor terms = ops::full(
      device,
      {.shape = {1, 1, 1, 1 << 18},
       .dtype = mesh::DataType::Float32,
       .layout = mesh::Layout::RowMajor,
       .memory = mesh::kDramInterleaved,
       .distribution = {.mesh = device.shape(), .placements = {mesh::partial(), mesh::partial()}}},
      0.5);
  for (auto _ : state) {
    (void)ccl::all_reduce(terms, {.topology = ccl::Topology::Ring});
    device.synchronize();
  }
}
BENCHMARK(timing_only_whole_mesh_all_reduce_1_mib)
    ->ArgNames({"rows", "cols"})
    ->Args({4, 8})
    ->Args({32, 32})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// An all-to-all between all chips of a mesh, 1 MiB on each, without values: slices share links.
void timing_only_whole_mesh_all_to_all_1_mib(benchmark::State& state) {
  mesh::MeshDevice device = modules::open(
      "galaxy:4x8:ring", {.threads = 2, .timing_only = true, .mesh_id = {}, .settings = {}});
  const mesh::Tensor input = ops::full(
      device,
      {.shape = {1, 32, 8192},
       .dtype = mesh::DataType::Float32,
       .layout = mesh::Layout::RowMajor,
       .memory = mesh::kDramInterleaved,
       .distribution = {.mesh = device.shape(), .placements = {mesh::shard(0), mesh::shard(0)}}},
      0.5);
  for (auto _ : state) {
    (void)ccl::all_to_all(input, {.in_dim = 0, .out_dim = 1, .topology = ccl::Topology::Ring});
    device.synchronize();
  }
}
BENCHMARK(timing_only_whole_mesh_all_to_all_1_mib)->UseRealTime()->Unit(benchmark::kMillisecond);

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
