#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "modules/attention/attention_config.hpp"
#include "modules/attention/attention_inputs.hpp"
#include "modules/attention/attention_reference.hpp"
#include "modules/rotary/rotary_config.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Attention with random weights, what stands in its cache before a pass, and what the pass should
/// give: what trials of it have in common. The random tensors are those of the request's seed, from
/// `first_stream` on; there are `kStreams` of them.
class AttentionWorkload {
 public:
  static constexpr std::uint64_t kStreams = 10;

  /// Throws std::invalid_argument if the request lacks sizes of attention.
  AttentionWorkload(const mesh::MeshDevice& device, const TrialRequest& request,
                    mesh::DataType weight_dtype, std::uint64_t first_stream);

  const AttentionSources& sources() const { return sources_; }
  /// Users of a decode, idle ones included: as many in each column of a grid.
  int users() const { return users_; }
  /// Rows of the pass: a decode's users, idle ones included, or a prefill's tokens.
  std::int64_t rows() const { return static_cast<std::int64_t>(tokens_.size()); }

  /// A config of random weights, without a cache.
  AttentionConfig config() const;
  /// The cache of `resolved`, full of random keys and values.
  KvCache past(const AttentionConfig& resolved) const;
  RotaryConfig rotary_config() const;

  AttentionPrefillInputs prefill_inputs(const ops::RotaryEmbedding& rot_mats) const;
  /// Where each user of a decode stands; -1 idles.
  std::vector<std::int64_t> positions() const;

  /// What attention should give for rows x [rows, dim]; 0 for those who idle.
  std::vector<float> reference(std::span<const float> x, const ReferenceOptions& options) const;

 private:
  void remember(AttentionReference& reference, int user) const;

  mesh::MeshDevice device_;
  TrialRequest request_;
  mesh::DataType weight_dtype_;
  int users_;
  std::int64_t max_seq_len_;
  std::vector<TokenPlace> tokens_;  ///< A row each.
  AttentionSources sources_;
  WeightSource past_keys_;
  WeightSource past_values_;
};

}  // namespace ttmesh::modules
