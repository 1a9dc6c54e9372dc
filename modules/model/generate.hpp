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
  int max_new_tokens = 32;                          ///< Of each user, at most.
  std::vector<std::uint32_t> stop_tokens{};         ///< Any of these is a user's last token.
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
  /// New ones of each user, one that stops included; empty without values.
  std::vector<std::vector<std::uint32_t>> tokens;
  sim::Time time_to_first_token;  ///< From the first dispatch until every user's is read.
  sim::Time decode_time;          ///< From there to the end.
  sim::Time virtual_time;         ///< From the first dispatch to the last chip's end.
  int decode_steps = 0;
  std::int64_t decoded_tokens = 0;  ///< Of all users, those of the prefill not counted.
  std::chrono::nanoseconds wall_time{};
  std::chrono::nanoseconds decode_wall_time{};
  int users = 0;
  std::vector<PartTime> parts;
  mesh::Report report;
  std::vector<mesh::CommandPtr> program;

  /// Tokens that a user was given in a second of the decode's virtual time, on average over all
  /// users; 0 if there was no decode.
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

/// Positions of a user's cache that such prompts, prefilled in chunks of so many rows if they are
/// longer, and so many new tokens need.
[[nodiscard]] std::int64_t cache_length(const GenerateRequest& request, std::int64_t prefill_chunk);

/// Throws std::invalid_argument unless every prompt has 1 token or more, all within the vocabulary,
/// and prompts and new tokens fit the model's positions.
void require_prompts(const ModelSpec& spec, const GenerateRequest& request);

/// Continues prompts greedily. Prompts are prefilled one after another, several at once where they
/// are short; then all users decode together, each at its own position, until each has its tokens
/// or one that stops it, and idles. The controller reads the
/// tokens of every step before it issues the next, as TTTv2's demos do; tokens of a decode stay on
/// the chips for the next. Weights are loaded before and not measured. Progress stages: "weights",
/// "prefill", "decode".
[[nodiscard]] GenerateResult generate(Model& model, const GenerateRequest& request,
                                      const ProgressCallback& progress = {});

}  // namespace ttmesh::modules
