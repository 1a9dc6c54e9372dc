#pragma once

#include <optional>
#include <string>

#include "ccl/algorithm.hpp"
#include "ccl/topology.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/tensor.hpp"
#include "mesh/program/op_table.hpp"
#include "mesh/tensor/tensor_spec.hpp"

namespace ttmesh::ccl {

struct AllToAllOptions {
  int in_dim;                         ///< Tensor dim that the input is sharded on.
  int out_dim;                        ///< Tensor dim that the output is sharded on.
  std::optional<int> cluster_axis{};  ///< Mesh axis whose chips exchange slices; all chips of the
                                      ///< mesh if unset.
  std::optional<int> num_links{};     ///< Links side by side; the system's usable ones if unset.
  Topology topology = Topology::Linear;  ///< Ring needs closed lines, on a mesh along one axis.
  std::optional<mesh::MemoryConfig> memory{};  ///< Where the output lives; as the input if unset.
  /// "line", "ring", "routed", or "fastest"; around a ring if unset, else along lines.
  std::optional<std::string> algorithm{};
};

/// Sends slice i along `out_dim` of every chip's input to chip i, which concatenates what it gets
/// along `in_dim`, in order of the senders: a tensor sharded on one dim becomes sharded on another.
/// Slices travel in packets of 4 KiB, straight to their chips: routers pass them on, on a mesh
/// first along the column and then along the row, so they share links.
///
/// Shapes:    [.., a, .., b, ..] -> [.., n * a, .., b / n, ..] per chip, for dims in_dim and
///            out_dim; n chips exchange.
/// Placement: Shard{in_dim} -> Shard{out_dim} along `cluster_axis`, or along both axes, rows first.
/// Cost:      n - 1 hops on a line, floor(n / 2) on a ring; floor(n / 2) * ceil(n / 2) slices on
///            the middle link of a line, half of that on each direction of a ring's. One chip costs
///            nothing: the input is returned.
/// Throws:    std::invalid_argument if an option is out of range, no line is closed, the input is
///            not sharded on `in_dim`, or `out_dim` does not cut into whole tiles for each chip.
/// Source:    ttnn.experimental.all_to_all_async; ccl/README.md.
[[nodiscard]] mesh::Tensor all_to_all(const mesh::Tensor& input, const AllToAllOptions& options);

/// Which algorithm `all_to_all` runs on an input of such a spec, and why.
[[nodiscard]] Choice choice_of(const mesh::MeshDevice& device, const mesh::TensorSpec& input,
                               const AllToAllOptions& options);

/// Row of the op table.
[[nodiscard]] mesh::OpDefinition all_to_all_definition();

}  // namespace ttmesh::ccl
