#include "modules/attention/attention_trial.hpp"

#include <fmt/format.h>

#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/attention/attention_1d.hpp"
#include "modules/attention/attention_2d.hpp"
#include "modules/attention/attention_workload.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed: the input's, then those of the workload.
constexpr std::uint64_t kInputStream = 0;
constexpr std::uint64_t kWorkloadStream = 1;

template <typename Module, typename Rotary>
class AttentionTrial : public Trial {
 public:
  AttentionTrial(Module module, const TrialRequest& request, AttentionWorkload workload,
                 const WeightPrecision& precision)
      : request_(request),
        precision_(precision),
        workload_(std::move(workload)),
        module_(std::move(module)),
        rotary_(workload_.rotary_config()),
        input_(RandomNormal{.key = {.seed = request.seed, .stream = kInputStream},
                            .shape = {1, 1, workload_.rows(), *module_.config().dim}},
               {.dtype = input_dtype(request, precision.dtype)}) {}

  std::string sizes() const override {
    const AttentionSources& sources = workload_.sources();
    return fmt::format("{}, {} / {} heads of {}", *module_.config().dim, sources.n_heads,
                       sources.n_kv_heads, sources.head_dim);
  }
  std::string dtype() const override { return std::string(mesh::name(precision_.dtype)); }
  Bar bar() const override { return {.pcc = precision_.pcc}; }
  std::vector<LazyWeight> weights() const override { return {module_.config().wo}; }

  void prepare() override {
    output_ = {};
    module_.load_device_weights();
    x_ = module_.input(input_, request_.mode);
    if (request_.mode == Mode::Prefill) {
      prefill_ = workload_.prefill_inputs(rotary_.prefill_forward(0, request_.seq));
      return;
    }
    decode_ = {.current_pos = module_.current_pos(workload_.positions()),
               .rot_mats = rotary_.decode_forward(workload_.positions()),
               .longest_cur_pos = request_.seq};
  }

  void forward() override {
    output_ = request_.mode == Mode::Decode ? module_.decode_forward(x_, decode_)
                                            : module_.prefill_forward(x_, prefill_);
  }

  std::vector<mesh::HostTensor> values() override { return {mesh::to_host(output_)}; }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    const mesh::HostTensor x = input_.source().host_tensor();
    return {{.shape = x.shape, .values = workload_.reference(x.floats(), options)}};
  }

 private:
  TrialRequest request_;
  WeightPrecision precision_;
  AttentionWorkload workload_;
  Module module_;
  Rotary rotary_;
  LazyWeight input_;
  AttentionPrefillInputs prefill_;
  AttentionDecodeInputs decode_;
  mesh::Tensor x_;
  mesh::Tensor output_;
};

template <typename Module, typename Rotary>
TrialPtr make_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  const WeightPrecision precision = weight_precision(request, mesh::DataType::Bfp8B);
  AttentionWorkload workload(device, request, precision.dtype, kWorkloadStream);
  AttentionConfig config = workload.config();
  if (request.mode == Mode::Decode) {
    config.kv_cache = workload.past(Module::from_config(config).config());  // Checks it first.
  }
  return std::make_unique<AttentionTrial<Module, Rotary>>(Module::from_config(config), request,
                                                          std::move(workload), precision);
}

}  // namespace

TrialPtr make_attention_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return make_trial<Attention1D, RotarySetup1D>(device, request);
}

TrialPtr make_attention_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return make_trial<Attention2D, RotarySetup2D>(device, request);
}

}  // namespace ttmesh::modules
