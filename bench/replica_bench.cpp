// What replicated work costs: an op whose inputs are the same on all chips is done once on a host,
// so eight chips should take little more than one.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "bench/timing.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/open.hpp"
#include "ops/matmul.hpp"
#include "ops/rms_norm.hpp"

namespace ttmesh {
namespace {

constexpr std::int64_t kRows = 1024;
constexpr std::int64_t kDim = 2048;
constexpr int kCalls = 4;

mesh::Tensor random_on(const mesh::MeshDevice& device, std::uint64_t stream, mesh::Shape shape,
                       const mesh::Distribution& distribution) {
  return modules::LazyWeight(
             modules::RandomNormal{.key = {.seed = 1, .stream = stream}, .shape = std::move(shape)},
             {.layout = mesh::Layout::Tile,
              .memory = mesh::kDramInterleaved,
              .distribution = distribution,
              .device = device})
      .get_device_weight();
}

double ms_of(mesh::MeshDevice device, const auto& call) {
  device.synchronize();
  return seconds_of([&] {
           for (int i = 0; i < kCalls; ++i) (void)call();
           device.synchronize();
         }) *
         1e3 / kCalls;
}

/// The call that `make` gives for a device and inputs of a distribution: on one chip, on eight that
/// have the same inputs, and on eight whose inputs differ.
template <typename Make>
void compare(benchmark::State& state, const Make& make) {
  const mesh::MeshDevice one = modules::open("t3k:1x1", {.threads = 1});
  const mesh::MeshDevice eight = modules::open("t3k:1x8:ring", {.threads = 1});
  const auto alone = make(one, mesh::replicate_tensor_to_mesh(one.shape()));
  const auto alike = make(eight, mesh::replicate_tensor_to_mesh(eight.shape()));
  const auto unlike = make(eight, mesh::shard_tensor_to_mesh(eight.shape(), 0));
  std::vector<double> alone_ms;
  std::vector<double> alike_ms;
  std::vector<double> unlike_ms;
  for (auto _ : state) {
    alone_ms.push_back(ms_of(one, alone));
    alike_ms.push_back(ms_of(eight, alike));
    unlike_ms.push_back(ms_of(eight, unlike));
    state.SetIterationTime(alike_ms.back() * 1e-3);
  }
  state.counters["one_chip_ms"] = median(alone_ms);
  state.counters["alike_ms"] = median(alike_ms);
  state.counters["unlike_ms"] = median(unlike_ms);
  state.counters["ratio"] = median(alike_ms) / median(alone_ms);
}

/// Extents of what chips have one above another, if they are not to have the same.
mesh::Shape stacked(const mesh::Distribution& distribution, std::int64_t rows, std::int64_t cols) {
  const bool differs = distribution.placements[1].kind == mesh::Placement::Kind::Shard;
  return {differs ? distribution.mesh.size() : 1, 1, rows, cols};
}

void replicated_linear(benchmark::State& state) {
  compare(state, [](const mesh::MeshDevice& device, const mesh::Distribution& distribution) {
    const mesh::Tensor x = random_on(device, 1, stacked(distribution, kRows, kDim), distribution);
    const mesh::Tensor w =
        random_on(device, 2, {1, 1, kDim, kDim}, mesh::replicate_tensor_to_mesh(device.shape()));
    return [x, w] { return ops::linear(x, w, {}); };
  });
}
BENCHMARK(replicated_linear)->UseManualTime()->Iterations(9)->Unit(benchmark::kMillisecond);

void replicated_rms_norm(benchmark::State& state) {
  compare(state, [](const mesh::MeshDevice& device, const mesh::Distribution& distribution) {
    const mesh::Tensor x = random_on(device, 1, stacked(distribution, kRows, kDim), distribution);
    return [x] { return ops::rms_norm(x, {}); };
  });
}
BENCHMARK(replicated_rms_norm)->UseManualTime()->Iterations(9)->Unit(benchmark::kMillisecond);

/// A replicated activation times weights that differ: what remains is cutting the activation to the
/// mantissa that the fidelity multiplies. Eight parts of a weight against the whole of it.
void truncation_of_a_replicated_activation(benchmark::State& state) {
  const mesh::MeshDevice one = modules::open("t3k:1x1", {.threads = 1});
  const mesh::MeshDevice eight = modules::open("t3k:1x8:ring", {.threads = 1});
  constexpr std::int64_t kNarrow = 512;
  const auto call_on = [](const mesh::MeshDevice& device) {
    const mesh::Tensor x =
        random_on(device, 1, {1, 1, kRows, kDim}, mesh::replicate_tensor_to_mesh(device.shape()));
    const mesh::Tensor w =
        random_on(device, 2, {1, 1, kDim, kNarrow}, mesh::shard_tensor_to_mesh(device.shape(), 3));
    return [x, w] { return ops::linear(x, w, {.fidelity = sim::MathFidelity::HiFi2}); };
  };
  const auto whole = call_on(one);
  const auto parts = call_on(eight);
  std::vector<double> whole_ms;
  std::vector<double> parts_ms;
  for (auto _ : state) {
    whole_ms.push_back(ms_of(one, whole));
    parts_ms.push_back(ms_of(eight, parts));
    state.SetIterationTime(parts_ms.back() * 1e-3);
  }
  state.counters["one_chip_ms"] = median(whole_ms);
  state.counters["eight_parts_ms"] = median(parts_ms);
  state.counters["ratio"] = median(parts_ms) / median(whole_ms);
}
BENCHMARK(truncation_of_a_replicated_activation)
    ->UseManualTime()
    ->Iterations(9)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
