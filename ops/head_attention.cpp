#include "ops/head_attention.hpp"

#include <algorithm>
#include <cmath>
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
                             float scale, const Pages* pages)
    : rounds_(all_bfloat16(queries, keys, values)),
      type_(rounds_ && has_native_bfloat16() ? HeldType::Bfloat16 : HeldType::Float32),
      keys_(keys, type_, pages),
      values_(values, type_, pages),
      scale_(scale) {}

const std::byte* HeadAttention::in_type(std::span<const float> values,
                                        std::vector<Bfloat16>& rounded) {
  if (type_ == HeldType::Float32) return std::as_bytes(values).data();
  rounded.resize(values.size());
  mesh::quantise(values, rounded, mesh::DataType::Bfloat16,
                 static_cast<std::int64_t>(values.size()));
  return std::as_bytes(std::span(rounded)).data();
}

// Scores of all queries and the block's keys, not scaled yet.
void HeadAttention::score(const KeyBlock& block, const QueryRows& queries, const KeyRange& seen) {
  const auto rows = static_cast<std::int64_t>(queries.visible.size());
  scores_.resize(static_cast<std::size_t>(rows * block.count));
  if (are_few(rows)) {
    for (std::int64_t done = 0; done < block.count;) {
      const HeldRows keys = keys_.held(block.head, block.first + done, block.count - done);
      dot_rows(queries.values, keys, scores_.data() + done, block.count);
      done += keys.count;
    }
    return;
  }
  execute({.m = rows,
           .k = keys_.width(),
           .n = block.count,
           .c_stride = block.count,
           .in = type_,
           .b_transposed = true},
          query_data_, keys_.at(block.head, block.first, block.count, seen),
          std::as_writable_bytes(std::span(scores_)).data());
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
  const auto width = static_cast<std::size_t>(values_.width());
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
  if (are_few(queries)) {
    for (std::int64_t done = 0; done < block.count;) {
      const HeldRows values = values_.held(block.head, block.first + done, block.count - done);
      mix_rows(scores_.data() + done, block.count, values, out);
      done += values.count;
    }
    return;
  }
  execute({.m = queries,
           .k = block.count,
           .n = values_.width(),
           .c_stride = values_.width(),
           .in = type_,
           .accumulates = true},
          in_type(scores_, rounded_scores_), values_.at(block.head, block.first, block.count, seen),
          std::as_writable_bytes(out).data());
}

void HeadAttention::attend(std::int64_t head, const QueryRows& queries, std::span<float> out) {
  const auto rows = static_cast<std::int64_t>(queries.visible.size());
  const auto width = static_cast<std::size_t>(values_.width());
  if (!are_few(rows)) query_data_ = in_type(queries.values, rounded_queries_);
  running_.assign(queries.visible.size(), {.largest = kNothing, .sum = 0});
  std::fill(out.begin(), out.end(), 0.0F);
  KeyRange seen{keys_.count(), 0};
  for (const KeyRange& range : queries.visible) {
    if (range.begin >= range.end) continue;
    seen = {std::min(seen.begin, range.begin), std::max(seen.end, range.end)};
  }
  for (std::int64_t first = seen.begin / kKeysAtOnce * kKeysAtOnce; first < seen.end;
       first += kKeysAtOnce) {
    const std::int64_t end = std::min(first + kKeysAtOnce, keys_.count());
    KeyRange keys{first, end};
    if (are_few(rows)) keys = within(seen, first, end);
    const KeyBlock block{.head = head, .first = keys.begin, .count = keys.end - keys.begin};
    score(block, queries, seen);
    weigh(block, queries, out);
    mix(block, rows, seen, out);
  }
  for (std::size_t row = 0; row < running_.size(); ++row) {
    const float scale = running_[row].sum == 0 ? 0.0F : 1.0F / running_[row].sum;
    multiply_by(out.subspan(row * width, width), {&scale, 1});
  }
}

}  // namespace ttmesh::ops
