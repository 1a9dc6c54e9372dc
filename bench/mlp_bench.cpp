// What the emulation costs on top of the arithmetic: an MLP on a mesh against the same three
// products unsharded, with oneDNN on all processors, in turns.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bench/filled_buffer.hpp"
#include "bench/timing.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/block.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/open.hpp"
#include "ops/onednn_matmul.hpp"

namespace ttmesh {
namespace {

struct MlpCase {
  std::string topology;
  std::int64_t dim;
  std::int64_t hidden;
  mesh::DataType gate_up;
  mesh::DataType down;
};

constexpr std::int64_t kRows = 32;

/// The three products of an MLP on weights that are packed already; no activation.
class UnshardedMlp {
 public:
  explicit UnshardedMlp(const MlpCase& mlp)
      : type_(mesh::held_type(mlp.gate_up)),
        up_{mlp.dim, mlp.hidden, type_},
        down_{mlp.hidden, mlp.dim, type_},
        input_(bytes_of(mlp.dim)),
        gate_(bytes_of(mlp.hidden)),
        output_(bytes_of(mlp.dim)),
        w1_(ops::packed_bytes(up_)),
        w3_(ops::packed_bytes(up_)),
        w2_(ops::packed_bytes(down_)) {}

  void run() {
    multiply(up_, input_, w1_, gate_);
    multiply(up_, input_, w3_, gate_);
    multiply(down_, gate_, w2_, output_);
  }

 private:
  std::size_t bytes_of(std::int64_t width) const {
    return static_cast<std::size_t>(kRows * width * mesh::held_bytes(type_));
  }

  void multiply(const ops::PackedMatrix& weight, const mesh::Buffer& a, const mesh::Buffer& b,
                mesh::Buffer& c) const {
    ops::execute({.m = kRows,
                  .k = weight.k,
                  .n = weight.n,
                  .c_stride = weight.n,
                  .in = type_,
                  .out = type_,
                  .b_packed = true,
                  .threads = static_cast<int>(std::thread::hardware_concurrency())},
                 a.data(), b.data(), c.data());
  }

  mesh::HeldType type_;
  ops::PackedMatrix up_;
  ops::PackedMatrix down_;
  FilledBuffer input_;
  FilledBuffer gate_;
  FilledBuffer output_;
  FilledBuffer w1_;
  FilledBuffer w3_;
  FilledBuffer w2_;
};

modules::LazyWeight weight(std::uint64_t stream, std::int64_t rows, std::int64_t cols,
                           mesh::DataType dtype) {
  return modules::LazyWeight(
      modules::RandomNormal{.key = {.seed = 1, .stream = stream},
                            .scale = 1 / std::sqrt(static_cast<double>(rows)),
                            .shape = {rows, cols}},
      {.dtype = dtype});
}

template <typename Module, typename Config>
void compare(benchmark::State& state, const MlpCase& mlp) {
  mesh::MeshDevice device = modules::open(mlp.topology);
  Config config{.w1 = weight(1, mlp.dim, mlp.hidden, mlp.gate_up),
                .w2 = weight(2, mlp.hidden, mlp.dim, mlp.down),
                .w3 = weight(3, mlp.dim, mlp.hidden, mlp.gate_up)};
  config.device = device;
  Module module = Module::from_config(config);
  const modules::LazyWeight input(
      modules::RandomNormal{.key = {.seed = 2}, .shape = {1, 1, kRows, mlp.dim}},
      {.dtype = mlp.gate_up == mesh::DataType::Float32 ? mesh::DataType::Float32
                                                       : mesh::DataType::Bfloat16});
  UnshardedMlp unsharded(mlp);

  const auto emulate = [&] {
    const mesh::Tensor x = module.input(input, modules::Mode::Decode);
    device.synchronize();
    return seconds_of([&] {
      (void)module.decode_forward(x);
      device.synchronize();
    });
  };
  emulate();
  unsharded.run();

  std::vector<double> emulated_s;
  std::vector<double> unsharded_s;
  for (auto _ : state) {
    unsharded_s.push_back(seconds_of([&] { unsharded.run(); }));
    std::this_thread::sleep_for(kSpinEnd);
    emulated_s.push_back(emulate());
    state.SetIterationTime(emulated_s.back());
  }
  state.counters["emulated_ms"] = median(emulated_s) * 1e3;
  state.counters["unsharded_ms"] = median(unsharded_s) * 1e3;
  state.counters["ratio"] = median(emulated_s) / median(unsharded_s);
}

void mlp_1d_float32_on_8_chips(benchmark::State& state) {
  compare<modules::MLP1D, modules::MLP1DConfig>(state, {.topology = "t3k:1x8:ring",
                                                        .dim = 2048,
                                                        .hidden = 8192,
                                                        .gate_up = mesh::DataType::Float32,
                                                        .down = mesh::DataType::Float32});
}
BENCHMARK(mlp_1d_float32_on_8_chips)
    ->UseManualTime()
    ->Iterations(31)
    ->Unit(benchmark::kMillisecond);

void mlp_2d_70b_mixed_on_tg(benchmark::State& state) {
  compare<modules::MLP2D, modules::MLP2DConfig>(state, {.topology = "tg",
                                                        .dim = 8192,
                                                        .hidden = 28672,
                                                        .gate_up = mesh::DataType::Bfp4B,
                                                        .down = mesh::DataType::Bfp8B});
}
BENCHMARK(mlp_2d_70b_mixed_on_tg)->UseManualTime()->Iterations(15)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
