#include "cli/collectives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/all_to_all.hpp"
#include "ccl/all_to_all_combine.hpp"
#include "ccl/all_to_all_dispatch.hpp"
#include "ccl/barrier.hpp"
#include "ccl/broadcast.hpp"
#include "ccl/point_to_point.hpp"
#include "ccl/reduce_scatter.hpp"
#include "cli/expert_buffers.hpp"

namespace ttmesh::cli {
namespace {

using mesh::Tensor;

constexpr int kPartsDim = 2;  ///< Tensor dim along which a buffer's parts lie.

/// (n - 1) / n: what crosses a link of the ideal ring, over what the chips end up with.
double once_around(int chips) { return static_cast<double>(chips - 1) / chips; }
double twice_around(int chips) { return 2 * once_around(chips); }
double straight(int) { return 1; }

std::vector<Tensor> shards(const CclBuffers& buffers, const mesh::MeshDevice& device) {
  return {buffers.shards(device)};
}
std::vector<Tensor> terms(const CclBuffers& buffers, const mesh::MeshDevice& device) {
  return {buffers.terms(device)};
}
std::vector<Tensor> own_part(const CclBuffers& buffers, const mesh::MeshDevice& device) {
  return {buffers.own(device, 1)};
}
std::vector<Tensor> own_parts(const CclBuffers& buffers, const mesh::MeshDevice& device) {
  return {buffers.own(device, buffers.groups.size())};
}

/// So many values of a chip's buffer, from `first` on.
std::vector<std::int64_t> slice(const CclBuffers& buffers, int chip, std::int64_t first,
                                std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = buffers.value(chip, first + i);
  }
  return values;
}

/// Sum over a group of such slices.
std::vector<std::int64_t> sum(const CclBuffers& buffers, int group, std::int64_t first,
                              std::int64_t count) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(count));
  for (int place = 0; place < buffers.groups.size(); ++place) {
    const int chip = buffers.groups.chip(group, place);
    for (std::int64_t i = 0; i < count; ++i) {
      values[static_cast<std::size_t>(i)] += buffers.value(chip, first + i);
    }
  }
  return values;
}

/// The same slice of every chip of a group, one after another.
std::vector<std::int64_t> joined(const CclBuffers& buffers, int group, std::int64_t first) {
  std::vector<std::int64_t> values;
  for (int place = 0; place < buffers.groups.size(); ++place) {
    const std::vector<std::int64_t> part =
        slice(buffers, buffers.groups.chip(group, place), first, buffers.part);
    values.insert(values.end(), part.begin(), part.end());
  }
  return values;
}

ccl::AllGatherOptions all_gather_options(const CclCall& call) {
  return {.dim = kPartsDim,
          .cluster_axis = call.groups.cluster_axis,
          .num_links = call.num_links,
          .topology = call.topology,
          .algorithm = call.algorithm};
}

ccl::AllReduceOptions all_reduce_options(const CclCall& call) {
  return {.dim = kPartsDim,
          .cluster_axis = call.groups.cluster_axis,
          .num_links = call.num_links,
          .topology = call.topology,
          .algorithm = call.algorithm};
}

ccl::ReduceScatterOptions reduce_scatter_options(const CclCall& call) {
  return {.dim = kPartsDim,
          .cluster_axis = call.groups.cluster_axis,
          .num_links = call.num_links,
          .topology = call.topology,
          .algorithm = call.algorithm};
}

ccl::AllToAllOptions all_to_all_options(const CclCall& call) {
  return {.in_dim = CclBuffers{.groups = call.groups, .part = 1}.own_dim(),
          .out_dim = kPartsDim,
          .cluster_axis = call.groups.cluster_axis,
          .num_links = call.num_links,
          .topology = call.topology,
          .algorithm = call.algorithm};
}

mesh::Coordinate coordinate(const CclGroups& groups, int chip) {
  return {chip / groups.mesh.cols, chip % groups.mesh.cols};
}

ccl::BroadcastOptions broadcast_options(const CclCall& call) {
  return {.root = coordinate(call.groups, call.groups.chip(0, call.root)),
          .cluster_axis = call.groups.cluster_axis,
          .num_links = call.num_links,
          .topology = call.topology,
          .algorithm = call.algorithm};
}

/// Runs a collective, or says how it would run, with the options that `OptionsOf` makes.
template <auto Run, auto OptionsOf>
Tensor issue(mesh::MeshDevice, std::span<const Tensor> inputs, const CclCall& call) {
  return Run(inputs[0], OptionsOf(call));
}
template <auto OptionsOf>
ccl::Choice choice(std::span<const Tensor> inputs, const CclCall& call) {
  return ccl::choice_of(inputs[0].device(), inputs[0].spec(), OptionsOf(call));
}

Tensor issue_point_to_point(mesh::MeshDevice, std::span<const Tensor> inputs, const CclCall& call) {
  return ccl::point_to_point(
      inputs[0], {.from = {}, .to = {}, .num_links = call.num_links, .receiver = call.receiver});
}

