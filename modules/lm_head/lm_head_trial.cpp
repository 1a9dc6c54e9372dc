#include "modules/lm_head/lm_head_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/lm_head/lm_head.hpp"
#include "modules/weight_block.hpp"
#include "ops/reference_matmul.hpp"

namespace ttmesh::modules {
namespace {

// What TTTv2's tests demand of bfp8_b weights too.
constexpr double kPcc = 0.999;

// Columns of the reference at a time. With a dim of 8192 a block of weights takes 128 MB.
constexpr std::int64_t kBlockColumns = 4096;

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t { Input, Weight };

/// What is random about a trial.
struct Workload {
  WeightSource input;
  WeightSource weight;
  WeightPrecision precision;
};

Workload workload_of(const TrialRequest& request) {
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  const std::int64_t vocab = required_extent(request.dims.vocab, "vocab");
  const auto random = [&](Stream stream, double scale, mesh::Shape shape) {
    return WeightSource(
        RandomNormal{.key = {.seed = request.seed, .stream = static_cast<std::uint64_t>(stream)},
                     .scale = scale,
                     .shape = std::move(shape)});
  };
  WeightPrecision precision = weight_precision(request, mesh::DataType::Bfp8B);
  if (precision.dtype == mesh::DataType::Bfp8B) precision.pcc = kPcc;
  return {.input = random(Stream::Input, 1, {1, 1, token_rows(request), dim}),
          .weight = random(Stream::Weight, 1 / std::sqrt(static_cast<double>(dim)), {dim, vocab}),
          .precision = precision};
}

template <typename Module>
class LMHeadTrial : public Trial {
 public:
  LMHeadTrial(Module module, const TrialRequest& request, Workload workload)
      : module_(std::move(module)),
        mode_(request.mode),
        workload_(std::move(workload)),
        input_(workload_.input, {.dtype = input_dtype(request, workload_.precision.dtype)}) {}

  std::string sizes() const override {
    return fmt::format("{} x {}", *module_.config().dim, *module_.config().vocab);
  }
  std::string dtype() const override { return std::string(mesh::name(workload_.precision.dtype)); }
  Bar bar() const override { return {.pcc = workload_.precision.pcc}; }
  std::vector<LazyWeight> weights() const override { return module_.config().splits; }

  void prepare() override {
    output_ = {};
    module_.load_device_weights();
    x_ = module_.input(input_, mode_);
  }
  void forward() override { output_ = module_.forward(x_, mode_); }

  // Without the columns of padding.
  std::vector<mesh::HostTensor> values() override {
    const mesh::HostTensor padded = mesh::to_host(output_);
    const std::int64_t vocab = *module_.config().vocab;
    const std::int64_t rows = padded.shape[-2];
    std::vector<float> logits(static_cast<std::size_t>(rows * vocab));
    for (std::int64_t row = 0; row < rows; ++row) {
      std::copy_n(padded.floats().begin() + row * padded.shape[-1], vocab,
                  logits.begin() + row * vocab);
    }
    return {{.shape = {1, 1, rows, vocab}, .values = std::move(logits)}};
  }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    const mesh::HostTensor x = workload_.input.host_tensor();
    const std::int64_t dim = x.shape[-1];
    const std::int64_t rows = x.shape[-2];
    const std::int64_t vocab = *module_.config().vocab;
    const int threads = thread_count(options.threads);
    std::vector<float> logits(static_cast<std::size_t>(rows * vocab));
    std::vector<float> weight;
    for (std::int64_t first = 0; first < vocab; first += kBlockColumns) {
      if (options.progress) options.progress({"reference", first, vocab});
      const std::int64_t cols = std::min(kBlockColumns, vocab - first);
      std::vector<float> block(static_cast<std::size_t>(rows * cols));
      ops::matmul_f32(x.floats(),
                      read_block(workload_.weight, {0, first, dim, cols}, weight, threads), block,
                      {.m = rows, .k = dim, .n = cols, .threads = threads});
      for (std::int64_t row = 0; row < rows; ++row) {
        std::copy_n(block.begin() + row * cols, cols, logits.begin() + row * vocab + first);
      }
    }
    if (options.progress) options.progress({"reference", vocab, vocab});
    return {{.shape = {1, 1, rows, vocab}, .values = std::move(logits)}};
  }

 private:
  Module module_;
  Mode mode_;
  Workload workload_;
  LazyWeight input_;
  mesh::Tensor x_;
  mesh::Tensor output_;
};

template <typename Module>
TrialPtr trial_of(const mesh::MeshDevice& device, const TrialRequest& request) {
  Workload workload = workload_of(request);
  LMHeadConfig config{.weight = LazyWeight(workload.weight, {.dtype = workload.precision.dtype})};
  config.device = device;
  config.output_dtype = request.activation_dtype;
  return std::make_unique<LMHeadTrial<Module>>(Module::from_config(config), request,
                                               std::move(workload));
}

}  // namespace

TrialPtr make_lm_head_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<LMHead1D>(device, request);
}

TrialPtr make_lm_head_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<LMHead2D>(device, request);
}

}  // namespace ttmesh::modules
