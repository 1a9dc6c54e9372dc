#include "modules/attention/attention_workload.hpp"

#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "modules/lazy_weight.hpp"
#include "ops/random_normal.hpp"

namespace ttmesh::modules {
namespace {

/// Streams of the seed, one for each random tensor.
enum class Stream : std::uint64_t {
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

int padded_users(mesh::MeshShape mesh, int users) {
  const int columns = mesh.rows > 1 ? mesh.cols : 1;
  return (users + columns - 1) / columns * columns;
}

std::int64_t padded_positions(const TrialRequest& request) {
  const std::int64_t positions = request.seq + (request.mode == Mode::Decode ? 1 : 0);
  return (positions + kPositionUnit - 1) / kPositionUnit * kPositionUnit;
}

std::vector<TokenPlace> tokens_of(const TrialRequest& request, int users) {
  (void)token_rows(request);
  std::vector<TokenPlace> tokens;
  if (request.mode == Mode::Decode) {
    for (int user = 0; user < users; ++user) {
      tokens.push_back({user, user < request.users() ? request.seq : -1});
    }
    return tokens;
  }
  for (int user = 0; user < request.users(); ++user) {
    for (std::int64_t i = 0; i < request.seq; ++i) tokens.push_back({user, i});
  }
  return tokens;
}

WeightSource random(const TrialRequest& request, std::uint64_t first_stream, Stream stream,
                    double scale, mesh::Shape shape) {
  return WeightSource(RandomNormal{
      .key = {.seed = request.seed, .stream = first_stream + static_cast<std::uint64_t>(stream)},
      .scale = scale,
      .shape = std::move(shape)});
}

AttentionSources sources_of(const TrialRequest& request, std::uint64_t first_stream) {
  const std::int64_t dim = required_extent(request.dims.dim, "dim");
  const std::int64_t heads = required_extent(request.dims.heads, "heads");
  const std::int64_t kv_heads = required_extent(request.dims.kv_heads, "kv-heads");
  const std::int64_t head_dim = required_extent(request.dims.head_dim, "head-dim");
  const auto weight = [&](Stream stream, std::int64_t rows, std::int64_t cols) {
    return random(request, first_stream, stream, 1 / std::sqrt(static_cast<double>(rows)),
                  {rows, cols});
  };
  const auto bias = [&](Stream stream, std::int64_t width) {
    return random(request, first_stream, stream, kTrialBiasScale, {1, width});
  };
  AttentionSources sources{.qkv = {.query = weight(Stream::Query, dim, heads * head_dim),
                                   .key = weight(Stream::Key, dim, kv_heads * head_dim),
                                   .value = weight(Stream::Value, dim, kv_heads * head_dim)},
                           .output = weight(Stream::Output, heads * head_dim, dim),
                           .n_heads = heads,
                           .n_kv_heads = kv_heads,
                           .head_dim = head_dim,
                           .rotary = RotaryAngles{.head_dim = head_dim, .theta = kTheta}};
  if (request.bias) {
    sources.bias = QkvSources{.query = bias(Stream::QueryBias, heads * head_dim),
                              .key = bias(Stream::KeyBias, kv_heads * head_dim),
                              .value = bias(Stream::ValueBias, kv_heads * head_dim)};
    sources.output_bias = bias(Stream::OutputBias, dim);
  }
  return sources;
}

}  // namespace

AttentionWorkload::AttentionWorkload(const mesh::MeshDevice& device, const TrialRequest& request,
                                     mesh::DataType weight_dtype, std::uint64_t first_stream)
    : device_(device),
      request_(request),
      weight_dtype_(weight_dtype),
      users_(padded_users(device.shape(), request.users())),
      max_seq_len_(padded_positions(request)),
      tokens_(tokens_of(request, users_)),
      sources_(sources_of(request, first_stream)),
      // Of all users' positions: [users * kv_heads * positions, head_dim].
      past_keys_(random(request, first_stream, Stream::PastKeys, 1,
                        {users_ * sources_.n_kv_heads * max_seq_len_, sources_.head_dim})),
      past_values_(random(request, first_stream, Stream::PastValues, 1,
                          {users_ * sources_.n_kv_heads * max_seq_len_, sources_.head_dim})) {}

AttentionConfig AttentionWorkload::config() const {
  const LazyWeightOptions options{.dtype = weight_dtype_};
  AttentionConfig config{.wqkv = QkvWeight(LazyWeight(sources_.qkv.query, options),
                                           LazyWeight(sources_.qkv.key, options),
                                           LazyWeight(sources_.qkv.value, options)),
                         .wo = LazyWeight(sources_.output, options)};
  if (sources_.bias) {
    const LazyWeightOptions rows{.dtype = input_dtype(request_, weight_dtype_)};
    config.wqkv_bias =
        QkvWeight(LazyWeight(sources_.bias->query, rows), LazyWeight(sources_.bias->key, rows),
                  LazyWeight(sources_.bias->value, rows));
    config.wo_bias = LazyWeight(*sources_.output_bias, rows);
  }
  config.n_heads = static_cast<int>(sources_.n_heads);
  config.n_kv_heads = static_cast<int>(sources_.n_kv_heads);
  config.head_dim = sources_.head_dim;
  config.device = device_;
  config.max_batch_size = users_;
  config.max_seq_len = max_seq_len_;
  config.activation_dtype = request_.activation_dtype;
  return config;
}

KvCache AttentionWorkload::past(const AttentionConfig& resolved) const {
  const mesh::TensorSpec spec = kv_cache_spec(resolved);
  const auto filled = [&](const WeightSource& past) {
    return ops::random_normal(device_, spec, {.key = past.random()->key});
  };
  return {.keys = filled(past_keys_), .values = filled(past_values_)};
}

RotaryConfig AttentionWorkload::rotary_config() const {
  return {.device = device_,
          .head_dim = sources_.head_dim,
          .max_seq_len = max_seq_len_,
          .theta = kTheta,
          .max_batch_size = users_,
          .dtype = weight_dtype_ == mesh::DataType::Float32 ? mesh::DataType::Float32
                                                            : mesh::DataType::Bfloat16};
}

AttentionPrefillInputs AttentionWorkload::prefill_inputs(
    const ops::RotaryEmbedding& rot_mats) const {
  AttentionPrefillInputs inputs{.rot_mats = rot_mats, .users = {}};
  for (int user = 0; user < request_.users(); ++user) inputs.users.push_back(user);
  return inputs;
}

std::vector<std::int64_t> AttentionWorkload::positions() const {
  std::vector<std::int64_t> positions;
  for (const TokenPlace& token : tokens_) positions.push_back(token.position);
  return positions;
}

std::vector<float> AttentionWorkload::reference(std::span<const float> x,
                                                const ReferenceOptions& options) const {
  AttentionReference reference(sources_, options.threads);
  if (request_.mode == Mode::Decode) {
    for (int user = 0; user < request_.users(); ++user) remember(reference, user);
  }
  return reference.forward(x, tokens_, options.progress);
}

// What the cache holds of a user, a row of all heads for each position.
void AttentionWorkload::remember(AttentionReference& reference, int user) const {
  const std::int64_t heads = sources_.n_kv_heads;
  const std::int64_t width = sources_.head_dim;
  const auto rows_of = [&](const WeightSource& past) {
    std::vector<float> rows(static_cast<std::size_t>(request_.seq * heads * width));
    std::vector<float> head_rows(static_cast<std::size_t>(request_.seq * width));
    for (std::int64_t head = 0; head < heads; ++head) {
      past.read({(user * heads + head) * max_seq_len_, 0, request_.seq, width}, head_rows);
      for (std::int64_t i = 0; i < request_.seq * width; ++i) {
        rows[static_cast<std::size_t>((i / width * heads + head) * width + i % width)] =
            head_rows[static_cast<std::size_t>(i)];
      }
    }
    return rows;
  };
  reference.remember(user, rows_of(past_keys_), rows_of(past_values_));
}

}  // namespace ttmesh::modules
