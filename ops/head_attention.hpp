#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mesh/tensor/block.hpp"
#include "ops/held_values.hpp"
#include "ops/key_rows.hpp"
#include "ops/pages.hpp"
#include "ops/truncation.hpp"

namespace ttmesh::ops {

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
/// kernels, unless a tensor holds float32. What a fidelity cuts off is cut off of products'
/// operands alone: probabilities are summed up whole. A few queries read keys and values where they
/// are held; more are products of matrices.
class HeadAttention {
 public:
  static constexpr std::int64_t kKeysAtOnce = 256;

  /// Keys [users, heads, s, d] and values [users, heads, s, e], or blocks of both with `pages`,
  /// which outlive this. `queries` are held likewise.
  HeadAttention(mesh::HeldType queries, const mesh::Block& keys, const mesh::Block& values,
                float scale, const AttentionTruncation& truncation, const Pages* pages = nullptr);

  /// Attention to matrix `head` of keys and values, counted through users and heads; a row of e
  /// values for each query, 0 where it sees no key.
  void attend(std::int64_t head, const QueryRows& queries, std::span<float> out);

 private:
  struct Running {
    float largest;
    float sum;
  };

  // Keys of one head that queries meet at a time.
  struct KeyBlock {
    std::int64_t head;
    std::int64_t first;
    std::int64_t count;
  };

  // A product, or a phase of one: a part of its left operand times a part of the right one.
  struct Term {
    KeyRows rows;                     ///< Keys, or values.
    std::span<const float> left;      ///< Queries, or probabilities.
    const std::byte* data = nullptr;  ///< The same in the type of products of matrices.
    std::vector<float> part{};
    std::vector<mesh::Bfloat16> rounded{};
  };

  std::vector<Term> terms_of(const mesh::Block& rows, const Truncation& truncation,
                             const Pages* pages) const;
  static void split(std::span<const float> whole, const Truncation& truncation,
                    std::vector<Term>& terms);
  void set_data(std::vector<Term>& terms) const;
  void multiply(Term& term, std::int64_t queries, const KeyBlock& block, const KeyRange& seen,
                std::span<float> scores);
  void score(const KeyBlock& block, std::int64_t queries, const KeyRange& seen);
  void weigh(const KeyBlock& block, const QueryRows& queries, std::span<float> out);
  void mix(const KeyBlock& block, std::int64_t queries, const KeyRange& seen, std::span<float> out);
  float take(std::span<float> scores, Running& running) const;

  bool rounds_;
  mesh::HeldType type_;
  AttentionTruncation truncation_;
  std::vector<Term> keys_;
  std::vector<Term> values_;
  float scale_;
  std::vector<float> scores_;
  std::vector<float> rest_scores_;
  std::vector<float> mask_;
  std::vector<Running> running_;
};

}  // namespace ttmesh::ops
