// What the emulation costs on top of the arithmetic: a decode step of a whole model on a mesh
// against its products alone, those of attention included, unsharded, with oneDNN on all
// processors, in turns. And what a step of a large model costs without values.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "bench/filled_buffer.hpp"
#include "bench/timing.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/block.hpp"
#include "modules/model/model.hpp"
#include "modules/open.hpp"
#include "ops/onednn_matmul.hpp"

namespace ttmesh {
namespace {

constexpr int kUsers = 32;
constexpr std::int64_t kPosition = 127;

/// The products of a model's step: of its weights, packed already, with a row of each user, and of
/// each user's query heads with its keys and values; nothing else of the model.
class UnshardedProducts {
 public:
  explicit UnshardedProducts(const modules::ModelSpec& spec) : spec_(spec) {
    const std::int64_t query = spec->heads * spec->head_dim;
    const std::int64_t key = spec->kv_heads * spec->head_dim;
    for (int layer = 0; layer < spec->layers; ++layer) {
      caches_.push_back(std::make_unique<FilledBuffer>(
          static_cast<std::size_t>(2 * kUsers * key * (kPosition + 1) * 2)));
      add(spec->dim, query + 2 * key);
      add(query, spec->dim);
      add(spec->dim, spec->hidden_dim);
      add(spec->dim, spec->hidden_dim);
      add(spec->hidden_dim, spec->dim);
    }
    add(spec->dim, spec->vocab);
    std::int64_t widest = 0;
    for (const Product& product : products_) {
      widest = std::max({widest, product.weight.k, product.weight.n});
    }
    input_ = std::make_unique<FilledBuffer>(static_cast<std::size_t>(kUsers * widest * 2));
    output_ = std::make_unique<FilledBuffer>(static_cast<std::size_t>(kUsers * widest * 2));
  }

  void run() {
    for (const Product& product : products_) {
      ops::execute({.m = kUsers,
                    .k = product.weight.k,
                    .n = product.weight.n,
                    .c_stride = product.weight.n,
                    .in = mesh::HeldType::Bfloat16,
                    .out = mesh::HeldType::Bfloat16,
                    .b_packed = true,
                    .threads = static_cast<int>(std::thread::hardware_concurrency())},
                   input_->data(), product.values->data(), output_->data());
    }
    for (const auto& cache : caches_) attend(*cache);
  }

 private:
  // Scores of the query heads that share a key head, and their mixture of values, for all users.
  void attend(const mesh::Buffer& cache) const {
    const std::int64_t shared = spec_->heads / spec_->kv_heads;
    const std::int64_t count = kPosition + 1;
    const std::int64_t pairs = kUsers * spec_->kv_heads;
    const auto keys_bytes = static_cast<std::size_t>(count * spec_->head_dim * 2);
#pragma omp parallel for
    for (std::int64_t i = 0; i < pairs; ++i) {
      std::vector<float> scores(static_cast<std::size_t>(shared * count));
      std::vector<float> mixed(static_cast<std::size_t>(shared * spec_->head_dim));
      const std::byte* keys = cache.data() + static_cast<std::size_t>(i) * keys_bytes;
      const std::byte* values = keys + static_cast<std::size_t>(pairs) * keys_bytes;
      ops::execute({.m = shared,
                    .k = spec_->head_dim,
                    .n = count,
                    .c_stride = count,
                    .in = mesh::HeldType::Bfloat16,
                    .b_transposed = true},
                   input_->data(), keys, std::as_writable_bytes(std::span(scores)).data());
      ops::execute({.m = shared,
                    .k = count,
                    .n = spec_->head_dim,
                    .c_stride = spec_->head_dim,
                    .in = mesh::HeldType::Bfloat16},
                   input_->data(), values, std::as_writable_bytes(std::span(mixed)).data());
    }
  }

  struct Product {
    ops::PackedMatrix weight;
    std::unique_ptr<FilledBuffer> values;
  };

  void add(std::int64_t rows, std::int64_t cols) {
    const ops::PackedMatrix weight{rows, cols, mesh::HeldType::Bfloat16};
    products_.push_back({weight, std::make_unique<FilledBuffer>(ops::packed_bytes(weight))});
  }

  modules::ModelSpec spec_;
  std::vector<Product> products_;
  std::vector<std::unique_ptr<FilledBuffer>> caches_;
  std::unique_ptr<FilledBuffer> input_;
  std::unique_ptr<FilledBuffer> output_;
};

std::unique_ptr<modules::Model> model_on(const mesh::MeshDevice& device, const std::string& name) {
  return modules::ModelFactory::from_spec(modules::ModelSpec::published(name), device,
                                          {.max_batch_size = kUsers, .max_seq_len = 256});
}

// A step of all users, from the first dispatch to the end of the last chip.
double step_seconds(modules::Model& model) {
  mesh::MeshDevice device = model.config().device;
  const mesh::Tensor tokens = model.token_tensor(std::vector<std::uint32_t>(kUsers, 1));
  device.synchronize();
  return seconds_of([&] {
    (void)model.likeliest(
        model.decode_forward(tokens, std::vector<std::int64_t>(kUsers, kPosition)));
    device.synchronize();
  });
}

void decode_of_1b_on_8_chips(benchmark::State& state) {
  const auto model = model_on(modules::open("t3k:1x8:ring"), "llama-3.2-1b");
  model->load_device_weights();
  UnshardedProducts unsharded(model->config().spec);
  step_seconds(*model);
  unsharded.run();

  std::vector<double> emulated_s;
  std::vector<double> unsharded_s;
  for (auto _ : state) {
    unsharded_s.push_back(seconds_of([&] { unsharded.run(); }));
    std::this_thread::sleep_for(kSpinEnd);
    emulated_s.push_back(step_seconds(*model));
    state.SetIterationTime(emulated_s.back());
  }
  state.counters["emulated_ms"] = median(emulated_s) * 1e3;
  state.counters["unsharded_ms"] = median(unsharded_s) * 1e3;
  state.counters["ratio"] = median(emulated_s) / median(unsharded_s);
}
BENCHMARK(decode_of_1b_on_8_chips)->UseManualTime()->Iterations(11)->Unit(benchmark::kMillisecond);

void decode_of_70b_on_tg_without_values(benchmark::State& state) {
  const auto model = model_on(modules::open("tg", {.timing_only = true}), "llama-3.3-70b");
  model->load_device_weights();
  step_seconds(*model);
  for (auto _ : state) state.SetIterationTime(step_seconds(*model));
}
BENCHMARK(decode_of_70b_on_tg_without_values)
    ->UseManualTime()
    ->Iterations(5)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ttmesh
