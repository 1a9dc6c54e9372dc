#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modules/model_dims.hpp"
#include "modules/rotary/rotary_frequencies.hpp"
#include "ops/activation.hpp"

namespace ttmesh::modules {

class ModelSpecBuilder;

/// What a dense decoder computes: pre-norm layers of attention with rotary positions and an MLP, in
/// RMS norms. No hardware. Immutable, checked, derived values filled in.
class ModelSpec {
 public:
  using Builder = ModelSpecBuilder;

  struct Fields {
    std::string name{};          ///< For messages and reports.
    std::string architecture{};  ///< Family whose checkpoints it has: "llama".
    std::int64_t dim = 0;
    std::int64_t hidden_dim = 0;
    int layers = 0;
    int heads = 0;
    int kv_heads = 0;
    std::int64_t head_dim = 0;
    std::int64_t vocab = 0;
    std::int64_t max_positions = 131072;
    double norm_epsilon = 1e-5;
    double rope_theta = 10000;
    std::optional<RotaryScaling> rope_scaling{};
    ops::Activation activation = ops::Activation::Silu;
    bool gate = true;  ///< Of the MLP: down(activation(gate x) * up x).
    bool qkv_bias = false;
    bool output_bias = false;  ///< Of attention's output projection.
    bool mlp_bias = false;
    bool qk_norm = false;                          ///< RMS norm of each query and key head.
    bool tied_embeddings = false;                  ///< The head is the embedding's table.
    std::optional<std::int64_t> sliding_window{};  ///< Keys up to its own that a token sees.
    /// Layers with the window: one for each, or none for all of them.
    std::vector<bool> windowed{};
  };

  /// A decoder of these sizes whose layers are alike, everything else as in Builder. Throws
  /// std::invalid_argument listing every mistake.
  [[nodiscard]] static ModelSpec uniform(const ModelDims& dims);

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

  const Fields* operator->() const { return fields_.get(); }
  const Fields& operator*() const { return *fields_; }

  /// Window of a layer, if it has one.
  std::optional<std::int64_t> window(int layer) const;
  /// Parameters of the model, tied ones once.
  std::int64_t parameters() const;

 private:
  friend class ModelSpecBuilder;
  explicit ModelSpec(std::shared_ptr<const Fields> fields) : fields_(std::move(fields)) {}

  std::shared_ptr<const Fields> fields_;
};

/// Makes a ModelSpec step by step; nothing is checked before `build`.
///
///   ModelSpec::Builder("llama").dim(4096).hidden_dim(14336).layers(32).heads(32).kv_heads(8)
///       .vocab(128256).rope_theta(5e5).build()
class ModelSpecBuilder {
 public:
  /// A gated MLP with SiLU, no biases, no window, heads as they are; Llama's numbers elsewhere.
  explicit ModelSpecBuilder(std::string architecture = "llama");
  /// All of a spec, to change some of it.
  explicit ModelSpecBuilder(const ModelSpec& spec) : fields_(*spec) {}

  ModelSpecBuilder& name(std::string value);
  ModelSpecBuilder& sizes(const ModelDims& dims);  ///< Its name too.
  ModelSpecBuilder& dim(std::int64_t value);
  ModelSpecBuilder& hidden_dim(std::int64_t value);
  ModelSpecBuilder& layers(int value);
  ModelSpecBuilder& heads(int value);
  ModelSpecBuilder& kv_heads(int value);           ///< One for each query head if unset.
  ModelSpecBuilder& head_dim(std::int64_t value);  ///< dim / heads if unset.
  ModelSpecBuilder& vocab(std::int64_t value);
  ModelSpecBuilder& max_positions(std::int64_t value);
  ModelSpecBuilder& norm_epsilon(double value);
  ModelSpecBuilder& rope_theta(double value);
  ModelSpecBuilder& rope_scaling(const RotaryScaling& value);
  ModelSpecBuilder& activation(ops::Activation value);
  ModelSpecBuilder& without_gate();
  ModelSpecBuilder& qkv_bias();
  ModelSpecBuilder& output_bias();
  ModelSpecBuilder& mlp_bias();
  ModelSpecBuilder& qk_norm();
  ModelSpecBuilder& tied_embeddings();
  /// Of all layers, or of those that `windowed` says.
  ModelSpecBuilder& sliding_window(std::int64_t value, std::vector<bool> windowed = {});

  /// What is wrong with the numbers, each a sentence; empty if nothing is.
  std::vector<std::string> mistakes() const;
  /// Throws std::invalid_argument listing every mistake.
  ModelSpec build() const;

 private:
  ModelSpec::Fields completed() const;

  ModelSpec::Fields fields_;
};

}  // namespace ttmesh::modules
