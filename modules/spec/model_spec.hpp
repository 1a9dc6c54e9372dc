#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/rotary/rotary_frequencies.hpp"
#include "ops/activation.hpp"

namespace ttmesh::modules {

/// The numbers that a decoder is made of, to be filled in step by step; a ModelSpec checks them.
struct ModelFields {
  std::string name{};          ///< For messages and reports.
  std::string architecture{};  ///< Family whose checkpoints it has: "llama".
  std::int64_t dim = 0;
  std::int64_t hidden_dim = 0;
  int layers = 0;
  int heads = 0;
  int kv_heads = 0;           ///< 0: one for each query head.
  std::int64_t head_dim = 0;  ///< 0: dim / heads.
  std::int64_t vocab = 0;
  std::int64_t max_positions = 131072;
  double norm_epsilon = 1e-5;
  double rope_theta = 10000;
  std::optional<RotaryScaling> rope_scaling{};
  ops::Activation activation = ops::Activation::Silu;  ///< Of the gate.
  bool qkv_bias = false;
  bool qk_norm = false;                          ///< RMS norm of each query and key head.
  bool tied_embeddings = false;                  ///< The head is the embedding's table.
  std::optional<std::int64_t> sliding_window{};  ///< Keys up to its own that a token sees.
  /// Layers with the window: one for each, or none for all of them.
  std::vector<bool> windowed{};
};

/// What a dense decoder computes: pre-norm layers of attention with rotary positions and a gated
/// MLP, in RMS norms. No hardware. Immutable, checked, derived values filled in.
class ModelSpec {
 public:
  /// A decoder whose layers are alike. Throws std::invalid_argument listing every mistake.
  [[nodiscard]] static ModelSpec uniform(ModelFields fields);

  /// The model that a HuggingFace config.json describes; `file` begins the messages. Keys may be
  /// GPT-style (n_embd, n_head, ..) too. Throws mesh::InvalidFile listing every mistake: an
  /// architecture that is not known (with those that are), keys that are missing or of a wrong
  /// kind, and what the file asks for that ttmesh lacks.
  [[nodiscard]] static ModelSpec from_huggingface(const std::string& file, std::string_view text);

  /// The published model called `name`, case ignored. Throws std::invalid_argument listing the
  /// names, or that the model is not a dense decoder.
  [[nodiscard]] static ModelSpec published(std::string_view name);

  /// The same model with so many layers, for trials. Throws std::invalid_argument unless it has as
  /// many.
  [[nodiscard]] ModelSpec with_layers(int layers) const;

  const ModelFields* operator->() const { return fields_.get(); }
  const ModelFields& operator*() const { return *fields_; }

  /// Window of a layer, if it has one.
  std::optional<std::int64_t> window(int layer) const;
  /// Parameters of the model, tied ones once.
  std::int64_t parameters() const;

 private:
  explicit ModelSpec(std::shared_ptr<const ModelFields> fields) : fields_(std::move(fields)) {}

  std::shared_ptr<const ModelFields> fields_;
};

/// What is wrong with the numbers, each a sentence; empty if nothing is.
[[nodiscard]] std::vector<std::string> mistakes_of(const ModelFields& fields);

}  // namespace ttmesh::modules
