#include "modules/sampling/sampling_trial.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/convert.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/sampling/sampling.hpp"

namespace ttmesh::modules {
namespace {

/// What is random about a trial.
struct Workload {
  std::int64_t users;
  std::int64_t vocab;
  WeightSource logits;
  mesh::DataType dtype;
};

Workload workload_of(const TrialRequest& request) {
  const std::int64_t vocab = required_extent(request.dims.vocab, "vocab");
  (void)token_rows(request);
  const std::int64_t users = request.users();
  const mesh::DataType dtype = weight_precision(request, mesh::DataType::Bfloat16).dtype;
  return {.users = users,
          .vocab = vocab,
          .logits = RandomNormal{.key = {.seed = request.seed}, .shape = {1, 1, users, vocab}},
          .dtype = request.activation_dtype.value_or(dtype)};
}

template <typename Module>
class SamplingTrial : public Trial {
 public:
  SamplingTrial(Module module, Workload workload)
      : module_(std::move(module)), workload_(std::move(workload)) {}

  std::string sizes() const override { return fmt::format("{}", workload_.vocab); }
  std::string dtype() const override { return std::string(mesh::name(workload_.dtype)); }
  Bar bar() const override { return {.pcc = 0.99999, .exact = true}; }
  std::vector<LazyWeight> weights() const override { return {}; }

  void prepare() override {
    output_ = {};
    module_.load_device_buffers();
    logits_ = module_.input(padded(), workload_.dtype);
  }
  void forward() override { output_ = module_.forward(logits_); }

  std::vector<mesh::HostTensor> values() override {
    const mesh::HostTensor ids = mesh::to_host(output_);
    std::vector<float> values;
    for (const std::uint32_t id : std::get<std::vector<std::uint32_t>>(ids.values)) {
      values.push_back(static_cast<float>(id));
    }
    return {{.shape = ids.shape, .values = std::move(values)}};
  }

  // The first of the largest, once they are rounded as the chips hold them.
  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    if (options.progress) options.progress({"reference", 0, 1});
    const mesh::HostTensor logits = padded();
    const std::int64_t width = logits.shape[-1];
    std::vector<float> rounded(logits.floats().size());
    mesh::quantise(logits.floats(), rounded, workload_.dtype, width);
    std::vector<float> ids;
    for (std::int64_t user = 0; user < workload_.users; ++user) {
      const auto row = rounded.begin() + user * width;
      const auto best = std::max_element(row, row + workload_.vocab);
      ids.push_back(static_cast<float>(best - row));
    }
    if (options.progress) options.progress({"reference", 1, 1});
    return {{.shape = {1, 1, 1, workload_.users}, .values = std::move(ids)}};
  }

 private:
  // Columns of padding are larger than any logit: the module must pass them over.
  mesh::HostTensor padded() const {
    constexpr float kBeyondAnyLogit = 100;
    const mesh::HostTensor logits = workload_.logits.host_tensor();
    const std::int64_t width = *module_.config().padded_vocab;
    std::vector<float> values(static_cast<std::size_t>(workload_.users * width), kBeyondAnyLogit);
    for (std::int64_t user = 0; user < workload_.users; ++user) {
      std::copy_n(logits.floats().begin() + user * workload_.vocab, workload_.vocab,
                  values.begin() + user * width);
    }
    return {.shape = {1, 1, workload_.users, width}, .values = std::move(values)};
  }

  Module module_;
  Workload workload_;
  mesh::Tensor logits_;
  mesh::Tensor output_;
};

template <typename Module>
TrialPtr trial_of(const mesh::MeshDevice& device, const TrialRequest& request) {
  Workload workload = workload_of(request);
  SamplingConfig config{.device = device, .vocab = workload.vocab};
  config.max_batch_size = static_cast<int>(workload.users);
  return std::make_unique<SamplingTrial<Module>>(Module::from_config(config), std::move(workload));
}

}  // namespace

TrialPtr make_sampling_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<Sampling1D>(device, request);
}

TrialPtr make_sampling_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<Sampling2D>(device, request);
}

}  // namespace ttmesh::modules
