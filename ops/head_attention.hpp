#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "ops/held_values.hpp"

namespace ttmesh::ops {

/// Keys that a query sees: from `begin` to before `end`.
struct KeyRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

/// Queries of one head, or of all heads that share its keys.
struct QueryRows {
  std::span<const float> values;          ///< A row of the head dim for each query.
  std::span<const KeyRange> visible;      ///< For each query.
  const FloatReader* mask = nullptr;      ///< Added to scores.
  std::span<const std::int64_t> mask_at;  ///< For each query, where its row of the mask begins.
};

/// softmax(queries * keys^T * scale + mask) * values of one head after another.
///
/// Works on a block of keys at a time, with a running maximum and sum for each query, so that no
/// more scores exist than queries times kKeysAtOnce. Blocks begin at multiples of that and end with
/// the keys held, whatever is visible: a growing sequence meets few shapes of products. Sums are
/// float32; probabilities are rounded to bfloat16 before they meet the values, as in the hardware's
/// kernels, unless a tensor holds float32.
class HeadAttention {
 public:
  static constexpr std::int64_t kKeysAtOnce = 256;

  /// Keys [.., s, d] and values [.., s, e], one matrix for each head. `queries` are held likewise.
  HeadAttention(mesh::HeldType queries, const mesh::Block& keys, const mesh::Block& values,
                float scale);

  /// Attention to matrix `head` of keys and values; a row of e values for each query, 0 where it
  /// sees no key.
  void attend(std::int64_t head, const QueryRows& queries, std::span<float> out);

 private:
  /// Rows of one matrix of a block in the type of the products.
  class Rows {
   public:
    Rows(const mesh::Block& block, mesh::HeldType type);
    const std::byte* at(std::int64_t head, std::int64_t first, std::int64_t count);
    std::int64_t count() const { return count_; }
    std::int64_t length() const { return length_; }

   private:
    std::shared_ptr<const mesh::Buffer> plain_;
    FloatReader reader_;
    bool is_held_;
    std::int64_t value_bytes_;
    std::int64_t count_;
    std::int64_t length_;
    std::vector<float> converted_;
  };

  struct Running {
    float largest;
    float sum;
  };

  const std::byte* in_type(std::span<const float> values, std::vector<mesh::Bfloat16>& rounded);
  void score(std::int64_t head, std::int64_t first, std::int64_t count, std::int64_t queries);
  float take(std::span<float> scores, Running& running) const;

  bool rounds_;
  mesh::HeldType type_;
  Rows keys_;
  Rows values_;
  float scale_;
  const std::byte* query_data_ = nullptr;
  std::vector<mesh::Bfloat16> rounded_queries_;
  std::vector<mesh::Bfloat16> rounded_scores_;
  std::vector<float> scores_;
  std::vector<float> mask_;
  std::vector<Running> running_;
};

}  // namespace ttmesh::ops
