#include "ccl/all_reduce.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"
#include "ccl/slices.hpp"
#include "ccl/wiring.hpp"
#include "mesh/device/session.hpp"
#include "ops/fast_reduce_nc.hpp"
#include "ops/reshape.hpp"

namespace ttmesh::ccl {
namespace {

using mesh::Tensor;
using mesh::TensorSpec;

constexpr const char* kGather = "gather";
constexpr const char* kTwoAxis = "two_axis";
constexpr const char* kAxisByAxis = "axis_by_axis";

/// A dim before the last two with extent 1 that neither axis uses, for terms to be stacked along.
std::optional<int> free_dim(const TensorSpec& spec) {
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

/// How the sum along one axis comes about.
struct Way {
  Wiring wiring;
  bool gathers = false;
  std::optional<std::string> scatter_algorithm{};
  std::optional<std::string> gather_algorithm{};
  Choice choice{};
};

/// The options of one half; both name their fields alike.
template <typename Half>
Half half(const AllReduceOptions& options, int dim, const std::optional<std::string>& algorithm) {
  return {.dim = dim,
          .cluster_axis = options.cluster_axis,
          .num_links = options.num_links,
          .topology = options.topology,
          .memory = options.memory,
          .algorithm = algorithm};
}

/// What a reduce_scatter along the wiring's lines leaves.
TensorSpec scattered(TensorSpec spec, int dim, const Wiring& wiring) {
  spec.shape = spec.shape.with(dim, spec.shape[dim] / wiring.size);
  const auto axis = static_cast<std::size_t>(wiring.cluster_axis);
  const bool nested = spec.distribution.placements[1 - axis] == mesh::shard(dim);
  spec.distribution.placements[axis] = mesh::shard(dim);
  spec.distribution.outer_axis = nested ? 1 - wiring.cluster_axis : 0;
  return spec;
}

/// Throws std::invalid_argument unless an algorithm along an axis has this name.
void check_name(const std::string& name) {
  std::vector<std::string_view> names;
  for (const LineAlgorithm& each : reduce_scatter_algorithms()) names.push_back(each.name);
  for (const std::string_view other : {kRouted, std::string_view(kGather), kFastest}) {
    names.push_back(other);
  }
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw std::invalid_argument(fmt::format("[all_reduce] algorithm '{}' is unknown; there are {}",
                                          name, fmt::join(names, ", ")));
}

Way scatter_and_gather(const mesh::MeshDevice& device, const TensorSpec& spec,
                       const AllReduceOptions& options, const Wiring& wiring, int dim) {
  const bool direct = options.algorithm == "direct";
  Way way{.wiring = wiring,
          .scatter_algorithm = options.algorithm,
          .gather_algorithm = direct ? "ring" : options.algorithm};
  const Choice scatter =
      choice_of(device, spec, half<ReduceScatterOptions>(options, dim, way.scatter_algorithm));
  const Choice gather = choice_of(device, scattered(spec, dim, wiring),
                                  half<AllGatherOptions>(options, dim, way.gather_algorithm));
  way.scatter_algorithm = scatter.algorithm;
  way.gather_algorithm = gather.algorithm;
  way.choice.algorithm = scatter.algorithm == gather.algorithm
                             ? scatter.algorithm
                             : scatter.algorithm + "+" + gather.algorithm;
  way.choice.reason = scatter.reason;
  if (scatter.predicted && gather.predicted) {
    way.choice.predicted = *scatter.predicted + *gather.predicted;
  }
  return way;
}

Way gather_and_reduce(const mesh::MeshDevice& device, TensorSpec spec,
                      const AllReduceOptions& options, const Wiring& wiring) {
  if (!free_dim(spec)) spec.shape = with_free_dim(spec.shape);
  const int dim = *free_dim(spec);
  const bool fastest = options.algorithm == kFastest;
  const auto gather_options = half<AllGatherOptions>(
      options, dim, fastest ? options.algorithm : std::optional<std::string>());
  const Choice gather = choice_of(device, spec, gather_options);
  Way way{.wiring = wiring, .gathers = true, .gather_algorithm = gather.algorithm};
  way.choice.algorithm = kGather;
  if (!gather.predicted) return way;
  TensorSpec terms = spec;
  terms.shape = spec.shape.with(dim, wiring.size);
  terms.distribution.placements[static_cast<std::size_t>(wiring.cluster_axis)] = mesh::stacked(dim);
  const ops::FastReduceNcOptions sum{.dims = {dim}};
  way.choice.predicted =
      *gather.predicted +
      device.predict("fast_reduce_nc", {terms}, ops::to_attributes(terms, sum)).time;
  return way;
}

Way fastest_way(const mesh::MeshDevice& device, const TensorSpec& spec,
                const AllReduceOptions& options, const Wiring& wiring, int dim) {
  Way halves = scatter_and_gather(device, spec, options, wiring, dim);
  Way whole = gather_and_reduce(device, spec, options, wiring);
  const std::string reason =
      fmt::format("fastest predicted: {} {} us, {} {} us", halves.choice.algorithm,
                  sim::microseconds_text(*halves.choice.predicted), whole.choice.algorithm,
                  sim::microseconds_text(*whole.choice.predicted));
  Way& best = *whole.choice.predicted < *halves.choice.predicted ? whole : halves;
  best.choice.reason = reason;
  return std::move(best);
}

/// Along one axis.
Way way_of(const mesh::MeshDevice& device, const TensorSpec& spec,
           const AllReduceOptions& options) {
  const int dim = index_of_dim("all_reduce", spec.shape, options.dim);
  const Wiring wiring = resolve_wiring("all_reduce", device,
                                       {options.cluster_axis, options.num_links, options.topology});
  if (wiring.size == 1) return {.wiring = wiring};
  if (spec.distribution.along(wiring.cluster_axis) != mesh::partial()) {
    throw std::invalid_argument(
        fmt::format("[all_reduce] input {} owes no sum along cluster_axis {}, Partial is needed",
                    to_string(spec.distribution), wiring.cluster_axis));
  }
  if (options.algorithm) check_name(*options.algorithm);
  const bool named = options.algorithm && options.algorithm != kFastest;
  const bool cuts = cuts_evenly(spec, dim, wiring.size);
  if (options.algorithm == kGather || (!cuts && !named)) {
    Way way = gather_and_reduce(device, spec, options, wiring);
    way.choice.reason = cuts
                            ? "as asked"
                            : fmt::format("dim {} of {} does not cut into {} slices of whole {}",
                                          dim, to_string(spec.shape), wiring.size,
                                          spec.layout == mesh::Layout::Tile ? "tiles" : "elements");
    return way;
  }
  if (cuts && options.algorithm == kFastest) {
    return fastest_way(device, spec, options, wiring, dim);
  }
  return scatter_and_gather(device, spec, options, wiring, dim);
}

auto fields(const AllReduceOptions& options) {
  return std::tie(options.dim, options.cluster_axis, options.num_links, options.topology,
                  options.memory, options.algorithm);
}

/// Ways along an axis that a session has taken: they stay as they are while it is open.
class KnownWays {
 public:
  const Way& along(const mesh::MeshDevice& device, const TensorSpec& spec,
                   const AllReduceOptions& options) {
    const auto known = std::find_if(ways_.begin(), ways_.end(), [&](const Known& each) {
      return each.view == device.view() && each.spec == spec &&
             fields(each.options) == fields(options);
    });
    if (known != ways_.end()) return known->way;
    if (ways_.size() == kMost) ways_.pop_front();
    return ways_.emplace_back(Known{device.view(), spec, options, way_of(device, spec, options)})
        .way;
  }

 private:
  struct Known {
    mesh::MeshView view;
    TensorSpec spec;
    AllReduceOptions options;
    Way way;
  };

  static constexpr std::size_t kMost = 32;  ///< Kinds of all-reduce; a model has a few.
  std::deque<Known> ways_;
};

/// The sum from whole terms, stacked along a dim that is free for them or made so.
Tensor reduce_stacked(const Tensor& input, const AllReduceOptions& options, const Way& way) {
  const std::optional<int> free = free_dim(input.spec());
  if (!free) {
    const Tensor widened = ops::reshape(input, with_free_dim(input.shape()));
    return ops::reshape(reduce_stacked(widened, options, way), input.shape());
  }
  auto gather = half<AllGatherOptions>(options, *free, way.gather_algorithm);
  gather.memory.reset();
  const Tensor terms = all_gather(input, gather);
  return ops::fast_reduce_nc(terms, {.dims = {*free}, .dtype = {}, .memory = options.memory});
}

Tensor reduce_axis(const Tensor& input, const AllReduceOptions& options) {
  const mesh::MeshDevice device = input.device();
  const Way& way = device.session()->kept<KnownWays>().along(device, input.spec(), options);
  if (way.wiring.size == 1) return input;
  if (way.gathers) return reduce_stacked(input, options, way);
  const int dim = index_of_dim("all_reduce", input.shape(), options.dim);
  const Tensor slices =
      reduce_scatter(input, half<ReduceScatterOptions>(options, dim, way.scatter_algorithm));
  return all_gather(slices, half<AllGatherOptions>(options, dim, way.gather_algorithm));
}

/// The spec after the sum along one axis has been paid on every chip.
TensorSpec paid(TensorSpec spec, int axis) {
  spec.distribution.placements[static_cast<std::size_t>(axis)] = mesh::replicate();
  return spec;
}

/// Predicted time of one axis after the other, each by its fastest way.
sim::Time axis_by_axis_time(const mesh::MeshDevice& device, const TensorSpec& spec,
                            AllReduceOptions options) {
  options.cluster_axis = 1;
  const Way rows = way_of(device, spec, options);
  options.cluster_axis = 0;
  const Way columns = way_of(device, paid(spec, 1), options);
  return rows.choice.predicted.value_or(sim::Time()) +
         columns.choice.predicted.value_or(sim::Time());
}

/// Predicted time of scattering along both axes and gathering back, each by its fastest way.
sim::Time two_axis_time(const mesh::MeshDevice& device, const TensorSpec& spec,
                        AllReduceOptions options, int dim) {
  const auto scatter = [&](const TensorSpec& input, int axis) {
    options.cluster_axis = axis;
    return choice_of(device, input, half<ReduceScatterOptions>(options, dim, options.algorithm));
  };
  const auto gather = [&](const TensorSpec& input, int axis) {
    options.cluster_axis = axis;
    return choice_of(device, input, half<AllGatherOptions>(options, dim, options.algorithm));
  };
  const mesh::MeshShape shape = device.shape();
  const TensorSpec rows = scattered(spec, dim, {.cluster_axis = 0, .size = shape.rows});
  TensorSpec both = scattered(rows, dim, {.cluster_axis = 1, .size = shape.cols});
  both.distribution.outer_axis = 0;
  sim::Time time;
  for (const Choice& each :
       {scatter(spec, 0), scatter(rows, 1), gather(both, 1), gather(paid(rows, 1), 0)}) {
    time += each.predicted.value_or(sim::Time());
  }
  return time;
}

/// How the sum over a whole mesh comes about.
Choice plane_choice(const mesh::MeshDevice& device, const TensorSpec& spec,
                    const AllReduceOptions& options) {
  const int dim = index_of_dim("all_reduce", spec.shape, options.dim);
  for (const int axis : {0, 1}) {
    if (spec.distribution.along(axis) == mesh::partial()) continue;
    throw std::invalid_argument(
        fmt::format("[all_reduce] input {} owes no sum along cluster_axis {}, Partial is needed on "
                    "both; name the cluster_axis to sum along one",
                    to_string(spec.distribution), axis));
  }
  const bool cuts = cuts_evenly(spec, dim, device.shape().size());
  if (options.algorithm == kAxisByAxis) return {kAxisByAxis, "as asked"};
  if (options.algorithm && options.algorithm != kTwoAxis && options.algorithm != kFastest) {
    throw std::invalid_argument(
        fmt::format("[all_reduce] algorithm '{}' is unknown for all chips of a mesh; there are {}, "
                    "{} and {}",
                    *options.algorithm, kTwoAxis, kAxisByAxis, kFastest));
  }
  if (cuts && options.algorithm == kFastest) {
    const sim::Time two_axis = two_axis_time(device, spec, options, dim);
    const sim::Time axis_by_axis = axis_by_axis_time(device, spec, options);
    return {axis_by_axis < two_axis ? kAxisByAxis : kTwoAxis,
            fmt::format("fastest predicted: {} {} us, {} {} us", kTwoAxis,
                        sim::microseconds_text(two_axis), kAxisByAxis,
                        sim::microseconds_text(axis_by_axis)),
            std::min(two_axis, axis_by_axis)};
  }
  if (cuts) return {kTwoAxis, "the least bytes on every link"};
  const std::string reason = fmt::format("dim {} of {} does not cut into {} slices", dim,
                                         to_string(spec.shape), device.shape().size());
  if (options.algorithm == kTwoAxis) {
    throw std::invalid_argument(
        fmt::format("[all_reduce] algorithm {} cannot run here: {}; there "
                    "is {}",
                    kTwoAxis, reason, kAxisByAxis));
  }
  return {kAxisByAxis, reason};
}

Tensor reduce_plane(const Tensor& input, AllReduceOptions options) {
  const bool fastest = options.algorithm == kFastest;
  const Choice choice = plane_choice(input.device(), input.spec(), options);
  options.algorithm = fastest ? options.algorithm : std::nullopt;
  if (choice.algorithm == kAxisByAxis) {
    options.cluster_axis = 1;
    const Tensor rows = reduce_axis(input, options);
    options.cluster_axis = 0;
    return reduce_axis(rows, options);
  }
  const int dim = index_of_dim("all_reduce", input.shape(), options.dim);
  const Tensor slices =
      reduce_scatter(input, half<ReduceScatterOptions>(options, dim, options.algorithm));
  return all_gather(slices, half<AllGatherOptions>(options, dim, options.algorithm));
}

bool is_over_plane(const mesh::MeshDevice& device, const AllReduceOptions& options) {
  return !options.cluster_axis && is_plane(device);
}

}  // namespace

Tensor all_reduce(const Tensor& input, const AllReduceOptions& options) {
  if (is_over_plane(input.device(), options)) return reduce_plane(input, options);
  return reduce_axis(input, options);
}

Choice choice_of(const mesh::MeshDevice& device, const TensorSpec& input,
                 const AllReduceOptions& options) {
  if (is_over_plane(device, options)) return plane_choice(device, input, options);
  return way_of(device, input, options).choice;
}

}  // namespace ttmesh::ccl
