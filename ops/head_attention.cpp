#include "ops/head_attention.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "mesh/tensor/convert.hpp"
#include "ops/onednn_matmul.hpp"
#include "ops/row_products.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Bfloat16;
using mesh::HeldType;

// Up to here a product of matrices takes longer to arrange its operands than to multiply them.
constexpr std::int64_t kFewQueries = 16;

constexpr float kNothing = -std::numeric_limits<float>::infinity();

bool are_few(std::int64_t queries) { return queries <= kFewQueries; }

bool all_bfloat16(HeldType queries, const mesh::Block& keys, const mesh::Block& values) {
  return queries == HeldType::Bfloat16 && keys.type() == HeldType::Bfloat16 &&
         values.type() == HeldType::Bfloat16;
}

KeyRange within(const KeyRange& range, std::int64_t first, std::int64_t end) {
  return {std::clamp(range.begin, first, end), std::clamp(range.end, first, end)};
}

}  // namespace

HeadAttention::HeadAttention(HeldType queries, const mesh::Block& keys, const mesh::Block& values,
                             float scale, const AttentionTruncation& truncation, const Pages* pages)
    : rounds_(all_bfloat16(queries, keys, values)),
      type_(rounds_ && has_native_bfloat16() ? HeldType::Bfloat16 : HeldType::Float32),
      truncation_(rounds_ ? truncation : AttentionTruncation{}),
      keys_(terms_of(keys, truncation_.scores, pages)),
      values_(terms_of(values, truncation_.weights, pages)),
      scale_(scale) {}

std::vector<HeadAttention::Term> HeadAttention::terms_of(const mesh::Block& rows,
                                                         const Truncation& truncation,
                                                         const Pages* pages) const {
  const auto with_bits = [&](int bits) {
    if (bits == kMantissaBits) return KeyRows(rows, type_, pages);
    return KeyRows(*truncated(rows, bits), type_, pages);
  };
  std::vector<Term> terms{{.rows = with_bits(truncation.b_bits), .left = {}}};
  if (truncation.rest_bits != 0) {
    terms.push_back({.rows = with_bits(truncation.rest_bits), .left = {}});
  }
  return terms;
}

// Gives each term its part of the left operand.
void HeadAttention::split(std::span<const float> whole, const Truncation& truncation,
                          std::vector<Term>& terms) {
  terms[0].left = whole;
  if (truncation.a_bits == kMantissaBits) return;
  terms[0].part.assign(whole.begin(), whole.end());
  truncate(terms[0].part, truncation.a_bits);
  terms[0].left = terms[0].part;
  if (truncation.rest_bits == 0) return;
  terms[1].part.resize(whole.size());
  std::ranges::transform(whole, terms[0].part, terms[1].part.begin(), std::minus<>());
  terms[1].left = terms[1].part;
}

// In the type of products of matrices.
void HeadAttention::set_data(std::vector<Term>& terms) const {
  for (Term& term : terms) {
    if (type_ == HeldType::Float32) {
      term.data = std::as_bytes(term.left).data();
      continue;
    }
    term.rounded.resize(term.left.size());
    mesh::quantise(term.left, term.rounded, mesh::DataType::Bfloat16,
                   static_cast<std::int64_t>(term.left.size()));
    term.data = std::as_bytes(std::span(term.rounded)).data();
  }
}

void HeadAttention::multiply(Term& term, std::int64_t queries, const KeyBlock& block,
                             const KeyRange& seen, std::span<float> scores) {
  if (are_few(queries)) {
    for (std::int64_t done = 0; done < block.count;) {
      const HeldRows keys = term.rows.held(block.head, block.first + done, block.count - done);
      dot_rows(term.left, keys, scores.data() + done, block.count);
      done += keys.count;
    }
    return;
  }
  execute({.m = queries,
           .k = term.rows.width(),
           .n = block.count,
           .c_stride = block.count,
           .in = type_,
           .b_transposed = true},
          term.data, term.rows.at(block.head, block.first, block.count, seen),
          std::as_writable_bytes(scores).data());
}

// Scores of all queries and the block's keys, not scaled yet.
void HeadAttention::score(const KeyBlock& block, std::int64_t queries, const KeyRange& seen) {
  scores_.resize(static_cast<std::size_t>(queries * block.count));
  multiply(keys_[0], queries, block, seen, scores_);
  if (keys_.size() == 1) return;
  rest_scores_.resize(scores_.size());
  multiply(keys_[1], queries, block, seen, rest_scores_);
  add_to(scores_, rest_scores_);
}

