#include "modules/attention/attention_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <thread>

#include "ops/reference_matmul.hpp"

namespace ttmesh::modules {
namespace {

// Columns of a weight at a time. With a dim of 8192 a block takes 33 MB.
constexpr std::int64_t kBlockColumns = 1024;
constexpr std::int64_t kQueriesAtOnce = 64;

void require_matrix(const char* name, const WeightSource& weight, std::int64_t rows,
                    std::int64_t cols) {
  const mesh::Shape& shape = weight.shape();
  if (shape.rank() >= 2 && shape[-2] == rows && shape[-1] == cols &&
      shape.volume() == rows * cols) {
    return;
  }
  throw std::invalid_argument(fmt::format("[AttentionReference] {} has shape {}, needs [{}, {}]",
                                          name, to_string(shape), rows, cols));
}

// Scores of the keys from `begin` to before `end` to their softmax, all others to 0.
void to_probabilities(std::span<float> scores, std::int64_t begin, std::int64_t end, double scale) {
  const auto visible =
      scores.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
  const float most = *std::max_element(visible.begin(), visible.end());
  double total = 0;
  for (float& score : visible) {
    score = static_cast<float>(std::exp((double{score} - most) * scale));
    total += score;
  }
  for (float& score : visible) score = static_cast<float>(score / total);
  std::fill(scores.begin(), scores.begin() + begin, 0.0F);
  std::fill(scores.begin() + end, scores.end(), 0.0F);
}

// Calls `part(first, end)` for a share of 0 to `count` - 1 on each of the threads.
template <typename Part>
void share_out(std::int64_t count, int threads, const Part& part) {
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&part, first = count * i / threads, end = count * (i + 1) / threads] {
      part(first, end);
    });
  }
}

}  // namespace

AttentionReference::AttentionReference(AttentionSources sources, int threads)
    : sources_(std::move(sources)),
      threads_(threads > 0 ? threads
                           : std::max(1, static_cast<int>(std::thread::hardware_concurrency()))) {
  const AttentionSources& s = sources_;
  if (s.n_heads < 1 || s.n_kv_heads < 1 || s.n_heads % s.n_kv_heads != 0 || s.head_dim < 1) {
    throw std::invalid_argument(fmt::format(
        "[AttentionReference] {} heads, {} key heads of {}, needs positive numbers, the "
        "first a multiple of the second",
        s.n_heads, s.n_kv_heads, s.head_dim));
  }
  const std::int64_t dim = s.output.shape()[-1];
  const std::int64_t query = s.n_heads * s.head_dim;
  const std::int64_t key = s.n_kv_heads * s.head_dim;
  require_matrix("query", s.qkv.query, dim, query);
  require_matrix("key", s.qkv.key, dim, key);
  require_matrix("value", s.qkv.value, dim, key);
  require_matrix("output", s.output, query, dim);
  if (s.bias) {
    require_matrix("query bias", s.bias->query, 1, query);
    require_matrix("key bias", s.bias->key, 1, key);
    require_matrix("value bias", s.bias->value, 1, key);
  }
  if (s.output_bias) require_matrix("output bias", *s.output_bias, 1, dim);
  if (s.rotary) frequencies_ = rotary_frequencies(*s.rotary);
}

std::vector<float> AttentionReference::multiply(std::span<const float> rows,
                                                const WeightSource& weight,
                                                const std::optional<WeightSource>& bias) const {
  const std::int64_t k = weight.shape()[-2];
  const std::int64_t n = weight.shape()[-1];
  const std::int64_t m = static_cast<std::int64_t>(rows.size()) / k;
  std::vector<float> result(static_cast<std::size_t>(m * n));
  std::vector<float> block;
  std::vector<float> product;
  std::vector<float> offset;
  for (std::int64_t first = 0; first < n; first += kBlockColumns) {
    const std::int64_t cols = std::min(kBlockColumns, n - first);
    block.resize(static_cast<std::size_t>(k * cols));
    product.resize(static_cast<std::size_t>(m * cols));
    share_out(k, threads_, [&](std::int64_t from, std::int64_t to) {
      weight.read({from, first, to - from, cols},
                  std::span(block).subspan(static_cast<std::size_t>(from * cols),
                                           static_cast<std::size_t>((to - from) * cols)));
    });
    ops::matmul_f32(rows, block, product, {.m = m, .k = k, .n = cols, .threads = threads_});
    offset.assign(static_cast<std::size_t>(cols), 0.0F);
    if (bias) bias->read({0, first, 1, cols}, offset);
    for (std::int64_t i = 0; i < m * cols; ++i) {
      result[static_cast<std::size_t>(i / cols * n + first + i % cols)] =
          product[static_cast<std::size_t>(i)] + offset[static_cast<std::size_t>(i % cols)];
    }
  }
  return result;
}

