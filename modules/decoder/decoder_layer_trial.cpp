#include "modules/decoder/decoder_layer_trial.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/attention/attention_workload.hpp"
#include "modules/decoder/decoder_layer.hpp"
#include "modules/mlp/mlp_workload.hpp"
#include "modules/norm/norm_reference.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed: one for each random tensor that is not a workload's.
enum class Stream : std::uint64_t { Input, AttentionNorm, MlpNorm, Workloads };

constexpr std::uint64_t kAttentionStream = static_cast<std::uint64_t>(Stream::Workloads);
constexpr std::uint64_t kMlpStream = kAttentionStream + AttentionWorkload::kStreams;

/// What is random about a trial.
struct Workload {
  Workload(const mesh::MeshDevice& device, const TrialRequest& request)
      : mlp(request, kMlpStream),
        attention(device, request, mlp.precision.down, kAttentionStream),
        activation(input_dtype(request, mlp.precision.down)),
        input(random(request, Stream::Input, {1, 1, attention.rows(), request.dims.dim})),
        attention_norm(random(request, Stream::AttentionNorm, {request.dims.dim})),
        mlp_norm(random(request, Stream::MlpNorm, {request.dims.dim})) {}

  static WeightSource random(const TrialRequest& request, Stream stream, mesh::Shape shape) {
    return WeightSource(
        RandomNormal{.key = {.seed = request.seed, .stream = static_cast<std::uint64_t>(stream)},
                     .shape = std::move(shape)});
  }

  MlpWorkload mlp;
  AttentionWorkload attention;
  mesh::DataType activation;
  WeightSource input;
  WeightSource attention_norm;
  WeightSource mlp_norm;
};

template <typename Parts>
typename Parts::Config config_of(const mesh::MeshDevice& device, const TrialRequest& request,
                                 const Workload& workload) {
  const auto norm = [&](const WeightSource& weight) {
    return LazyWeight(weight, {.dtype = workload.activation});
  };
  typename Parts::Config config{
      .attention = workload.attention.config(),
      .mlp = mlp_config<decltype(Parts::Config::mlp)>(device, request, workload.mlp),
      .attention_norm = {.weight = norm(workload.attention_norm)},
      .mlp_norm = {.weight = norm(workload.mlp_norm)}};
  if (request.mode == Mode::Decode) {
    const auto bare = DecoderLayer<Parts>::from_config(config);  // Checks the config first.
    config.attention.kv_cache = workload.attention.past(bare.attention().config());
  }
  return config;
}

/// a + scale b.
std::vector<float> added(const mesh::HostTensor& a, const mesh::HostTensor& b, float scale = 1) {
  std::vector<float> values = a.floats();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += scale * b.floats()[i];
  return values;
}

template <typename Parts, typename Rotary>
class DecoderLayerTrial : public Trial {
 public:
  DecoderLayerTrial(const mesh::MeshDevice& device, const TrialRequest& request)
      : request_(request),
        workload_(device, request),
        layer_(DecoderLayer<Parts>::from_config(config_of<Parts>(device, request, workload_))),
        rotary_(workload_.attention.rotary_config()),
        input_(workload_.input, {.dtype = workload_.activation}) {}

  std::string sizes() const override {
    const AttentionSources& attention = workload_.attention.sources();
    return fmt::format("{} x {}, {} / {} heads of {}", request_.dims.dim, request_.dims.hidden_dim,
                       attention.n_heads, attention.n_kv_heads, attention.head_dim);
  }
  std::string dtype() const override { return workload_.mlp.precision.name; }
  Bar bar() const override { return {.pcc = workload_.mlp.precision.pcc}; }

  std::vector<LazyWeight> weights() const override {
    const typename Parts::Config config = layer_.config();
    std::vector<LazyWeight> weights{config.attention.wo, config.mlp.w1, config.mlp.w2};
    if (config.mlp.w3) weights.push_back(*config.mlp.w3);
    return weights;
  }

  void prepare() override {
    output_ = {};
    layer_.load_device_weights();
    x_ = layer_.input(input_, request_.mode);
    const AttentionWorkload& attention = workload_.attention;
    if (request_.mode == Mode::Prefill) {
      prefill_ = attention.prefill_inputs(rotary_.prefill_forward(0, request_.seq));
      return;
    }
    decode_ = {.current_pos = layer_.attention().current_pos(attention.positions()),
               .rot_mats = rotary_.decode_forward(attention.positions()),
               .longest_cur_pos = request_.seq};
  }

  void forward() override {
    output_ = request_.mode == Mode::Decode ? layer_.decode_forward(x_, decode_)
                                            : layer_.prefill_forward(x_, prefill_);
  }

  std::vector<mesh::HostTensor> values() override {
    const mesh::HostTensor y = mesh::to_host(output_);
    return {{.shape = y.shape, .values = added(y, workload_.input.host_tensor(), -1)}};
  }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    const typename Parts::Config config = layer_.config();
    const mesh::HostTensor x = workload_.input.host_tensor();
    const auto normed = [&](const mesh::HostTensor& rows, const WeightSource& weight, double eps) {
      return norm_reference(rows, weight.host_tensor(), std::nullopt, ops::Centre::Zero, eps);
    };
    const mesh::HostTensor h = normed(x, workload_.attention_norm, *config.attention_norm.eps);
    const mesh::HostTensor attended{.shape = x.shape,
                                    .values = workload_.attention.reference(h.floats(), options)};
    const mesh::HostTensor sum{.shape = x.shape, .values = added(x, attended)};
    const mesh::HostTensor of_mlp =
        workload_.mlp.reference(normed(sum, workload_.mlp_norm, *config.mlp_norm.eps), options);
    return {{.shape = x.shape, .values = added(attended, of_mlp)}};
  }

 private:
  TrialRequest request_;
  Workload workload_;
  DecoderLayer<Parts> layer_;
  Rotary rotary_;
  LazyWeight input_;
  AttentionPrefillInputs prefill_;
  AttentionDecodeInputs decode_;
  mesh::Tensor x_;
  mesh::Tensor output_;
};

}  // namespace

TrialPtr make_decoder_layer_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return std::make_unique<DecoderLayerTrial<LineDecoder, RotarySetup1D>>(device, request);
}

TrialPtr make_decoder_layer_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return std::make_unique<DecoderLayerTrial<GridDecoder, RotarySetup2D>>(device, request);
}

}  // namespace ttmesh::modules
