#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ccl/topology.hpp"
#include "cli/ccl_buffers.hpp"
#include "mesh/device/tensor.hpp"

namespace ttmesh::cli {

/// How a collective is to be carried out.
struct CclCall {
  std::optional<int> cluster_axis;
  std::optional<int> num_links;
  ccl::Topology topology = ccl::Topology::Linear;
};

/// One collective that `ttmesh ccl` can time. `splits`: every chip's buffer, or what becomes of it,
/// is made of one part for each chip of the group.
struct Collective {
  std::string_view name;
  std::string_view redop;  ///< "sum" or "none", as nccl-tests says it.
  bool splits;
  bool counts_parts;  ///< The table's count is of one part; its size is of all parts.
  /// Bus bandwidth over algorithm bandwidth for a group of so many chips, as nccl-tests defines it.
  double (*bus_factor)(int chips);
  mesh::Tensor (*input)(const CclBuffers& buffers, const mesh::MeshDevice& device);
  mesh::Tensor (*issue)(const mesh::Tensor& input, const CclCall& call);
  /// What the chip at `place` in `group` holds afterwards.
  std::vector<float> (*expected)(const CclBuffers& buffers, int group, int place);
};

/// Every collective.
[[nodiscard]] std::span<const Collective> collectives();

/// The collective called `name`. Throws std::invalid_argument listing the names.
[[nodiscard]] const Collective& find_collective(std::string_view name);

}  // namespace ttmesh::cli
