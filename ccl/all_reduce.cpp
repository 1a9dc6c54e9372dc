#include "ccl/all_reduce.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"
#include "ccl/slices.hpp"
#include "ccl/wiring.hpp"
#include "ops/fast_reduce_nc.hpp"
#include "ops/reshape.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Tensor;

/// The sum from whole terms, gathered along a leading dim that is there for them alone.
Tensor reduce_stacked(const Tensor& input, const AllReduceOptions& options) {
  std::vector<std::int64_t> dims{1};
  dims.insert(dims.end(), input.shape().dims().begin(), input.shape().dims().end());
  const Tensor term = ops::reshape(input, mesh::Shape(dims));
  const Tensor terms = all_gather(term, {.dim = 0,
                                         .cluster_axis = options.cluster_axis,
                                         .num_links = options.num_links,
                                         .topology = options.topology});
  const Tensor sum =
      ops::fast_reduce_nc(terms, {.dims = {0}, .dtype = {}, .memory = options.memory});
  return ops::reshape(sum, input.shape());
}

}  // namespace

Tensor all_reduce(const Tensor& input, const AllReduceOptions& options) {
  const int dim = index_of_dim("all_reduce", input.shape(), options.dim);
  const Wiring wiring = resolve_wiring("all_reduce", input.device(),
                                       {options.cluster_axis, options.num_links, options.topology});
  if (wiring.size == 1) return input;
  if (input.distribution().along(wiring.cluster_axis) != mesh::partial()) {
    throw std::invalid_argument(
        fmt::format("[all_reduce] input {} owes no sum along cluster_axis {}, Partial is needed",
                    to_string(input.distribution()), wiring.cluster_axis));
  }
  if (!cuts_evenly(input.spec(), dim, wiring.size)) return reduce_stacked(input, options);

  const Tensor slices = reduce_scatter(input, {.dim = dim,
                                               .cluster_axis = options.cluster_axis,
                                               .num_links = options.num_links,
                                               .topology = options.topology,
                                               .memory = options.memory});
  return all_gather(slices, {.dim = dim,
                             .cluster_axis = options.cluster_axis,
                             .num_links = options.num_links,
                             .topology = options.topology});
}

}  // namespace ttmesh::ccl
