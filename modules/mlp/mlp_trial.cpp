#include "modules/mlp/mlp_trial.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/mlp/mlp_precision.hpp"
#include "modules/mlp/mlp_reference.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t { Input, Gate, Down, Up, GateBias, DownBias, UpBias };

/// What is random about a trial.
struct Workload {
  WeightSource input;
  MlpSources weights;
  MlpPrecision precision;
  ops::Activation activation;
};

Workload workload_of(const TrialRequest& request) {
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  const std::int64_t hidden_dim = required_extent(request.dims.hidden_dim, "hidden-dim");
  const auto random = [&](Stream stream, double scale, mesh::Shape shape) {
    return WeightSource(
        RandomNormal{.key = {.seed = request.seed, .stream = static_cast<std::uint64_t>(stream)},
                     .scale = scale,
                     .shape = std::move(shape)});
  };
  const double of_dim = 1 / std::sqrt(static_cast<double>(dim));
  const double of_hidden = 1 / std::sqrt(static_cast<double>(hidden_dim));
  MlpSources weights{.w1 = random(Stream::Gate, of_dim, {dim, hidden_dim}),
                     .w2 = random(Stream::Down, of_hidden, {hidden_dim, dim})};
  if (request.gate) weights.w3 = random(Stream::Up, of_dim, {dim, hidden_dim});
  if (request.bias) {
    weights.b1 = random(Stream::GateBias, kTrialBiasScale, {1, hidden_dim});
    weights.b2 = random(Stream::DownBias, kTrialBiasScale, {1, dim});
    if (request.gate) weights.b3 = random(Stream::UpBias, kTrialBiasScale, {1, hidden_dim});
  }
  return {.input = random(Stream::Input, 1, {1, 1, token_rows(request), dim}),
          .weights = std::move(weights),
          .precision =
              parse_mlp_precision(request.weight_dtype.empty() ? "bfp8_b" : request.weight_dtype),
          .activation = request.activation.value_or(ops::Activation::Silu)};
}

template <typename Config>
Config config_of(const mesh::MeshDevice& device, const TrialRequest& request,
                 const Workload& workload) {
  const MlpPrecision& precision = workload.precision;
  const MlpSources& weights = workload.weights;
  const auto optional = [](const std::optional<WeightSource>& source, mesh::DataType dtype) {
    return source ? std::optional(LazyWeight(*source, {.dtype = dtype})) : std::nullopt;
  };
  const mesh::DataType bias = input_dtype(request, precision.down);
  Config config{.w1 = LazyWeight(weights.w1, {.dtype = precision.gate_up}),
                .w2 = LazyWeight(weights.w2, {.dtype = precision.down}),
                .w3 = optional(weights.w3, precision.gate_up),
                .b1 = optional(weights.b1, bias),
                .b2 = optional(weights.b2, bias),
                .b3 = optional(weights.b3, bias)};
  config.device = device;
  config.activation = workload.activation;
  config.activation_dtype = request.activation_dtype;
  return config;
}

template <typename Module>
class MlpTrial : public Trial {
 public:
  MlpTrial(Module module, const TrialRequest& request, Workload workload)
      : module_(std::move(module)),
        mode_(request.mode),
        workload_(std::move(workload)),
        input_(workload_.input,
               {.dtype = input_dtype(request, *module_.config().activation_dtype)}) {}

  std::string sizes() const override {
    return fmt::format("{} x {}{}", *module_.config().dim, *module_.config().hidden_dim,
                       module_.config().w3 ? "" : ", no gate");
  }
  std::string dtype() const override { return workload_.precision.name; }
  Bar bar() const override { return {.pcc = workload_.precision.pcc}; }

  std::vector<LazyWeight> weights() const override {
    const auto& config = module_.config();
    std::vector<LazyWeight> weights{config.w1, config.w2};
    if (config.w3) weights.push_back(*config.w3);
    return weights;
  }

  void prepare() override {
    output_ = {};
    x_ = module_.input(input_, mode_);
  }
  void forward() override { output_ = module_.forward(x_, mode_); }

  std::vector<mesh::HostTensor> values() override { return {mesh::to_host(output_)}; }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    return {mlp_reference(workload_.input.host_tensor(), workload_.weights,
                          {.activation = workload_.activation, .threads = options.threads},
                          options.progress)};
  }

 private:
  Module module_;
  Mode mode_;
  Workload workload_;
  LazyWeight input_;
  mesh::Tensor x_;
  mesh::Tensor output_;
};

}  // namespace

TrialPtr make_mlp_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  Workload workload = workload_of(request);
  return std::make_unique<MlpTrial<MLP1D>>(
      MLP1D::from_config(config_of<MLP1DConfig>(device, request, workload)), request,
      std::move(workload));
}

TrialPtr make_mlp_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  Workload workload = workload_of(request);
  return std::make_unique<MlpTrial<MLP2D>>(
      MLP2D::from_config(config_of<MLP2DConfig>(device, request, workload)), request,
      std::move(workload));
}

}  // namespace ttmesh::modules
