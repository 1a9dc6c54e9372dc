#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mesh/device/transfer.hpp"
#include "modules/accuracy.hpp"
#include "modules/attention/attention_1d.hpp"
#include "modules/attention/attention_2d.hpp"
#include "modules/attention/attention_reference.hpp"
#include "modules/open.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"

namespace ttmesh::modules {

/// An attention layer and what it is asked.
struct AttentionCase {
  std::int64_t dim = 256;
  int n_heads = 8;
  int n_kv_heads = 8;
  std::int64_t head_dim = 32;
  int batch = 8;
  std::int64_t max_seq_len = 512;
  mesh::DataType dtype = mesh::DataType::Float32;
  bool bias = false;
  double bias_scale = 0.5;
  bool qk_norm = false;
  bool use_qk_fused = false;
  std::optional<std::int64_t> sliding_window{};
  std::optional<PagedAttentionConfig> paged{};
};

inline WeightSource random_source(std::uint64_t stream, mesh::Shape shape, double scale) {
  return WeightSource(RandomNormal{
      .key = {.seed = 1234, .stream = stream}, .scale = scale, .shape = std::move(shape)});
}

inline AttentionSources sources_of(const AttentionCase& c) {
  const std::int64_t query = c.n_heads * c.head_dim;
  const std::int64_t key = c.n_kv_heads * c.head_dim;
  const double of_dim = 1 / std::sqrt(static_cast<double>(c.dim));
  AttentionSources sources{
      .qkv = {.query = random_source(1, {c.dim, query}, of_dim),
              .key = random_source(2, {c.dim, key}, of_dim),
              .value = random_source(3, {c.dim, key}, of_dim)},
      .output = random_source(4, {query, c.dim}, 1 / std::sqrt(static_cast<double>(query))),
      .n_heads = c.n_heads,
      .n_kv_heads = c.n_kv_heads,
      .head_dim = c.head_dim};
  if (c.bias) {
    sources.bias = {.query = random_source(5, {1, query}, 0.5),
                    .key = random_source(6, {1, key}, c.bias_scale),
                    .value = random_source(7, {1, key}, 0.5)};
  }
  if (c.qk_norm) {
    sources.q_norm = random_source(8, {1, c.head_dim}, 1);
    sources.k_norm = random_source(9, {1, c.head_dim}, 1);
  }
  sources.sliding_window = c.sliding_window;
  sources.rotary =
      RotaryAngles{.head_dim = c.head_dim, .theta = 500000, .scaling = RotaryScaling{}};
  return sources;
}

inline AttentionConfig config_of(const AttentionCase& c, const mesh::MeshDevice& device) {
  const AttentionSources sources = sources_of(c);
  const LazyWeightOptions options{.dtype = c.dtype};
  const auto weight = [&](const QkvSources& qkv) {
    return QkvWeight(LazyWeight(qkv.query, options), LazyWeight(qkv.key, options),
                     LazyWeight(qkv.value, options));
  };
  AttentionConfig config{.wqkv = weight(sources.qkv), .wo = LazyWeight(sources.output, options)};
  config.n_heads = c.n_heads;
  config.n_kv_heads = c.n_kv_heads;
  config.head_dim = c.head_dim;
  config.device = device;
  config.max_batch_size = c.batch;
  config.max_seq_len = c.max_seq_len;
  config.use_qk_fused = c.use_qk_fused;
  config.sliding_window = c.sliding_window;
  config.paged_attention = c.paged;
  if (sources.bias) config.wqkv_bias = weight(*sources.bias);
  if (sources.q_norm) {
    const LazyWeightOptions rows{.dtype = mesh::is_block_float(c.dtype) ? mesh::DataType::Bfloat16
                                                                        : c.dtype};
    config.q_norm = LazyWeight(*sources.q_norm, rows);
    config.k_norm = LazyWeight(*sources.k_norm, rows);
  }
  return config;
}

inline RotaryConfig rotary_of(const AttentionCase& c, const mesh::MeshDevice& device) {
  return {.device = device,
          .head_dim = c.head_dim,
          .max_seq_len = c.max_seq_len,
          .theta = 500000,
          .scaling = RotaryScaling{},
          .max_batch_size = c.batch,
          .dtype = c.dtype == mesh::DataType::Float32 ? mesh::DataType::Float32
                                                      : mesh::DataType::Bfloat16,
          .use_qk_fused = c.use_qk_fused};
}

/// An attention module of either class with its rotary setup and an unsharded twin.
template <typename Module, typename Rotary>
class AttentionPair {
 public:
  AttentionPair(const AttentionCase& of, const mesh::MeshDevice& device)
      : case_(of),
        device_(device),
        module_(Module::from_config(config_of(of, device))),
        rotary_(rotary_of(of, device)),
        reference_(sources_of(of)) {
    if (!of.paged) return;
    // Pages of the users of a column, the last blocks first.
    const std::int64_t pages = of.max_seq_len / of.paged->block_size;
    const std::int64_t users = share_of(module_.config()).users;
    std::vector<std::int32_t> blocks;
    for (std::int64_t i = 0; i < of.batch * pages; ++i) {
      blocks.push_back(
          static_cast<std::int32_t>(of.paged->max_num_blocks - 1 - i % (users * pages)));
    }
    page_table_ = module_.page_table(blocks);
  }