Tensor issue_dispatch(mesh::MeshDevice, std::span<const Tensor> inputs, const CclCall& call) {
  return ccl::all_to_all_dispatch(inputs[0], inputs[1], inputs[2],
                                  {.cluster_axis = call.groups.cluster_axis,
                                   .num_links = call.num_links,
                                   .topology = call.topology})
      .tokens;
}

Tensor issue_combine(mesh::MeshDevice, std::span<const Tensor> inputs, const CclCall& call) {
  return ccl::all_to_all_combine(inputs[0], inputs[1], inputs[2],
                                 {.cluster_axis = call.groups.cluster_axis,
                                  .num_links = call.num_links,
                                  .topology = call.topology});
}

Tensor issue_barrier(mesh::MeshDevice device, std::span<const Tensor>, const CclCall&) {
  ccl::barrier(std::move(device));
  return {};
}

constexpr std::array kCollectives{
    Collective{
        .name = "all_gather",
        .splits = true,
        .counts_part = true,
        .bus_factor = once_around,
        .inputs = shards,
        .issue = issue<ccl::all_gather, all_gather_options>,
        .choice = choice<all_gather_options>,
        .expected = [](const CclBuffers& buffers, const CclCall&, int group,
                       int) { return joined(buffers, group, 0); },
    },
    Collective{
        .name = "all_reduce",
        .redop = "sum",
        .splits = true,
        .bus_factor = twice_around,
        .inputs = terms,
        .issue = issue<ccl::all_reduce, all_reduce_options>,
        .choice = choice<all_reduce_options>,
        .expected =
            [](const CclBuffers& buffers, const CclCall&, int group, int) {
              return sum(buffers, group, 0, buffers.groups.size() * buffers.part);
            },
    },
    Collective{
        .name = "all_to_all",
        .splits = true,
        .counts_part = true,
        .bus_factor = once_around,
        .inputs = own_parts,
        .issue = issue<ccl::all_to_all, all_to_all_options>,
        .choice = choice<all_to_all_options>,
        .expected = [](const CclBuffers& buffers, const CclCall&, int group,
                       int place) { return joined(buffers, group, place * buffers.part); },
    },
    Collective{
        .name = "all_to_all_combine",
        .splits = true,
        .needs_rows = true,
        .counts_part = true,
        .bus_factor = straight,
        .inputs =
            [](const CclBuffers& buffers, const mesh::MeshDevice& device) {
              const ExpertBuffers experts(buffers);
              return std::vector{experts.expert_outputs(device), experts.metadata(device),
                                 experts.mapping(device)};
            },
        .issue = issue_combine,
        .expected = [](const CclBuffers& buffers, const CclCall&, int group,
                       int place) { return ExpertBuffers(buffers).combined(group, place); },
    },
    Collective{
        .name = "all_to_all_dispatch",
        .splits = true,
        .needs_rows = true,
        .counts_part = true,
        .bus_factor = straight,
        .inputs =
            [](const CclBuffers& buffers, const mesh::MeshDevice& device) {
              const ExpertBuffers experts(buffers);
              return std::vector{experts.tokens(device), experts.indices(device),
                                 experts.mapping(device)};
            },
        .issue = issue_dispatch,
        .expected = [](const CclBuffers& buffers, const CclCall&, int group,
                       int place) { return ExpertBuffers(buffers).dispatched(group, place); },
    },
    Collective{
        .name = "barrier",
        .extra = CclExtra::Barrier,
        .bus_factor = straight,
        .issue = issue_barrier,
    },
    Collective{
        .name = "broadcast",
        .extra = CclExtra::Root,
        .bus_factor = straight,
        .inputs = own_part,
        .issue = issue<ccl::broadcast, broadcast_options>,
        .choice = choice<broadcast_options>,
        .expected =
            [](const CclBuffers& buffers, const CclCall& call, int group, int) {
              return slice(buffers, buffers.groups.chip(group, call.root), 0, buffers.part);
            },
    },
    Collective{
        .name = "point_to_point",
        .extra = CclExtra::Ends,
        .bus_factor = straight,
        .inputs = own_part,
        .issue = issue_point_to_point,
        .expected =
            [](const CclBuffers& buffers, const CclCall&, int group, int place) {
              return slice(buffers, buffers.groups.chip(group, place), 0, buffers.part);
            },
    },
    Collective{
        .name = "reduce_scatter",
        .redop = "sum",
        .splits = true,
        .counts_part = true,
        .bus_factor = once_around,
        .inputs = terms,
        .issue = issue<ccl::reduce_scatter, reduce_scatter_options>,
        .choice = choice<reduce_scatter_options>,
        .expected =
            [](const CclBuffers& buffers, const CclCall&, int group, int place) {
              return sum(buffers, group, place * buffers.part, buffers.part);
            },
    },
};

}  // namespace

std::span<const Collective> collectives() { return kCollectives; }

const Collective& find_collective(std::string_view name) {
  const auto found = std::find_if(kCollectives.begin(), kCollectives.end(),
                                  [&](const Collective& each) { return each.name == name; });
  if (found != kCollectives.end()) return *found;
  std::string names;
  for (const Collective& each : kCollectives) names += fmt::format(" {}", each.name);
  throw std::invalid_argument(
      fmt::format("[ccl] no collective is called '{}', needs one of{}", name, names));
}

}  // namespace ttmesh::cli
