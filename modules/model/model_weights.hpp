#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "modules/checkpoint/safetensors.hpp"
#include "modules/spec/model_spec.hpp"
#include "modules/weight_source.hpp"

namespace ttmesh::modules {

/// Where the weights of a layer come from. Matrices are [in, out]; query and key heads are in
/// interleaved pairs.
struct LayerWeights {
  WeightSource input_norm;  ///< [dim / 32, 32], as all norms of rows.
  WeightSource query;
  WeightSource key;
  WeightSource value;
  WeightSource output;
  std::optional<WeightSource> query_bias{};  ///< [1, heads * head_dim]
  std::optional<WeightSource> key_bias{};
  std::optional<WeightSource> value_bias{};
  std::optional<WeightSource> output_bias{};  ///< [1, dim]
  std::optional<WeightSource> query_norm{};   ///< [1, head_dim]
  std::optional<WeightSource> key_norm{};
  WeightSource mlp_norm;
  std::optional<WeightSource> gate{};  ///< Unset in a model whose MLP has none.
  WeightSource up;
  WeightSource down;
  std::optional<WeightSource> gate_bias{};  ///< [1, hidden_dim]
  std::optional<WeightSource> up_bias{};
  std::optional<WeightSource> down_bias{};  ///< [1, dim]
};

/// Where all weights of a model come from; nothing is read yet.
struct ModelWeights {
  WeightSource embedding;  ///< [vocab, dim]
  std::vector<LayerWeights> layers;
  WeightSource norm;
  WeightSource head;  ///< [dim, vocab]
};

/// Weights with the names that transformers gives them. Throws mesh::InvalidFile, beginning with
/// `directory`, listing every tensor that is missing, has another shape or a dtype that is not
/// read, or does not belong to the model.
[[nodiscard]] ModelWeights stored_weights(const ModelSpec& spec, const std::string& directory,
                                          const StoredTensors& tensors);

/// N(0, 1) / sqrt(fan_in), norms of 1 and small biases, from a seed.
[[nodiscard]] ModelWeights random_weights(const ModelSpec& spec, std::uint64_t seed);

/// Name and shape of every tensor of a checkpoint, in transformers' order of [out, in].
struct ExpectedTensor {
  std::string name;
  mesh::Shape shape;
};
[[nodiscard]] std::vector<ExpectedTensor> expected_tensors(const ModelSpec& spec);

}  // namespace ttmesh::modules
