// Number formats and random values, on one thread.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mesh/tensor/dtype.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/tensor/rounding.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::size_t kValues = std::size_t{1} << 20;

std::vector<float> normals() {
  std::vector<float> values(kValues);
  fill_normal({.seed = 1}, 0, 1.0F, values);
  return values;
}

void count_floats(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kValues * sizeof(float)));
}

/// Bytes a second are those of the float32 side.
void round_float32(benchmark::State& state) {
  const auto dtype = static_cast<DataType>(state.range(0));
  const std::vector<float> values = normals();
  std::vector<Bfloat16> rounded(kValues);
  for (auto _ : state) {
    round_values(values.data(), rounded.data(), kValues, dtype);
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::string(name(dtype)));
  count_floats(state);
}
BENCHMARK(round_float32)
    ->ArgName("dtype")
    ->Arg(static_cast<std::int64_t>(DataType::Bfloat16))
    ->Arg(static_cast<std::int64_t>(DataType::Bfp8B))
    ->Arg(static_cast<std::int64_t>(DataType::Bfp4B));

void widen_to_float32(benchmark::State& state) {
  const std::vector<Bfloat16> values(kValues, to_bfloat16(0.5F));
  std::vector<float> wide(kValues);
  for (auto _ : state) {
    widen_values(values.data(), wide.data(), kValues);
    benchmark::ClobberMemory();
  }
  count_floats(state);
}
BENCHMARK(widen_to_float32);

void fill_with_normals(benchmark::State& state) {
  std::vector<float> values(kValues);
  for (auto _ : state) {
    fill_normal({.seed = 1}, 0, 1.0F, values);
    benchmark::ClobberMemory();
  }
  count_floats(state);
}
BENCHMARK(fill_with_normals);

}  // namespace
}  // namespace ttmesh::mesh