// Turns a query's scores into terms of its softmax and takes them into the running maximum and sum.
// Returns what to scale the query's earlier terms by.
float HeadAttention::take(std::span<float> scores, Running& running) const {
  const float before = running.largest;
  running.largest = std::max(largest(scores), before);  // NaN if the scores are.
  if (running.largest == kNothing) {
    std::fill(scores.begin(), scores.end(), 0.0F);
    return 1.0F;
  }
  exponentiate(scores, running.largest);
  if (rounds_) {
    mesh::quantise(scores, scores, mesh::DataType::Bfloat16,
                   static_cast<std::int64_t>(scores.size()));
  }
  const float factor = std::exp(before - running.largest);
  running.sum = running.sum * factor + sum(scores);
  return factor;
}

// Turns the scores of all queries and the block's keys into weights of the values, 0 where a query
// does not see the key, and rescales what the values before have given.
void HeadAttention::weigh(const KeyBlock& block, const QueryRows& queries, std::span<float> out) {
  const auto width = static_cast<std::size_t>(values_[0].rows.width());
  const auto count = static_cast<std::size_t>(block.count);
  for (std::size_t row = 0; row < queries.visible.size(); ++row) {
    const auto scores = std::span(scores_).subspan(row * count, count);
    const auto [begin, end] = within(queries.visible[row], block.first, block.first + block.count);
    if (begin >= end) {
      std::fill(scores.begin(), scores.end(), 0.0F);
      continue;
    }
    const auto visible = scores.subspan(static_cast<std::size_t>(begin - block.first),
                                        static_cast<std::size_t>(end - begin));
    multiply_by(visible, {&scale_, 1});
    if (queries.mask != nullptr) {
      mask_.resize(visible.size());
      queries.mask->read(queries.mask_at[row] + begin, mask_);
      add_to(visible, mask_);
    }
    const float factor = take(visible, running_[row]);
    std::fill(scores.begin(), scores.begin() + (begin - block.first), 0.0F);
    std::fill(scores.begin() + (end - block.first), scores.end(), 0.0F);
    if (factor != 1.0F) multiply_by(out.subspan(row * width, width), {&factor, 1});
  }
}

// Adds the block's values, weighed.
void HeadAttention::mix(const KeyBlock& block, std::int64_t queries, const KeyRange& seen,
                        std::span<float> out) {
  split(scores_, truncation_.weights, values_);
  if (!are_few(queries)) set_data(values_);
  for (Term& term : values_) {
    if (are_few(queries)) {
      for (std::int64_t done = 0; done < block.count;) {
        const HeldRows values = term.rows.held(block.head, block.first + done, block.count - done);
        mix_rows(term.left.data() + done, block.count, values, out);
        done += values.count;
      }
      continue;
    }
    execute({.m = queries,
             .k = block.count,
             .n = term.rows.width(),
             .c_stride = term.rows.width(),
             .in = type_,
             .accumulates = true},
            term.data, term.rows.at(block.head, block.first, block.count, seen),
            std::as_writable_bytes(out).data());
  }
}

void HeadAttention::attend(std::int64_t head, const QueryRows& queries, std::span<float> out) {
  const auto rows = static_cast<std::int64_t>(queries.visible.size());
  const auto width = static_cast<std::size_t>(values_[0].rows.width());
  const std::int64_t key_count = keys_[0].rows.count();
  split(queries.values, truncation_.scores, keys_);
  if (!are_few(rows)) set_data(keys_);
  running_.assign(queries.visible.size(), {.largest = kNothing, .sum = 0});
  std::fill(out.begin(), out.end(), 0.0F);
  KeyRange seen{key_count, 0};
  for (const KeyRange& range : queries.visible) {
    if (range.begin >= range.end) continue;
    seen = {std::min(seen.begin, range.begin), std::max(seen.end, range.end)};
  }
  for (std::int64_t first = seen.begin / kKeysAtOnce * kKeysAtOnce; first < seen.end;
       first += kKeysAtOnce) {
    const std::int64_t end = std::min(first + kKeysAtOnce, key_count);
    KeyRange keys{first, end};
    if (are_few(rows)) keys = within(seen, first, end);
    const KeyBlock block{.head = head, .first = keys.begin, .count = keys.end - keys.begin};
    score(block, rows, seen);
    weigh(block, queries, out);
    mix(block, rows, seen, out);
  }
  for (std::size_t row = 0; row < running_.size(); ++row) {
    const float scale = running_[row].sum == 0 ? 0.0F : 1.0F / running_[row].sum;
    multiply_by(out.subspan(row * width, width), {&scale, 1});
  }
}

}  // namespace ttmesh::ops