  Module& module() { return module_; }
  Rotary& rotary() { return rotary_; }
  const std::optional<mesh::Tensor>& page_table() const { return page_table_; }

  LazyWeight tokens(std::uint64_t stream, std::int64_t rows) const {
    return LazyWeight(random_source(stream, {1, 1, rows, case_.dim}, 1), {.dtype = input_dtype()});
  }

  /// One token of each user at its position.
  Accuracy decode(std::uint64_t stream, const std::vector<std::int64_t>& positions) {
    const LazyWeight x = tokens(stream, case_.batch);
    output_ = module_.decode_forward(module_.input(x, Mode::Decode),
                                     {.current_pos = module_.current_pos(positions),
                                      .rot_mats = rotary_.decode_forward(positions),
                                      .page_table = page_table_});
    std::vector<TokenPlace> places;
    for (int user = 0; user < case_.batch; ++user) {
      places.push_back({user, positions[static_cast<std::size_t>(user)]});
    }
    return compared(x, places);
  }

  /// Prompts of some users, or from `chunk_start` on of one.
  Accuracy prefill(std::uint64_t stream, const std::vector<int>& users, std::int64_t length,
                   std::optional<std::int64_t> chunk_start = std::nullopt) {
    const std::int64_t first = chunk_start.value_or(0);
    const LazyWeight x = tokens(stream, length * static_cast<std::int64_t>(users.size()));
    output_ = module_.prefill_forward(module_.input(x, Mode::Prefill),
                                      {.rot_mats = rotary_.prefill_forward(first, length),
                                       .users = users,
                                       .page_table = page_table_,
                                       .chunk_start_idx = chunk_start});
    std::vector<TokenPlace> places;
    for (const int user : users) {
      for (std::int64_t i = 0; i < length; ++i) places.push_back({user, first + i});
    }
    return compared(x, places);
  }

  const mesh::Tensor& output() const { return output_; }
  /// Nothing is read back from now on.
  void stop_comparing() { compares_ = false; }

 private:
  mesh::DataType input_dtype() const {
    return case_.dtype == mesh::DataType::Float32 ? mesh::DataType::Float32
                                                  : mesh::DataType::Bfloat16;
  }

  Accuracy compared(const LazyWeight& x, const std::vector<TokenPlace>& places) {
    if (device_.timing_only() || !compares_) return {};
    const std::vector<float> want = reference_.forward(x.source().host_tensor().floats(), places);
    return measure_accuracy(mesh::to_host(output_).floats(), want);
  }

  AttentionCase case_;
  mesh::MeshDevice device_;
  Module module_;
  Rotary rotary_;
  AttentionReference reference_;
  std::optional<mesh::Tensor> page_table_{};
  mesh::Tensor output_;
  bool compares_ = true;
};

using Pair1D = AttentionPair<Attention1D, RotarySetup1D>;
using Pair2D = AttentionPair<Attention2D, RotarySetup2D>;

}  // namespace ttmesh::modules
