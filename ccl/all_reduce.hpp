#pragma once

#include <optional>
#include <string>

#include "ccl/algorithm.hpp"
#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct AllReduceOptions {
  int dim = -1;                          ///< Tensor dim that is cut on the way.
  std::optional<int> cluster_axis{};     ///< Mesh axis whose chips hold the terms; all chips of the
                                         ///< mesh if unset.
  std::optional<int> num_links{};        ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;  ///< Ring needs closed lines.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
  /// Along an axis: an algorithm of reduce_scatter, for both halves ("direct" gathers around the
  /// ring), or "gather". On a whole mesh: "two_axis", "axis_by_axis". "fastest" on both.
  std::optional<std::string> algorithm{};
};

/// Adds the terms that chips hold and gives every chip the sum, the same bits on each.
/// Along an axis it is a reduce_scatter and an all_gather along `dim` or, as where `dim` does not
/// cut into whole tiles for each chip, "gather": the terms are gathered whole and added by
/// fast_reduce_nc. On a whole mesh it scatters along one axis and the other and gathers back
/// ("two_axis"), or reduces one axis after the other ("axis_by_axis").
///
/// Shapes:    [.., d, ..] -> [.., d, ..] per chip.
/// Placement: Partial -> Replicate along `cluster_axis`, or along both axes.
/// Cost:      that of the ops it is made of. A line of one chip costs nothing: the input is
///            returned.
/// Throws:    std::invalid_argument if an option is out of range, a line is not closed, or the
///            input is not Partial.
/// Source:    ttnn.all_reduce; ccl/README.md.
[[nodiscard]] mesh::Tensor all_reduce(const mesh::Tensor& input, const AllReduceOptions& options);

/// Which algorithm `all_reduce` runs on an input of such a spec, and why.
[[nodiscard]] Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                               const AllReduceOptions& options);

}  // namespace ttmesh::ccl
