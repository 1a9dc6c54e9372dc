#include "ccl/all_reduce.hpp"

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"

namespace ttmesh::ccl {

mesh::Tensor all_reduce(const mesh::Tensor& input, const AllReduceOptions& options) {
  const mesh::Tensor slices = reduce_scatter(input, {.dim = options.dim,
                                                     .cluster_axis = options.cluster_axis,
                                                     .num_links = options.num_links,
                                                     .topology = options.topology,
                                                     .memory = options.memory});
  if (slices.id() == input.id()) return input;
  return all_gather(slices, {.dim = options.dim,
                             .cluster_axis = options.cluster_axis,
                             .num_links = options.num_links,
                             .topology = options.topology});
}

}  // namespace ttmesh::ccl
