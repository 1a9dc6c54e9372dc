#include "modules/attention/attention_trial.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/attention/attention_1d.hpp"
#include "modules/attention/attention_2d.hpp"
#include "modules/attention/attention_reference.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"
#include "ops/random_normal.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t {
  Input,
  Query,
  Key,
  Value,
  Output,
  PastKeys,
  PastValues,
  QueryBias,
  KeyBias,
  ValueBias,
  OutputBias
};

constexpr std::int64_t kPositionUnit = 128;
constexpr double kTheta = 500000;  // Llama 3's.

mesh::RandomKey key_of(const TrialRequest& request, Stream stream) {
  return {.seed = request.seed, .stream = static_cast<std::uint64_t>(stream)};
}

/// What is random about a trial, and who takes part.
struct Workload {
  AttentionSources sources;
  WeightSource input;
  WeightPrecision precision;
  int users;  ///< Idle ones included.
  std::int64_t max_seq_len;
};

Workload workload_of(const mesh::MeshDevice& device, const TrialRequest& request) {
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  const std::int64_t heads = required_extent(request.dims.heads, "heads");
  const std::int64_t kv_heads = required_extent(request.dims.kv_heads, "kv-heads");
  const std::int64_t head_dim = required_extent(request.dims.head_dim, "head-dim");
  (void)token_rows(request);
  const auto random = [&](Stream stream, std::int64_t fan_in, mesh::Shape shape) {
    return WeightSource(RandomNormal{.key = key_of(request, stream),
                                     .scale = 1 / std::sqrt(static_cast<double>(fan_in)),
                                     .shape = std::move(shape)});
  };
  const mesh::MeshShape mesh = device.shape();
  const int columns = mesh.rows > 1 ? mesh.cols : 1;
  const int users = (request.users() + columns - 1) / columns * columns;
  const std::int64_t rows = request.mode == Mode::Decode ? users : token_rows(request);
  const std::int64_t positions = request.seq + (request.mode == Mode::Decode ? 1 : 0);
  const auto bias = [&](Stream stream, std::int64_t width) {
    return WeightSource(RandomNormal{
        .key = key_of(request, stream), .scale = kTrialBiasScale, .shape = {1, width}});
  };
  Workload workload{
      .sources = {.qkv = {.query = random(Stream::Query, dim, {dim, heads * head_dim}),
                          .key = random(Stream::Key, dim, {dim, kv_heads * head_dim}),
                          .value = random(Stream::Value, dim, {dim, kv_heads * head_dim})},
                  .output = random(Stream::Output, heads * head_dim, {heads * head_dim, dim}),
                  .n_heads = heads,
                  .n_kv_heads = kv_heads,
                  .head_dim = head_dim,
                  .rotary = RotaryAngles{.head_dim = head_dim, .theta = kTheta}},
      .input = random(Stream::Input, 1, {1, 1, rows, dim}),
      .precision = weight_precision(request, mesh::DataType::Bfp8B),
      .users = users,
      .max_seq_len = (positions + kPositionUnit - 1) / kPositionUnit * kPositionUnit};
  if (request.bias) {
    workload.sources.bias = QkvSources{.query = bias(Stream::QueryBias, heads * head_dim),
                                       .key = bias(Stream::KeyBias, kv_heads * head_dim),
                                       .value = bias(Stream::ValueBias, kv_heads * head_dim)};
    workload.sources.output_bias = bias(Stream::OutputBias, dim);
  }
  return workload;
}

AttentionConfig config_of(const mesh::MeshDevice& device, const TrialRequest& request,
                          const Workload& workload) {
  const LazyWeightOptions options{.dtype = workload.precision.dtype};
  const AttentionSources& sources = workload.sources;
  AttentionConfig config{.wqkv = QkvWeight(LazyWeight(sources.qkv.query, options),
                                           LazyWeight(sources.qkv.key, options),
                                           LazyWeight(sources.qkv.value, options)),
                         .wo = LazyWeight(sources.output, options)};
  if (sources.bias) {
    const LazyWeightOptions rows{.dtype = input_dtype(request, workload.precision.dtype)};
    config.wqkv_bias =
        QkvWeight(LazyWeight(sources.bias->query, rows), LazyWeight(sources.bias->key, rows),
                  LazyWeight(sources.bias->value, rows));
    config.wo_bias = LazyWeight(*sources.output_bias, rows);
  }
  config.n_heads = static_cast<int>(sources.n_heads);
  config.n_kv_heads = static_cast<int>(sources.n_kv_heads);
  config.head_dim = sources.head_dim;
  config.device = device;
  config.max_batch_size = workload.users;
  config.max_seq_len = workload.max_seq_len;
  config.activation_dtype = request.activation_dtype;
  return config;
}

// Keys, or values, of all users' positions: [users * kv_heads * positions, head_dim].
WeightSource past_of(const TrialRequest& request, const Workload& workload, Stream stream) {
  return WeightSource(
      RandomNormal{.key = key_of(request, stream),
                   .shape = {workload.users * workload.sources.n_kv_heads * workload.max_seq_len,
                             workload.sources.head_dim}});
}

mesh::Tensor cached(const mesh::MeshDevice& device, const mesh::TensorSpec& spec,
                    const WeightSource& past) {
  return ops::random_normal(device, spec, {.key = past.random()->key});
}

