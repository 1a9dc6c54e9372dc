#include "ccl/all_reduce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
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

/// A dim before the last two with extent 1 that neither axis uses, for terms to be stacked along.
std::optional<int> free_dim(const mesh::TensorSpec& spec) {
  const auto& placements = spec.distribution.placements;
  for (int dim = 0; dim < spec.shape.rank() - 2; ++dim) {
    const bool used = placements[0].dim == dim || placements[1].dim == dim;
    if (spec.shape[dim] == 1 && !used) return dim;
  }
  return std::nullopt;
}

/// `shape` with a dim of extent 1 before the last two.
mesh::Shape with_free_dim(const mesh::Shape& shape) {
  std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims.insert(dims.end() - std::min<std::ptrdiff_t>(2, shape.rank()), 1);
  return mesh::Shape(std::move(dims));
}

/// The sum from whole terms, stacked along a dim that is free for them or made so.
Tensor reduce_stacked(const Tensor& input, const AllReduceOptions& options) {
  const std::optional<int> free = free_dim(input.spec());
  if (!free) {
    const Tensor widened = ops::reshape(input, with_free_dim(input.shape()));
    return ops::reshape(reduce_stacked(widened, options), input.shape());
  }
  const Tensor terms = all_gather(input, {.dim = *free,
                                          .cluster_axis = options.cluster_axis,
                                          .num_links = options.num_links,
                                          .topology = options.topology});
  return ops::fast_reduce_nc(terms, {.dims = {*free}, .dtype = {}, .memory = options.memory});
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
