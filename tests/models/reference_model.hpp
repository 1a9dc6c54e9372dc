#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/tensor/shape.hpp"
#include "modules/spec/model_spec.hpp"

namespace ttmesh::modules {

/// Values of a tensor by the recipe of tests/golden/make_golden.py, as transformers has it.
[[nodiscard]] std::vector<float> recipe_values(const std::string& name, const mesh::Shape& shape);

/// The recipe's numbers alone, in [-1/2, 1/2).
[[nodiscard]] std::vector<float> recipe_uniform(std::string_view name, std::int64_t count);

/// A decoder in float32 with the recipe's weights: plain loops over one token at a time, heads in
/// halves as transformers has them, nothing in common with the modules.
class ReferenceModel {
 public:
  explicit ReferenceModel(ModelSpec spec);

  /// Logits after one more token.
  std::vector<float> next(std::uint32_t token);
  /// Forgets all tokens.
  void clear();

  const ModelSpec& spec() const { return spec_; }

 private:
  const std::vector<float>& weight(const std::string& name) const { return weights_.at(name); }
  std::vector<float> attention(int layer, const std::vector<float>& x);
  std::vector<float> mlp(int layer, const std::vector<float>& x) const;

  ModelSpec spec_;
  std::map<std::string, std::vector<float>> weights_;
  std::vector<std::vector<std::vector<float>>> keys_;  ///< By layer and position.
  std::vector<std::vector<std::vector<float>>> values_;
  std::int64_t position_ = 0;
};

/// Writes the recipe's weights as a HuggingFace directory without config.json, in float32, or
/// bfloat16 where `bf16`; over two files with an index where `shards` is 2.
struct CheckpointFiles {
  bool bf16 = false;
  int shards = 1;
};
void write_checkpoint(const std::filesystem::path& directory, const ModelSpec& spec,
                      const CheckpointFiles& files = {});

/// The largest value's index, the first of equal ones.
[[nodiscard]] std::uint32_t likeliest(const std::vector<float>& logits);

}  // namespace ttmesh::modules