void AttentionReference::norm(std::vector<float>& heads,
                              const std::optional<WeightSource>& weight) const {
  if (!weight) return;
  const std::vector<float> factors = weight->host_tensor().floats();
  const auto width = static_cast<std::size_t>(sources_.head_dim);
  for (std::size_t head = 0; head < heads.size(); head += width) {
    double squares = 0;
    for (std::size_t i = 0; i < width; ++i) squares += double{heads[head + i]} * heads[head + i];
    const double scale =
        1 / std::sqrt(squares / static_cast<double>(width) + sources_.norm_epsilon);
    for (std::size_t i = 0; i < width; ++i) {
      heads[head + i] = static_cast<float>(heads[head + i] * scale * factors[i]);
    }
  }
}

void AttentionReference::turn(std::vector<float>& heads, std::span<const TokenPlace> tokens) const {
  if (frequencies_.empty()) return;
  const std::size_t row = heads.size() / tokens.size();
  for (std::size_t token = 0; token < tokens.size(); ++token) {
    for (std::size_t i = 0; i < row; i += 2) {
      const double angle =
          static_cast<double>(tokens[token].position) * frequencies_[i / 2 % frequencies_.size()];
      const double cos = std::cos(angle);
      const double sin = std::sin(angle);
      float& a = heads[token * row + i];
      float& b = heads[token * row + i + 1];
      const double turned = a * cos - b * sin;
      b = static_cast<float>(b * cos + a * sin);
      a = static_cast<float>(turned);
    }
  }
}

void AttentionReference::remember(int user, std::vector<float> keys, std::vector<float> values) {
  const auto row = static_cast<std::size_t>(sources_.n_kv_heads * sources_.head_dim);
  if (user < 0 || keys.size() % row != 0 || values.size() != keys.size()) {
    throw std::invalid_argument(
        fmt::format("[AttentionReference] {} values of keys and {} of values of user {}, needs "
                    "whole rows of {}, as many of both",
                    keys.size(), values.size(), user, row));
  }
  const auto index = static_cast<std::size_t>(user);
  if (past_.size() <= index) past_.resize(index + 1);
  past_[index] = {.keys = std::move(keys), .values = std::move(values)};
}

