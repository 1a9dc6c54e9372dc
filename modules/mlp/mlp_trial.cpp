#include "modules/mlp/mlp_trial.hpp"

#include <fmt/format.h>

#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/mlp/mlp_1d.hpp"
#include "modules/mlp/mlp_2d.hpp"
#include "modules/mlp/mlp_workload.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed: the input's, then those of the workload.
constexpr std::uint64_t kInputStream = 0;
constexpr std::uint64_t kWorkloadStream = 1;

template <typename Module>
class MlpTrial : public Trial {
 public:
  MlpTrial(Module module, const TrialRequest& request, MlpWorkload workload)
      : module_(std::move(module)),
        mode_(request.mode),
        workload_(std::move(workload)),
        input_(RandomNormal{.key = {.seed = request.seed, .stream = kInputStream},
                            .shape = {1, 1, token_rows(request), *module_.config().dim}},
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
    return {workload_.reference(input_.source().host_tensor(), options)};
  }

 private:
  Module module_;
  Mode mode_;
  MlpWorkload workload_;
  LazyWeight input_;
  mesh::Tensor x_;
  mesh::Tensor output_;
};

template <typename Module, typename Config>
TrialPtr trial_of(const mesh::MeshDevice& device, const TrialRequest& request) {
  MlpWorkload workload(request, kWorkloadStream);
  return std::make_unique<MlpTrial<Module>>(
      Module::from_config(mlp_config<Config>(device, request, workload)), request,
      std::move(workload));
}

}  // namespace

TrialPtr make_mlp_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<MLP1D, MLP1DConfig>(device, request);
}

TrialPtr make_mlp_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<MLP2D, MLP2DConfig>(device, request);
}

}  // namespace ttmesh::modules
