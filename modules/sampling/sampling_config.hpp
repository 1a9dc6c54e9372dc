#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::modules {

/// How a user's tokens are drawn.
struct SamplingParams {
  int top_k = 1;           ///< Best candidates to keep; 1 is greedy.
  double top_p = 0;        ///< Share of probability to keep, within [0, 1]; 1 keeps all.
  double temperature = 1;  ///< Above 1 flattens; 0 is greedy.
  std::uint32_t seed = 0;
};

/// How Sampling1D and Sampling2D run. Everything but device and vocabulary is optional;
/// `resolved_1d` and `resolved_2d` fill in the defaults stated here.
struct SamplingConfig {
  mesh::MeshDevice device;
  std::int64_t vocab;                          ///< Tokens: further logits are never drawn.
  std::optional<std::int64_t> padded_vocab{};  ///< Logits of a user over all chips: vocab, padded
                                               ///< to whole tiles on each.
  std::optional<int> max_batch_size{};         ///< Users: 32.
  std::optional<int> max_top_k{};              ///< Candidates of each chip: 32.
  std::optional<bool> allow_force_argmax{};    ///< Gather whole logits for argmax: no.
  std::optional<int> num_links{};              ///< 1.
  std::optional<ccl::Topology> topology{};     ///< Linear.
  std::optional<std::vector<SamplingParams>> params{};  ///< Of each user: greedy.
  std::optional<bool> shards_users{};  ///< On a grid, whether users lie over the columns: no.
};

using Sampling1DConfig = SamplingConfig;
using Sampling2DConfig = SamplingConfig;

/// The config with every field set, for a line and for a grid.
/// Throws std::invalid_argument if the mesh is for the other class, the vocabulary does not fit its
/// padding, users do not divide, or a user's parameters are out of range.
[[nodiscard]] SamplingConfig resolved_1d(const SamplingConfig& config);
[[nodiscard]] SamplingConfig resolved_2d(const SamplingConfig& config);

/// Throws std::invalid_argument unless there are parameters for each of `users`, or one for all,
/// within their ranges; top_k is at most `max_top_k`. Returns those of each user.
[[nodiscard]] std::vector<SamplingParams> params_of_users(const char* module,
                                                          const std::vector<SamplingParams>& params,
                                                          const SamplingConfig& config);

}  // namespace ttmesh::modules