void AttentionReference::remember(std::span<const float> keys, std::span<const float> values,
                                  std::span<const TokenPlace> tokens) {
  const std::size_t row = keys.size() / tokens.size();
  for (std::size_t token = 0; token < tokens.size(); ++token) {
    const auto [user, position] = tokens[token];
    if (position < 0) continue;
    if (past_.size() <= static_cast<std::size_t>(user))
      past_.resize(static_cast<std::size_t>(user) + 1);
    Past& past = past_[static_cast<std::size_t>(user)];
    const std::size_t at = static_cast<std::size_t>(position) * row;
    if (at > past.keys.size()) {
      throw std::invalid_argument(fmt::format(
          "[AttentionReference] position {} of user {} after {} of them, needs the next", position,
          user, past.keys.size() / row));
    }
    past.keys.resize(std::max(past.keys.size(), at + row));
    past.values.resize(past.keys.size());
    std::ranges::copy(keys.subspan(token * row, row),
                      past.keys.begin() + static_cast<std::ptrdiff_t>(at));
    std::ranges::copy(values.subspan(token * row, row),
                      past.values.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

std::vector<AttentionReference::Run> AttentionReference::runs_of(
    std::span<const TokenPlace> tokens) {
  std::vector<Run> runs;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto [user, position] = tokens[i];
    const auto token = static_cast<std::int64_t>(i);
    if (position < 0) continue;
    const bool follows = !runs.empty() && runs.back().user == user &&
                         runs.back().first_token + runs.back().count == token &&
                         runs.back().first_position + runs.back().count == position;
    if (follows) {
      ++runs.back().count;
    } else {
      runs.push_back({user, token, position, 1});
    }
  }
  return runs;
}

// All query heads that share a key head, kQueriesAtOnce positions at a time.
void AttentionReference::attend(const Run& run, std::int64_t kv_head,
                                std::span<const float> queries, std::span<float> attended) const {
  const std::int64_t width = sources_.head_dim;
  const std::int64_t group = sources_.n_heads / sources_.n_kv_heads;
  const std::int64_t window = sources_.sliding_window.value_or(run.first_position + run.count);
  const std::int64_t first_key = std::max<std::int64_t>(0, run.first_position + 1 - window);
  const std::int64_t keys = run.first_position + run.count - first_key;
  const double scale = sources_.scale.value_or(1 / std::sqrt(static_cast<double>(width)));
  const Past& past = past_[static_cast<std::size_t>(run.user)];
  std::vector<float> transposed(static_cast<std::size_t>(width * keys));
  std::vector<float> values(transposed.size());
  for (std::int64_t key = 0; key < keys; ++key) {
    const std::int64_t row = ((first_key + key) * sources_.n_kv_heads + kv_head) * width;
    for (std::int64_t i = 0; i < width; ++i) {
      transposed[static_cast<std::size_t>(i * keys + key)] =
          past.keys[static_cast<std::size_t>(row + i)];
      values[static_cast<std::size_t>(key * width + i)] =
          past.values[static_cast<std::size_t>(row + i)];
    }
  }
  for (std::int64_t first = 0; first < run.count; first += kQueriesAtOnce) {
    const std::int64_t count = std::min(kQueriesAtOnce, run.count - first);
    const std::int64_t rows = count * group;
    // Where row i of the block, a head of a token, is among all queries.
    const auto place = [&](std::int64_t i) {
      const std::int64_t token = run.first_token + first + i / group;
      return static_cast<std::size_t>((token * sources_.n_heads + kv_head * group + i % group) *
                                      width);
    };
    std::vector<float> block;
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto query = queries.subspan(place(i), static_cast<std::size_t>(width));
      block.insert(block.end(), query.begin(), query.end());
    }
    std::vector<float> scores(static_cast<std::size_t>(rows * keys));
    ops::matmul_f32(block, transposed, scores, {.m = rows, .k = width, .n = keys});
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::int64_t end = run.first_position + first + i / group + 1 - first_key;
      const std::int64_t begin = std::max<std::int64_t>(0, end - window);
      const auto row = std::span(scores).subspan(static_cast<std::size_t>(i * keys),
                                                 static_cast<std::size_t>(keys));
      to_probabilities(row, begin, end, scale);
    }
    ops::matmul_f32(scores, values, block, {.m = rows, .k = keys, .n = width});
    for (std::int64_t i = 0; i < rows; ++i) {
      std::copy_n(block.begin() + static_cast<std::ptrdiff_t>(i * width), width,
                  attended.begin() + static_cast<std::ptrdiff_t>(place(i)));
    }
  }
}

std::vector<float> AttentionReference::forward(std::span<const float> x,
                                               std::span<const TokenPlace> tokens,
                                               const ProgressCallback& progress) {
  constexpr std::int64_t kStages = 3;
  const auto tell = [&](std::int64_t done) {
    if (progress) progress({"reference", done, kStages});
  };
  const auto bias = [&](WeightSource QkvSources::*whose) {
    return sources_.bias ? std::optional((*sources_.bias).*whose) : std::nullopt;
  };
  if (tokens.empty() ||
      static_cast<std::int64_t>(x.size()) !=
          static_cast<std::int64_t>(tokens.size()) * sources_.output.shape()[-1]) {
    throw std::invalid_argument(
        fmt::format("[AttentionReference] {} values of {} tokens, needs {} of each", x.size(),
                    tokens.size(), sources_.output.shape()[-1]));
  }
  tell(0);
  std::vector<float> queries = multiply(x, sources_.qkv.query, bias(&QkvSources::query));
  std::vector<float> keys = multiply(x, sources_.qkv.key, bias(&QkvSources::key));
  const std::vector<float> values = multiply(x, sources_.qkv.value, bias(&QkvSources::value));
  norm(queries, sources_.q_norm);
  norm(keys, sources_.k_norm);
  turn(queries, tokens);
  turn(keys, tokens);
  remember(keys, values, tokens);
  tell(1);

  const std::vector<Run> runs = runs_of(tokens);
  std::vector<float> attended(queries.size());
  const auto share = [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) {
      attend(runs[static_cast<std::size_t>(i / sources_.n_kv_heads)], i % sources_.n_kv_heads,
             queries, attended);
    }
  };
  share_out(static_cast<std::int64_t>(runs.size()) * sources_.n_kv_heads, threads_, share);
  tell(2);
  std::vector<float> result = multiply(attended, sources_.output, sources_.output_bias);
  tell(kStages);
  return result;
}

}  // namespace ttmesh::modules
