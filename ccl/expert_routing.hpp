#pragma once

#include <cstdint>
#include <vector>

#include "mesh/tensor/block.hpp"

namespace ttmesh::ccl {

/// Which device of a mesh computes which expert, and which experts each token has selected.
class ExpertRouting {
 public:
  /// `selected` is [1, B, S, K]: expert numbers of every token; `mapping` is [1, 1, E, D]: one 1 in
  /// each expert's row, in the column of its device. Both hold whole numbers of any integer type.
  /// Throws std::invalid_argument if a number is no expert's, or an expert has not one device.
  ExpertRouting(const mesh::Block& selected, const mesh::Block& mapping);

  std::int64_t tokens() const { return tokens_; }
  int selected_per_token() const { return per_token_; }
  /// The `k`-th expert of a token.
  std::int64_t expert(std::int64_t token, int k) const;
  int device_of(std::int64_t expert) const;
  /// The expert's number among those of its device.
  int local_index(std::int64_t expert) const;
  /// Whether one of a token's experts is on a device.
  bool selects(std::int64_t token, int device) const;

 private:
  std::int64_t tokens_;
  int per_token_;
  std::vector<std::int64_t> selected_;
  std::vector<int> device_;
  std::vector<int> local_;
};

/// Tokens or expert outputs that one chip has for another when routing is balanced: what is assumed
/// where there are no values. `tokens` of the sender select `per_token` of all experts, which are
/// spread over `devices`.
[[nodiscard]] std::int64_t balanced_count(std::int64_t tokens, std::int64_t per_token,
                                          std::int64_t devices);

}  // namespace ttmesh::ccl
