#include "modules/norm/norm_trial.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/norm/norm_1d.hpp"
#include "modules/norm/norm_2d.hpp"
#include "modules/norm/norm_reference.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t { Input, Weight, Bias };

/// What is random about a trial.
struct Workload {
  WeightSource input;
  WeightSource weight;
  std::optional<WeightSource> bias;
  WeightPrecision precision;
  ops::Centre centre;
};

Workload workload_of(const TrialRequest& request, ops::Centre centre) {
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  const auto random = [&](Stream stream, mesh::Shape shape) {
    return WeightSource(
        RandomNormal{.key = {.seed = request.seed, .stream = static_cast<std::uint64_t>(stream)},
                     .shape = std::move(shape)});
  };
  Workload workload{.input = random(Stream::Input, {1, 1, token_rows(request), dim}),
                    .weight = random(Stream::Weight, {dim}),
                    .bias = {},
                    .precision = weight_precision(request, mesh::DataType::Bfloat16),
                    .centre = centre};
  if (centre == ops::Centre::Mean) workload.bias = random(Stream::Bias, {dim});
  return workload;
}

template <typename Config>
Config config_of(const mesh::MeshDevice& device, const Workload& workload) {
  const LazyWeightOptions options{.dtype = workload.precision.dtype};
  Config config{.weight = LazyWeight(workload.weight, options)};
  if (workload.bias) config.bias = LazyWeight(*workload.bias, options);
  config.device = device;
  return config;
}

template <typename Module>
class NormTrial : public Trial {
 public:
  NormTrial(Module module, const TrialRequest& request, Workload workload)
      : module_(std::move(module)),
        mode_(request.mode),
        workload_(std::move(workload)),
        input_(workload_.input, {.dtype = input_dtype(request, workload_.precision.dtype)}) {}

  std::string sizes() const override { return fmt::format("{}", *module_.config().dim); }
  std::string dtype() const override { return std::string(mesh::name(workload_.precision.dtype)); }
  Bar bar() const override { return {.pcc = workload_.precision.pcc}; }

  std::vector<LazyWeight> weights() const override {
    std::vector<LazyWeight> weights{module_.config().weight};
    if (module_.config().bias) weights.push_back(*module_.config().bias);
    return weights;
  }

  void prepare() override {
    output_ = {};
    x_ = module_.input(input_, mode_);
  }
  void forward() override { output_ = module_.forward(x_, mode_); }

  std::vector<mesh::HostTensor> values() override { return {mesh::to_host(output_)}; }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    if (options.progress) options.progress({"reference", 0, 1});
    std::optional<mesh::HostTensor> bias;
    if (workload_.bias) bias = workload_.bias->host_tensor();
    mesh::HostTensor y =
        norm_reference(workload_.input.host_tensor(), workload_.weight.host_tensor(), bias,
                       workload_.centre, *module_.config().eps);
    if (options.progress) options.progress({"reference", 1, 1});
    return {std::move(y)};
  }

 private:
  Module module_;
  Mode mode_;
  Workload workload_;
  LazyWeight input_;
  mesh::Tensor x_;
  mesh::Tensor output_;
};

template <typename Module, typename Config>
TrialPtr trial_of(const mesh::MeshDevice& device, const TrialRequest& request, ops::Centre centre) {
  Workload workload = workload_of(request, centre);
  return std::make_unique<NormTrial<Module>>(
      Module::from_config(config_of<Config>(device, workload)), request, std::move(workload));
}

}  // namespace

TrialPtr make_rms_norm_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<RMSNorm1D, RMSNorm1DConfig>(device, request, ops::Centre::Zero);
}

TrialPtr make_rms_norm_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<RMSNorm2D, RMSNorm2DConfig>(device, request, ops::Centre::Zero);
}

TrialPtr make_layer_norm_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<LayerNorm1D, LayerNorm1DConfig>(device, request, ops::Centre::Mean);
}

TrialPtr make_layer_norm_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<LayerNorm2D, LayerNorm2DConfig>(device, request, ops::Centre::Mean);
}

}  // namespace ttmesh::modules
