#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "modules/progress.hpp"
#include "modules/rotary/rotary_frequencies.hpp"
#include "modules/weight_source.hpp"

namespace ttmesh::modules {

/// Weights of queries, keys and values, or their biases.
struct QkvSources {
  WeightSource query;
  WeightSource key;
  WeightSource value;
};

/// An attention layer, before any rounding.
struct AttentionSources {
  QkvSources qkv;       ///< [dim, heads * head_dim] each, heads as interleaved pairs.
  WeightSource output;  ///< [n_heads * head_dim, dim].
  std::int64_t n_heads;
  std::int64_t n_kv_heads;
  std::int64_t head_dim;
  std::optional<QkvSources> bias{};           ///< [1, heads * head_dim] each.
  std::optional<WeightSource> output_bias{};  ///< [1, dim]
  std::optional<WeightSource> q_norm{};       ///< head_dim values.
  std::optional<WeightSource> k_norm{};
  double norm_epsilon = 1e-5;
  std::optional<double> scale{};                 ///< 1 / sqrt(head_dim) if unset.
  std::optional<std::int64_t> sliding_window{};  ///< Keys up to its own that a token sees.
  std::optional<RotaryAngles> rotary{};          ///< Positions do not turn heads if unset.
};

/// Whose token a row is, and where it stands in the user's text; -1: nowhere, its result is 0.
struct TokenPlace {
  int user;
  std::int64_t position;
};

/// Attention in float32, unsharded and unrounded, whole rows of scores at a time, with a cache of
/// what came before. The result does not depend on the number of threads.
class AttentionReference {
 public:
  /// `threads` 0 takes one per processor. Throws std::invalid_argument if shapes do not fit.
  explicit AttentionReference(AttentionSources sources, int threads = 0);

  /// Result [tokens, dim] of tokens [tokens, dim]. All keys and values of the call are there before
  /// the first token attends, so tokens may be a prompt, a token of each user, or several of both.
  /// Progress stage: "reference".
  /// Throws std::invalid_argument if a user's positions have a gap.
  std::vector<float> forward(std::span<const float> x, std::span<const TokenPlace> tokens,
                             const ProgressCallback& progress = {});

  /// Gives a user keys, turned already, and values of positions 0 on, a row of all key heads for
  /// each. Throws std::invalid_argument unless they are whole rows, as many of both.
  void remember(int user, std::vector<float> keys, std::vector<float> values);

 private:
  /// Keys and values of one user, a row of all key heads for each position.
  struct Past {
    std::vector<float> keys;
    std::vector<float> values;
  };

  std::vector<float> multiply(std::span<const float> rows, const WeightSource& weight,
                              const std::optional<WeightSource>& bias) const;
  void norm(std::vector<float>& heads, const std::optional<WeightSource>& weight) const;
  void turn(std::vector<float>& heads, std::span<const TokenPlace> tokens) const;
  void remember(std::span<const float> keys, std::span<const float> values,
                std::span<const TokenPlace> tokens);
  /// Tokens of one user at positions that follow each other.
  struct Run {
    int user;
    std::int64_t first_token;
    std::int64_t first_position;
    std::int64_t count;
  };
  static std::vector<Run> runs_of(std::span<const TokenPlace> tokens);
  void attend(const Run& run, std::int64_t kv_head, std::span<const float> queries,
              std::span<float> attended) const;

  AttentionSources sources_;
  int threads_;
  std::vector<double> frequencies_;
  std::vector<Past> past_;
};

}  // namespace ttmesh::modules
