#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ccl/algorithm.hpp"
#include "ccl/topology.hpp"
#include "cli/ccl_buffers.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"

namespace ttmesh::cli {

/// How a collective is to be carried out.
struct CclCall {
  CclGroups groups;
  std::optional<int> num_links;
  ccl::Topology topology = ccl::Topology::Linear;
  std::optional<std::string> algorithm;
  int root = 0;                                ///< Place in its group of the chip that broadcasts.
  std::optional<mesh::MeshDevice> receiver{};  ///< The chip that a payload goes to point to point.
};

/// What a collective takes beside the options that all take. Barrier goes over the mesh as it is,
/// and takes none of those that say how a line is used either.
enum class CclExtra { None, Root, Ends, Barrier };

/// One collective that `ttmesh ccl` can time.
struct Collective {
  std::string_view name;
  std::string_view redop = "none";  ///< "sum" or "none", as nccl-tests says it.
  CclExtra extra = CclExtra::None;
  bool splits = false;  ///< A chip's buffer, before or after, is a part for each chip of the group.
  bool needs_rows = false;   ///< The op takes row-major tensors alone.
  bool counts_part = false;  ///< The table's count is of one part; its size is of all parts.
  /// Bus bandwidth over algorithm bandwidth for a group of so many chips, as nccl-tests defines it.
  double (*bus_factor)(int chips);
  std::vector<mesh::Tensor> (*inputs)(const CclBuffers& buffers,
                                      const mesh::MeshDevice& device) = nullptr;
  /// Gives an empty tensor if nothing but time comes of it.
  mesh::Tensor (*issue)(mesh::MeshDevice device, std::span<const mesh::Tensor> inputs,
                        const CclCall& call);
  /// Which algorithm a call runs, and why; null where there is no choice.
  ccl::Choice (*choice)(std::span<const mesh::Tensor> inputs, const CclCall& call) = nullptr;
  /// What the chip at `place` in `group` holds afterwards.
  std::vector<std::int64_t> (*expected)(const CclBuffers& buffers, const CclCall& call, int group,
                                        int place) = nullptr;
};

/// Every collective.
[[nodiscard]] std::span<const Collective> collectives();

/// The collective called `name`. Throws std::invalid_argument listing the names.
[[nodiscard]] const Collective& find_collective(std::string_view name);

}  // namespace ttmesh::cli
