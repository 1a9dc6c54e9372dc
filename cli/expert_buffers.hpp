#pragma once

#include <vector>

#include "cli/ccl_buffers.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"

namespace ttmesh::cli {

/// A mixture of experts on the chips of some buffers: an expert on every chip of the mesh, a token
/// in every row of a chip's part, and two experts that it selects. Who and where follows from the
/// seed. Lines side by side have the same tokens.
class ExpertBuffers {
 public:
  explicit ExpertBuffers(const CclBuffers& buffers);

  /// One part on every chip, [tokens, 1, 1, row]; the experts that the tokens select, and the chips
  /// that experts are on.
  mesh::Tensor tokens(const mesh::MeshDevice& device) const;
  mesh::Tensor indices(const mesh::MeshDevice& device) const;
  mesh::Tensor mapping(const mesh::MeshDevice& device) const;
  /// What each chip's expert makes of all tokens of a group, and what all tokens select.
  mesh::Tensor expert_outputs(const mesh::MeshDevice& device) const;
  mesh::Tensor metadata(const mesh::MeshDevice& device) const;

  /// What a chip of a group has after all_to_all_dispatch: the tokens that selected its expert, and
  /// zeros in place of the others.
  std::vector<std::int64_t> dispatched(int group, int place) const;
  /// And after all_to_all_combine: what the first, then what the second experts of its tokens made
  /// of them; zeros where an expert is on another line.
  std::vector<std::int64_t> combined(int group, int place) const;

 private:
  int experts() const { return buffers_.groups.mesh.size(); }
  int selected_per_token() const;
  std::int64_t tokens_in_all() const { return buffers_.groups.size() * tokens_; }
  /// The `k`-th expert of a token, by its number among all of a group.
  int expert(std::int64_t token, int k) const;
  int chip_of(int expert) const;
  mesh::Tensor write(const mesh::MeshDevice& device, mesh::HostTensor global, mesh::DataType dtype,
                     const mesh::Distribution& distribution) const;
  mesh::Distribution cut_by_group() const;
  mesh::HostTensor::Values selections() const;

  CclBuffers buffers_;
  std::int64_t row_;     ///< Elements of a token.
  std::int64_t tokens_;  ///< On one chip.
};

}  // namespace ttmesh::cli
