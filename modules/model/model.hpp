#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mesh/device/tensor.hpp"
#include "modules/model/model_config.hpp"
#include "modules/progress.hpp"

namespace ttmesh::modules {

/// Prompts of some users, all padded to one length.
struct PromptBatch {
  std::vector<int> users;  ///< Counted over the whole mesh.
  std::vector<std::vector<std::uint32_t>> tokens;
  std::int64_t padded_length;
};

/// A dense decoder on a mesh: embedding, layers of attention and MLP, norm, head, sampling. On one
/// chip or a line it is made of the 1D modules, on a grid of the 2D ones.
///
/// Users are rows of a decode; each has its own position and its part of the KV cache. One at
/// position -1 idles. Layers are issued under the names "layers.0", "layers.1" ..
class Model {
 public:
  virtual ~Model() = default;

  /// Makes weights and caches on the chips, unless they are there. Progress stage: "weights".
  virtual void load_device_weights(const ProgressCallback& progress = {}) = 0;

  /// Fills the users' caches from position 0; logits after each prompt's last token: a row a user.
  /// One that is padded to more than `prefill_chunk` rows is prefilled in chunks of as many.
  /// Throws std::invalid_argument if a prompt is empty or longer than padded, or there are several
  /// of more than a chunk.
  virtual mesh::Tensor prefill_forward(const PromptBatch& prompts) = 0;

  /// Logits after one token of each user, [1, max_batch_size] or [1, 1, 1, max_batch_size] of
  /// uint32, at `positions`.
  virtual mesh::Tensor decode_forward(const mesh::Tensor& tokens,
                                      const std::vector<std::int64_t>& positions) = 0;

  /// The likeliest token of each row of logits, the lowest of equal ones: [1, 1, 1, rows] of
  /// uint32, as decode_forward takes them.
  virtual mesh::Tensor likeliest(const mesh::Tensor& logits) = 0;

  /// Tokens from the controller, [1, tokens].
  mesh::Tensor token_tensor(std::span<const std::uint32_t> tokens) const;

  const ModelConfig& config() const { return config_; }

 protected:
  explicit Model(ModelConfig config) : config_(std::move(config)) {}

 private:
  ModelConfig config_;
};

/// Makes models.
class ModelFactory {
 public:
  /// The model for the device's mesh. Throws std::invalid_argument as `model_config` does.
  [[nodiscard]] static std::unique_ptr<Model> from_spec(const ModelSpec& spec,
                                                        const mesh::MeshDevice& device,
                                                        const ModelOptions& options = {});
};

}  // namespace ttmesh::modules
