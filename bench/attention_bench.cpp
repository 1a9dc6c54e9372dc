// What attention of one chip costs on one thread: a decode step over a long cache, and a prompt.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "ops/head_attention.hpp"

namespace ttmesh {
namespace {

constexpr std::int64_t kHeadDim = 64;
constexpr std::int64_t kGroup = 4;  ///< Query heads that share a key head.
constexpr float kScale = 0.125F;

mesh::Block filled(const mesh::Shape& shape) {
  constexpr std::uint16_t kHundredth = 0x3c23;
  auto buffer = std::make_shared<mesh::Buffer>(static_cast<std::size_t>(shape.volume() * 2));
  std::ranges::fill(mesh::values<std::uint16_t>(*buffer), kHundredth);
  return {shape, mesh::HeldType::Bfloat16, std::move(buffer)};
}

/// What a decode multiplies of bfloat16 operands.
const ops::Truncation kHiFi2 = ops::truncation_of(
    sim::MathFidelity::HiFi2, mesh::DataType::Bfloat16, mesh::DataType::Bfloat16);

// A key head of llama-3.2-1b for 32 users, as a chip of eight has it; all see `keys` of 1,024.
void decode_attention(benchmark::State& state) {
  constexpr std::int64_t kUsers = 32;
  const std::int64_t keys = state.range(0);
  const mesh::Block cache = filled({kUsers, 1, 1024, kHeadDim});
  ops::HeadAttention attention(mesh::HeldType::Bfloat16, cache, cache, kScale,
                               {.scores = kHiFi2, .weights = kHiFi2});
  const std::vector<float> queries(kGroup * kHeadDim, 0.5F);
  const std::vector<ops::KeyRange> visible(kGroup, {0, keys});
  std::vector<float> out(queries.size());
  for (auto _ : state) {
    for (std::int64_t user = 0; user < kUsers; ++user) {
      attention.attend(user, {.values = queries, .visible = visible}, out);
    }
  }
  const double read = 2.0 * kUsers * static_cast<double>(keys * kHeadDim * 2);
  state.SetBytesProcessed(static_cast<std::int64_t>(read) * state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(
      read * kGroup * static_cast<double>(state.iterations()) * 1e-9, benchmark::Counter::kIsRate);
}
BENCHMARK(decode_attention)->ArgName("keys")->Arg(100)->Arg(900)->Unit(benchmark::kMicrosecond);

// A key head's causal attention of a prompt, 64 queries of each of its query heads at a time.
void prompt_attention(benchmark::State& state) {
  constexpr std::int64_t kQueries = 64;
  const std::int64_t length = state.range(0);
  const mesh::Block cache = filled({1, 1, length, kHeadDim});
  ops::HeadAttention attention(mesh::HeldType::Bfloat16, cache, cache, kScale, {});
  const std::vector<float> queries(kGroup * kQueries * kHeadDim, 0.5F);
  std::vector<float> out(queries.size());
  std::vector<ops::KeyRange> visible;
  for (auto _ : state) {
    for (std::int64_t first = 0; first < length; first += kQueries) {
      visible.clear();
      for (std::int64_t i = 0; i < kGroup * kQueries; ++i) {
        visible.push_back({0, first + i % kQueries + 1});
      }
      attention.attend(0, {.values = queries, .visible = visible}, out);
    }
  }
  const double pairs = static_cast<double>(kGroup * length) * static_cast<double>(length) / 2;
  state.counters["GFLOP/s"] =
      benchmark::Counter(4 * kHeadDim * pairs * static_cast<double>(state.iterations()) * 1e-9,
                         benchmark::Counter::kIsRate);
}
BENCHMARK(prompt_attention)->ArgName("length")->Arg(8192)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
