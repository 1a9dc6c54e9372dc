#include "ops/head_attention.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mesh/tensor/convert.hpp"
#include "ops/onednn_matmul.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Bfloat16;
using mesh::HeldType;

constexpr float kNothing = -std::numeric_limits<float>::infinity();

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
void HeadAttention::score(const std::byte* keys, std::int64_t count, std::int64_t queries) {
  scores_.resize(static_cast<std::size_t>(queries * count));
  execute({.m = queries,
           .k = keys_.width(),
           .n = count,
           .c_stride = count,
           .in = type_,
           .b_transposed = true},
          query_data_, keys, std::as_writable_bytes(std::span(scores_)).data());
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

void HeadAttention::attend(std::int64_t head, const QueryRows& queries, std::span<float> out) {
  const auto rows = static_cast<std::int64_t>(queries.visible.size());
  const auto width = static_cast<std::size_t>(values_.width());
  query_data_ = in_type(queries.values, rounded_queries_);
  running_.assign(queries.visible.size(), {.largest = kNothing, .sum = 0});
  std::fill(out.begin(), out.end(), 0.0F);
  KeyRange seen{keys_.count(), 0};
  for (const KeyRange& range : queries.visible) {
    if (range.begin >= range.end) continue;
    seen = {std::min(seen.begin, range.begin), std::max(seen.end, range.end)};
  }
  for (std::int64_t first = seen.begin / kKeysAtOnce * kKeysAtOnce; first < seen.end;
       first += kKeysAtOnce) {
    const std::int64_t count = std::min(kKeysAtOnce, keys_.count() - first);
    score(keys_.at(head, first, count, seen), count, rows);
    for (std::size_t row = 0; row < queries.visible.size(); ++row) {
      const auto scores = std::span(scores_).subspan(row * static_cast<std::size_t>(count),
                                                     static_cast<std::size_t>(count));
      const auto [begin, end] = within(queries.visible[row], first, first + count);
      if (begin >= end) {
        std::fill(scores.begin(), scores.end(), 0.0F);
        continue;
      }
      const auto visible = scores.subspan(static_cast<std::size_t>(begin - first),
                                          static_cast<std::size_t>(end - begin));
      multiply_by(visible, {&scale_, 1});
      if (queries.mask != nullptr) {
        mask_.resize(visible.size());
        queries.mask->read(queries.mask_at[row] + begin, mask_);
        add_to(visible, mask_);
      }
      const float factor = take(visible, running_[row]);
      std::fill(scores.begin(), scores.begin() + (begin - first), 0.0F);
      std::fill(scores.begin() + (end - first), scores.end(), 0.0F);
      if (factor != 1.0F) multiply_by(out.subspan(row * width, width), {&factor, 1});
    }
    execute({.m = rows,
             .k = count,
             .n = values_.width(),
             .c_stride = values_.width(),
             .in = type_,
             .accumulates = true},
            in_type(scores_, rounded_scores_), values_.at(head, first, count, seen),
            std::as_writable_bytes(out).data());
  }
  for (std::size_t row = 0; row < running_.size(); ++row) {
    const float scale = running_[row].sum == 0 ? 0.0F : 1.0F / running_[row].sum;
    multiply_by(out.subspan(row * width, width), {&scale, 1});
  }
}

}  // namespace ttmesh::ops
