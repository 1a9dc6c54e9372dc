#include "modules/embedding/embedding_trial.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "modules/embedding/embedding.hpp"

namespace ttmesh::modules {
namespace {

/// What is random about a trial.
struct Workload {
  mesh::HostTensor ids;
  WeightSource table;
  WeightPrecision precision;
};

Workload workload_of(const TrialRequest& request) {
  const std::int64_t vocab = required_extent(request.dims.vocab, "vocab");
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  std::mt19937_64 random(request.seed);
  std::vector<std::uint32_t> ids(static_cast<std::size_t>(token_rows(request)));
  for (std::uint32_t& id : ids) {
    id = static_cast<std::uint32_t>(random() % static_cast<std::uint64_t>(vocab));
  }
  const auto count = static_cast<std::int64_t>(ids.size());
  return {.ids = {.shape = {1, 1, 1, count}, .values = std::move(ids)},
          .table = RandomNormal{.key = {.seed = request.seed}, .shape = {vocab, dim}},
          .precision = weight_precision(request, mesh::DataType::Bfloat16)};
}

template <typename Module>
class EmbeddingTrial : public Trial {
 public:
  EmbeddingTrial(Module module, const TrialRequest& request, Workload workload)
      : module_(std::move(module)), mode_(request.mode), workload_(std::move(workload)) {}

  std::string sizes() const override {
    return fmt::format("{} x {}", *module_.config().vocab, *module_.config().dim);
  }
  std::string dtype() const override { return std::string(mesh::name(workload_.precision.dtype)); }
  Bar bar() const override { return {.pcc = workload_.precision.pcc}; }
  std::vector<LazyWeight> weights() const override { return {module_.config().weight}; }

  void prepare() override {
    output_ = {};
    ids_ = module_.input(workload_.ids);
  }
  void forward() override { output_ = module_.forward(ids_, mode_); }

  std::vector<mesh::HostTensor> values() override { return {mesh::to_host(output_)}; }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    const auto& ids = std::get<std::vector<std::uint32_t>>(workload_.ids.values);
    const std::int64_t dim = *module_.config().dim;
    const auto total = static_cast<std::int64_t>(ids.size());
    std::vector<float> rows(ids.size() * static_cast<std::size_t>(dim));
    for (std::int64_t i = 0; i < total; ++i) {
      if (options.progress) options.progress({"reference", i, total});
      workload_.table.read({ids[static_cast<std::size_t>(i)], 0, 1, dim},
                           std::span(rows).subspan(static_cast<std::size_t>(i * dim),
                                                   static_cast<std::size_t>(dim)));
    }
    if (options.progress) options.progress({"reference", total, total});
    return {{.shape = {1, 1, total, dim}, .values = std::move(rows)}};
  }

 private:
  Module module_;
  Mode mode_;
  Workload workload_;
  mesh::Tensor ids_;
  mesh::Tensor output_;
};

template <typename Module>
TrialPtr trial_of(const mesh::MeshDevice& device, const TrialRequest& request) {
  Workload workload = workload_of(request);
  EmbeddingConfig config{.weight = LazyWeight(workload.table, {.dtype = workload.precision.dtype})};
  config.device = device;
  config.decode_dtype = request.activation_dtype;
  config.prefill_dtype = request.activation_dtype;
  return std::make_unique<EmbeddingTrial<Module>>(Module::from_config(config), request,
                                                  std::move(workload));
}

}  // namespace

TrialPtr make_embedding_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<Embedding1D>(device, request);
}

TrialPtr make_embedding_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return trial_of<Embedding2D>(device, request);
}

}  // namespace ttmesh::modules
