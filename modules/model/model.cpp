#include "modules/model/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/decoder/decoder_layer.hpp"
#include "modules/decoder/decoder_norm.hpp"
#include "modules/embedding/embedding.hpp"
#include "modules/lm_head/lm_head.hpp"
#include "modules/model/module_configs.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"
#include "modules/sampling/sampling.hpp"
#include "ops/concat.hpp"
#include "ops/slice.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

/// The classes that a decoder is made of on a line of chips.
struct LineParts {
  using Layer = DecoderLayer1D;
  static constexpr auto layer_config = layer_1d_config;
  using Rotary = RotarySetup1D;
  using Norm = DecoderNorm1D;
  static constexpr auto norm_config = norm_1d_config;
  using Embedding = Embedding1D;
  using Head = LMHead1D;
  using Sampling = Sampling1D;
  static constexpr std::optional<int> kDimAxis{};    ///< Along which the model's width lies.
  static constexpr std::optional<int> kVocabAxis{};  ///< Along which the vocabulary lies.
};

/// The same on a grid.
struct GridParts {
  using Layer = DecoderLayer2D;
  static constexpr auto layer_config = layer_2d_config;
  using Rotary = RotarySetup2D;
  using Norm = DecoderNorm2D;
  static constexpr auto norm_config = norm_2d_config;
  using Embedding = Embedding2D;
  using Head = LMHead2D;
  using Sampling = Sampling2D;
  static constexpr std::optional<int> kDimAxis = 1;
  static constexpr std::optional<int> kVocabAxis = 0;
};

template <typename Parts>
std::vector<typename Parts::Layer> layers_of(const ModelConfig& config) {
  std::vector<typename Parts::Layer> layers;
  layers.reserve(static_cast<std::size_t>(config.spec->layers));
  for (int i = 0; i < config.spec->layers; ++i) {
    layers.push_back(Parts::Layer::from_config(Parts::layer_config(config, i)));
  }
  return layers;
}

template <typename Parts>
class MeshModel final : public Model {
 public:
  explicit MeshModel(const ModelConfig& config)
      : Model(config),
        device_(config.device),
        layers_(layers_of<Parts>(config)),
        embedding_(Parts::Embedding::from_config(embedding_config(config, residual_memory()))),
        norm_(Parts::norm_config(config, config.weights.norm),
              {.residual = residual_memory(),
               .output = *layers_.back().attention().config().decode_input_memory}),
        head_(Parts::Head::from_config(head_config(config, Parts::kDimAxis))),
        sampling_(Parts::Sampling::from_config(
            sampling_config(config, head_.config(), Parts::kVocabAxis))),
        rotary_(rotary_config(config)) {}

  void load_device_weights(const ProgressCallback& progress) override {
    const auto total = static_cast<std::int64_t>(layers_.size());
    for (std::int64_t i = 0; i < total; ++i) {
      if (progress) progress({"weights", i, total + 1});
      layers_[static_cast<std::size_t>(i)].load_device_weights();
      device_.synchronize();
    }
    if (progress) progress({"weights", total, total + 1});
    embedding_.load_device_weights();
    norm_.load_device_weights();
    head_.load_device_weights();
    sampling_.load_device_buffers();
    rotary_.load_device_weights();
    if (config().pages()) page_table_ = page_table();
    device_.synchronize();
    if (progress) progress({"weights", total + 1, total + 1});
  }

  Tensor prefill_forward(const PromptBatch& prompts) override {
    require_prompts(prompts);
    if (prompts.padded_length > config().prefill_chunk) return prefill_chunks(prompts);
    const Tensor x = prefill_layers(padded_rows(prompts),
                                    {.rot_mats = rotary_.prefill_forward(0, prompts.padded_length),
                                     .users = prompts.users,
                                     .page_table = page_table_});
    const mesh::CallScope scope(device_, "head");
    return logits(last_rows(x, prompts));
  }

  Tensor decode_forward(const Tensor& tokens, const std::vector<std::int64_t>& positions) override {
    const std::int64_t longest = std::max<std::int64_t>(0, *std::ranges::max_element(positions));
    const AttentionDecodeInputs inputs{
        .current_pos = layers_.front().attention().current_pos(positions),
        .rot_mats = rotary_.decode_forward(positions),
        .page_table = page_table_,
        .longest_cur_pos = longest};
    Tensor x = embedding_.decode_forward(tokens);
    for (typename Parts::Layer& layer : layers_) x = layer.decode_forward(std::move(x), inputs);
    const mesh::CallScope scope(device_, "head");
    return logits(x);
  }

  // All users draw alike, so that a prefill's may be the first.
  Tensor likeliest(const Tensor& logits) override {
    const mesh::CallScope scope(device_, "sampling");
    const std::int64_t rows = logits.shape()[-2];
    if (rows == config().max_batch_size) return sampling_.forward(logits);
    std::vector<int> users(static_cast<std::size_t>(rows));
    std::iota(users.begin(), users.end(), 0);
    return sampling_.forward(logits, users);
  }

 private:
  const mesh::MemoryConfig& residual_memory() const {
    return *layers_.front().attention().config().decode_residual_memory;
  }

  // Few rows, a prefill's too, are normed and multiplied as a decode's.
  Tensor logits(const Tensor& x) const {
    return head_.decode_forward(norm_.forward(x, Mode::Decode));
  }

