#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "mesh/program/command.hpp"
#include "mesh/program/report.hpp"
#include "modules/model/model.hpp"
#include "modules/progress.hpp"
#include "sim/time.hpp"

namespace ttmesh::modules {

struct GenerateRequest {
  std::vector<std::vector<std::uint32_t>> prompts;  ///< One a user.
  int max_new_tokens = 32;                          ///< Made whatever the tokens are.
  bool trace = false;
  bool program = false;  ///< Keep the commands; they take more memory than what they did.
};

/// What one part of the model took: "layers.3", "head", "sampling", "embedding".
struct PartTime {
  std::string name;
  sim::Time prefill;  ///< All prompts.
  sim::Time decode;   ///< All steps.
};

struct GenerateResult {
  std::vector<std::vector<std::uint32_t>> tokens;  ///< New ones of each user; empty without values.
  sim::Time time_to_first_token;  ///< From the first dispatch until every user's is read.
  sim::Time decode_time;          ///< From there to the end.
  sim::Time virtual_time;         ///< From the first dispatch to the last chip's end.
  int decode_steps = 0;
  std::chrono::nanoseconds wall_time{};
  std::chrono::nanoseconds decode_wall_time{};
  std::vector<PartTime> parts;
  mesh::Report report;
  std::vector<mesh::CommandPtr> program;

  /// Tokens of one user in a second of virtual time, after the first; 0 if there is no other.
  double tokens_per_s_user() const;
};

/// Prompts of random tokens, one a user; each token depends on the seed, its user and its place
/// alone.
struct RandomPrompts {
  int users = 1;
  std::int64_t length = 128;
  std::int64_t vocab = 1;
  std::uint64_t seed = 0;
};
[[nodiscard]] std::vector<std::vector<std::uint32_t>> random_prompts(const RandomPrompts& prompts);

/// Positions of a user's cache that such prompts and so many new tokens need.
[[nodiscard]] std::int64_t cache_length(const GenerateRequest& request);

/// Throws std::invalid_argument unless every prompt has 1 token or more, all within the vocabulary,
/// and prompts and new tokens fit the model's positions.
void require_prompts(const ModelSpec& spec, const GenerateRequest& request);

/// Continues prompts greedily. Prompts are prefilled one after another, several at once where they
/// are short; then all users decode together, each at its own position. The controller reads the
/// tokens of every step before it issues the next, as TTTv2's demos do; tokens of a decode stay on
/// the chips for the next. Weights are loaded before and not measured. Progress stages: "weights",
/// "prefill", "decode".
[[nodiscard]] GenerateResult generate(Model& model, const GenerateRequest& request,
                                      const ProgressCallback& progress = {});

}  // namespace ttmesh::modules
