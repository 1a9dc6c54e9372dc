#include "modules/attention/attention_reference.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/modules/attention_trial.hpp"

namespace ttmesh::modules {
namespace {

using Rows = std::vector<std::vector<double>>;

Rows matrix(const WeightSource& source) {
  const std::vector<float> values = source.host_tensor().floats();
  const auto cols = static_cast<std::size_t>(source.shape()[-1]);
  Rows rows(values.size() / cols);
  for (std::size_t i = 0; i < values.size(); ++i) rows[i / cols].push_back(values[i]);
  return rows;
}

std::vector<double> times(const std::vector<double>& x, const Rows& weight) {
  std::vector<double> result(weight.front().size());
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (std::size_t n = 0; n < result.size(); ++n) result[n] += x[k] * weight[k][n];
  }
  return result;
}

void normalise(std::vector<double>& row, const std::vector<double>& weight, double epsilon) {
  for (std::size_t head = 0; head < row.size(); head += weight.size()) {
    double squares = 0;
    for (std::size_t i = 0; i < weight.size(); ++i) squares += row[head + i] * row[head + i];
    const double root = std::sqrt(squares / static_cast<double>(weight.size()) + epsilon);
    for (std::size_t i = 0; i < weight.size(); ++i) row[head + i] *= weight[i] / root;
  }
}

// Neighbours are one complex number, turned by its angle.
void rotate(std::vector<double>& row, std::size_t width, double position, double theta) {
  for (std::size_t i = 0; i < row.size(); i += 2) {
    const double angle =
        position / std::pow(theta, static_cast<double>(i % width) / static_cast<double>(width));
    const double real = row[i] * std::cos(angle) - row[i + 1] * std::sin(angle);
    row[i + 1] = row[i] * std::sin(angle) + row[i + 1] * std::cos(angle);
    row[i] = real;
  }
}

// One token after another, one head after another, in float64.
std::vector<double> plain(const AttentionSources& sources, const std::vector<float>& x,
                          std::size_t users, std::size_t length) {
  const Rows wq = matrix(sources.qkv.query);
  const Rows wk = matrix(sources.qkv.key);
  const Rows wv = matrix(sources.qkv.value);
  const Rows wo = matrix(sources.output);
  const std::size_t dim = wq.size();
  const auto width = static_cast<std::size_t>(sources.head_dim);
  const auto group = static_cast<std::size_t>(sources.n_heads / sources.n_kv_heads);
  std::vector<double> out;
  for (std::size_t user = 0; user < users; ++user) {
    Rows q, k, v;
    for (std::size_t i = 0; i < length; ++i) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>((user * length + i) * dim);
      const std::vector<double> token(first, first + static_cast<std::ptrdiff_t>(dim));
      q.push_back(times(token, wq));
      k.push_back(times(token, wk));
      v.push_back(times(token, wv));
      const auto plus = [](std::vector<double>& row, const WeightSource& bias) {
        const std::vector<double> values = matrix(bias).front();
        for (std::size_t c = 0; c < row.size(); ++c) row[c] += values[c];
      };
      if (sources.bias) {
        plus(q.back(), sources.bias->query);
        plus(k.back(), sources.bias->key);
        plus(v.back(), sources.bias->value);
      }
      if (sources.q_norm) {
        normalise(q.back(), matrix(*sources.q_norm).front(), sources.norm_epsilon);
        normalise(k.back(), matrix(*sources.k_norm).front(), sources.norm_epsilon);
      }
      if (sources.rotary) {
        rotate(q.back(), width, static_cast<double>(i), sources.rotary->theta);
        rotate(k.back(), width, static_cast<double>(i), sources.rotary->theta);
      }
    }
    for (std::size_t i = 0; i < length; ++i) {
      std::vector<double> joined(q[i].size());
      for (std::size_t head = 0; head < joined.size() / width; ++head) {
        double total = 0;
        std::vector<double> sum(width);
        for (std::size_t j = 0; j <= i; ++j) {
          if (sources.sliding_window &&
              i - j >= static_cast<std::size_t>(*sources.sliding_window)) {
            continue;
          }
          double dot = 0;
          for (std::size_t c = 0; c < width; ++c) {
            dot += q[i][head * width + c] * k[j][head / group * width + c];
          }
          const double term = std::exp(dot / std::sqrt(static_cast<double>(width)));
          total += term;
          for (std::size_t c = 0; c < width; ++c) sum[c] += term * v[j][head / group * width + c];
        }
        for (std::size_t c = 0; c < width; ++c) joined[head * width + c] = sum[c] / total;
      }
      const std::vector<double> row = times(joined, wo);
      out.insert(out.end(), row.begin(), row.end());
    }
  }
  return out;
}