  Tensor prefill_layers(std::span<const std::uint32_t> tokens,
                        const AttentionPrefillInputs& inputs) {
    Tensor x = embedding_.prefill_forward(token_tensor(tokens));
    for (typename Parts::Layer& layer : layers_) x = layer.prefill_forward(std::move(x), inputs);
    return x;
  }

  // One chunk after another; those that would hold padding alone are left out.
  Tensor prefill_chunks(const PromptBatch& prompt) {
    const std::int64_t chunk = config().prefill_chunk;
    const std::vector<std::uint32_t> rows = padded_rows(prompt);
    const std::int64_t last = static_cast<std::int64_t>(prompt.tokens.front().size()) - 1;
    Tensor x;
    for (std::int64_t start = 0; start <= last; start += chunk) {
      x = prefill_layers(
          std::span(rows).subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(chunk)),
          {.rot_mats = rotary_.prefill_forward(start, chunk),
           .users = prompt.users,
           .page_table = page_table_,
           .chunk_start_idx = start});
    }
    const mesh::CallScope scope(device_, "head");
    const std::int64_t row = last % chunk;
    return logits(ops::slice(x, {.begin = {0, 0, row, 0}, .end = {1, 1, row + 1, x.shape()[-1]}}));
  }

  // As many blocks for each user, one after another; on a grid a column counts its own.
  Tensor page_table() const {
    const PagedAttentionConfig pages = *config().pages();
    const auto users = static_cast<std::int64_t>(config().max_batch_size);
    const std::int64_t of_user = config().max_seq_len / pages.block_size;
    std::vector<std::int32_t> blocks;
    for (std::int64_t i = 0; i < users * of_user; ++i) {
      blocks.push_back(static_cast<std::int32_t>(i % pages.max_num_blocks));
    }
    return layers_.front().attention().page_table(blocks);
  }

  void require_prompts(const PromptBatch& prompts) const {
    for (const std::vector<std::uint32_t>& prompt : prompts.tokens) {
      if (!prompt.empty() && static_cast<std::int64_t>(prompt.size()) <= prompts.padded_length) {
        continue;
      }
      throw std::invalid_argument(
          fmt::format("[Model::prefill_forward] a prompt has {} tokens, needs 1 to {}",
                      prompt.size(), prompts.padded_length));
    }
    if (prompts.padded_length > config().prefill_chunk && prompts.tokens.size() != 1) {
      throw std::invalid_argument(
          fmt::format("[Model::prefill_forward] {} prompts of {} tokens in chunks of {}, needs one "
                      "at a time",
                      prompts.tokens.size(), prompts.padded_length, config().prefill_chunk));
    }
  }

  // Rows of all prompts, one after another, each filled up with token 0; what is beyond a prompt
  // is not seen by what is in it.
  static std::vector<std::uint32_t> padded_rows(const PromptBatch& prompts) {
    std::vector<std::uint32_t> rows;
    for (const std::vector<std::uint32_t>& prompt : prompts.tokens) {
      rows.insert(rows.end(), prompt.begin(), prompt.end());
      rows.resize(rows.size() + static_cast<std::size_t>(prompts.padded_length) - prompt.size(), 0);
    }
    return rows;
  }

  // The row of each prompt's last token: [1, 1, prompts, ..].
  static Tensor last_rows(const Tensor& x, const PromptBatch& prompts) {
    std::vector<Tensor> rows;
    for (std::size_t i = 0; i < prompts.tokens.size(); ++i) {
      const std::int64_t row = static_cast<std::int64_t>(i) * prompts.padded_length +
                               static_cast<std::int64_t>(prompts.tokens[i].size()) - 1;
      rows.push_back(
          ops::slice(x, {.begin = {0, 0, row, 0}, .end = {1, 1, row + 1, x.shape()[-1]}}));
    }
    return rows.size() == 1 ? rows.front() : ops::concat(rows, 2);
  }

  mesh::MeshDevice device_;
  std::vector<typename Parts::Layer> layers_;
  typename Parts::Embedding embedding_;
  typename Parts::Norm norm_;
  typename Parts::Head head_;
  typename Parts::Sampling sampling_;
  typename Parts::Rotary rotary_;
  std::optional<Tensor> page_table_;  ///< Of a paged cache.
};

}  // namespace

Tensor Model::token_tensor(std::span<const std::uint32_t> tokens) const {
  return mesh::from_host(config_.device,
                         {.shape = {1, static_cast<std::int64_t>(tokens.size())},
                          .values = std::vector<std::uint32_t>(tokens.begin(), tokens.end())},
                         {.dtype = mesh::DataType::UInt32,
                          .layout = mesh::Layout::RowMajor,
                          .memory = mesh::kDramInterleaved,
                          .distribution = mesh::replicate_tensor_to_mesh(config_.device.shape())});
}

std::unique_ptr<Model> ModelFactory::from_spec(const ModelSpec& spec,
                                               const mesh::MeshDevice& device,
                                               const ModelOptions& options) {
  const ModelConfig config = model_config(spec, device, options);
  const mesh::MeshShape shape = device.shape();
  if (shape.rows > 1 && shape.cols > 1) return std::make_unique<MeshModel<GridParts>>(config);
  return std::make_unique<MeshModel<LineParts>>(config);
}

}  // namespace ttmesh::modules