template <typename Module, typename Rotary>
class AttentionTrial : public Trial {
 public:
  AttentionTrial(Module module, const TrialRequest& request, Workload workload)
      : request_(request),
        workload_(std::move(workload)),
        past_keys_(past_of(request, workload_, Stream::PastKeys)),
        past_values_(past_of(request, workload_, Stream::PastValues)),
        device_(*module.config().device),
        module_(std::move(module)),
        rotary_({.device = device_,
                 .head_dim = workload_.sources.head_dim,
                 .max_seq_len = workload_.max_seq_len,
                 .theta = kTheta,
                 .max_batch_size = workload_.users,
                 .dtype = is_exact() ? mesh::DataType::Float32 : mesh::DataType::Bfloat16}),
        input_(workload_.input, {.dtype = input_dtype(request, workload_.precision.dtype)}) {}

  std::string sizes() const override {
    const AttentionSources& sources = workload_.sources;
    return fmt::format("{}, {} / {} heads of {}", *module_.config().dim, sources.n_heads,
                       sources.n_kv_heads, sources.head_dim);
  }
  std::string dtype() const override { return std::string(mesh::name(workload_.precision.dtype)); }
  Bar bar() const override { return {.pcc = workload_.precision.pcc}; }
  std::vector<LazyWeight> weights() const override { return {module_.config().wo}; }

  void prepare() override {
    output_ = {};
    module_.load_device_weights();
    x_ = module_.input(input_, request_.mode);
    if (request_.mode == Mode::Prefill) {
      prefill_.rot_mats = rotary_.prefill_forward(0, request_.seq);
      prefill_.users.clear();
      for (int user = 0; user < request_.users(); ++user) prefill_.users.push_back(user);
      return;
    }
    std::vector<std::int64_t> positions(static_cast<std::size_t>(workload_.users), -1);
    for (int user = 0; user < request_.users(); ++user) {
      positions[static_cast<std::size_t>(user)] = request_.seq;
    }
    decode_ = {.current_pos = module_.current_pos(positions),
               .rot_mats = rotary_.decode_forward(positions),
               .longest_cur_pos = request_.seq};
  }

  void forward() override {
    output_ = request_.mode == Mode::Decode ? module_.decode_forward(x_, decode_)
                                            : module_.prefill_forward(x_, prefill_);
  }

  std::vector<mesh::HostTensor> values() override { return {mesh::to_host(output_)}; }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) override {
    AttentionReference reference(workload_.sources, options.threads);
    std::vector<TokenPlace> tokens;
    if (request_.mode == Mode::Decode) {
      for (int user = 0; user < workload_.users; ++user) {
        const bool idles = user >= request_.users();
        tokens.push_back({user, idles ? -1 : request_.seq});
        if (!idles) remember(reference, user);
      }
    } else {
      for (int user = 0; user < request_.users(); ++user) {
        for (std::int64_t i = 0; i < request_.seq; ++i) tokens.push_back({user, i});
      }
    }
    std::vector<float> values =
        reference.forward(workload_.input.host_tensor().floats(), tokens, options.progress);
    return {{.shape = workload_.input.shape(), .values = std::move(values)}};
  }

 private:
  bool is_exact() const { return workload_.precision.dtype == mesh::DataType::Float32; }

  // What the cache holds of a user, a row of all heads for each position.
  void remember(AttentionReference& reference, int user) const {
    const std::int64_t heads = workload_.sources.n_kv_heads;
    const std::int64_t width = workload_.sources.head_dim;
    const auto rows_of = [&](const WeightSource& past) {
      std::vector<float> rows(static_cast<std::size_t>(request_.seq * heads * width));
      std::vector<float> head_rows(static_cast<std::size_t>(request_.seq * width));
      for (std::int64_t head = 0; head < heads; ++head) {
        past.read({(user * heads + head) * workload_.max_seq_len, 0, request_.seq, width},
                  head_rows);
        for (std::int64_t i = 0; i < request_.seq * width; ++i) {
          rows[static_cast<std::size_t>((i / width * heads + head) * width + i % width)] =
              head_rows[static_cast<std::size_t>(i)];
        }
      }
      return rows;
    };
    reference.remember(user, rows_of(past_keys_), rows_of(past_values_));
  }

  TrialRequest request_;
  Workload workload_;
  WeightSource past_keys_;
  WeightSource past_values_;
  mesh::MeshDevice device_;
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
  Workload workload = workload_of(device, request);
  AttentionConfig config = config_of(device, request, workload);
  if (request.mode == Mode::Decode) {
    const Module bare = Module::from_config(config);  // Checks the config first.
    const mesh::TensorSpec spec = kv_cache_spec(bare.config());
    config.kv_cache =
        KvCache{.keys = cached(device, spec, past_of(request, workload, Stream::PastKeys)),
                .values = cached(device, spec, past_of(request, workload, Stream::PastValues))};
  }
  return std::make_unique<AttentionTrial<Module, Rotary>>(Module::from_config(config), request,
                                                          std::move(workload));
}

}  // namespace

TrialPtr make_attention_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return make_trial<Attention1D, RotarySetup1D>(device, request);
}

TrialPtr make_attention_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return make_trial<Attention2D, RotarySetup2D>(device, request);
}

}  // namespace ttmesh::modules