constexpr std::int64_t kDim = 48;

AttentionSources sources(const AttentionCase& of) {
  AttentionSources result = sources_of(of);
  result.rotary->scaling.reset();
  return result;
}

std::vector<float> tokens(std::size_t count) {
  return random_source(50, {1, static_cast<std::int64_t>(count) * kDim}, 1).host_tensor().floats();
}

TEST(AttentionReference, EqualsPlainLoops) {
  for (const AttentionCase& of :
       {AttentionCase{.dim = kDim, .n_heads = 2, .n_kv_heads = 2},
        AttentionCase{.dim = kDim, .n_heads = 6, .n_kv_heads = 2, .bias = true},
        AttentionCase{.dim = kDim, .n_heads = 4, .n_kv_heads = 1, .qk_norm = true},
        AttentionCase{.dim = kDim, .n_heads = 2, .n_kv_heads = 1, .sliding_window = 5}}) {
    const std::vector<float> x = tokens(2 * 20);
    std::vector<TokenPlace> places;
    for (int row = 0; row < 40; ++row) places.push_back({row / 20, row % 20});
    const std::vector<float> got = AttentionReference(sources(of), 2).forward(x, places);
    const std::vector<double> want = plain(sources(of), x, 2, 20);
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5) << i;
  }
}

TEST(AttentionReference, RemembersWhatCameBefore) {
  const AttentionCase of{.dim = kDim, .n_heads = 4, .n_kv_heads = 2};
  const std::vector<float> x = tokens(12);
  std::vector<TokenPlace> places;
  for (int i = 0; i < 12; ++i) places.push_back({0, i});
  const std::vector<float> want = AttentionReference(sources(of)).forward(x, places);
  AttentionReference step_by_step(sources(of));
  for (std::size_t i = 0; i < 12; ++i) {
    const std::vector<float> got =
        step_by_step.forward(std::span(x).subspan(i * kDim, kDim), {{places[i]}});
    for (std::size_t c = 0; c < kDim; ++c) ASSERT_NEAR(got[c], want[i * kDim + c], 1e-6);
  }
}

TEST(AttentionReference, LeavesIdleUsersZeroAndRefusesGaps) {
  const AttentionCase of{.dim = kDim, .n_heads = 2, .n_kv_heads = 2};
  AttentionReference reference(sources(of));
  EXPECT_THAT(reference.forward(tokens(1), {{{.user = 0, .position = -1}}}), testing::Each(0.0F));
  EXPECT_THROW(reference.forward(tokens(1), {{{.user = 0, .position = 1}}}), std::invalid_argument);
}

TEST(AttentionReference, DoesNotDependOnTheNumberOfThreads) {
  const AttentionCase of{.dim = kDim, .n_heads = 4, .n_kv_heads = 2};
  const std::vector<TokenPlace> places{{0, 0}, {0, 1}, {1, 0}};
  EXPECT_EQ(AttentionReference(sources(of), 1).forward(tokens(3), places),
            AttentionReference(sources(of), 3).forward(tokens(3), places));
}

}  // namespace
}  // namespace ttmesh::modules
