#pragma once

#include <optional>

#include "ccl/topology.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct AllReduceOptions {
  int dim = -1;                       ///< Tensor dim that is cut on the way.
  std::optional<int> cluster_axis{};  ///< Mesh axis whose chips hold the terms; a mesh of one row
                                      ///< or one column needs none.
  std::optional<int> num_links{};     ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;        ///< Ring needs a closed line.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
};

/// Adds the terms that the chips of a line hold and gives every chip the sum: a reduce_scatter and
/// an all_gather along `dim`. Where `dim` does not cut into whole tiles for each chip, as with
/// fewer tiles than chips, the terms are gathered whole and added by fast_reduce_nc. Either way
/// every chip gets the same bits.
///
/// Shapes:    [.., d, ..] -> [.., d, ..] per chip.
/// Placement: Partial -> Replicate along `cluster_axis`; the other axis is unchanged.
/// Cost:      that of the two ops; Ring: 2 * floor(n / 2) rounds and (n - 1) / n * T bytes on each
///            direction of a link, n chips of T bytes each.
///            A line of one chip costs nothing: the input is returned.
/// Throws:    std::invalid_argument if an option is out of range, the line is not closed, or the
///            input is not Partial.
/// Source:    ttnn.all_reduce; ccl/README.md.
[[nodiscard]] mesh::Tensor all_reduce(const mesh::Tensor& input, const AllReduceOptions& options);

}  // namespace ttmesh::ccl
