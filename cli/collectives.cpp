#include "cli/collectives.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"

namespace ttmesh::cli {
namespace {

constexpr int kPartsDim = 2;  ///< Tensor dim along which a buffer's parts lie.

/// (n - 1) / n: what crosses a link of the ideal ring, over what the chips end up with.
double once_around(int chips) { return static_cast<double>(chips - 1) / chips; }
double twice_around(int chips) { return 2 * once_around(chips); }

mesh::Tensor shards(const CclBuffers& buffers, const mesh::MeshDevice& device) {
  return buffers.shards(device);
}
mesh::Tensor terms(const CclBuffers& buffers, const mesh::MeshDevice& device) {
  return buffers.terms(device);
}

/// Sum over a group of positions `first` to `first + count - 1` of its chips' buffers.
std::vector<float> sum(const CclBuffers& buffers, int group, std::int64_t first,
                       std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count), 0.0F);
  for (int place = 0; place < buffers.groups.size(); ++place) {
    const int chip = buffers.groups.chip(group, place);
    for (std::int64_t i = 0; i < count; ++i) {
      values[static_cast<std::size_t>(i)] += buffers.value(chip, first + i);
    }
  }
  return values;
}

mesh::Tensor issue_all_gather(const mesh::Tensor& input, const CclCall& call) {
  return ccl::all_gather(input, {.dim = kPartsDim,
                                 .cluster_axis = call.cluster_axis,
                                 .num_links = call.num_links,
                                 .topology = call.topology});
}

std::vector<float> gathered(const CclBuffers& buffers, int group, int) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(buffers.groups.size() * buffers.part));
  for (int place = 0; place < buffers.groups.size(); ++place) {
    const int chip = buffers.groups.chip(group, place);
    for (std::int64_t i = 0; i < buffers.part; ++i) values.push_back(buffers.value(chip, i));
  }
  return values;
}

mesh::Tensor issue_reduce_scatter(const mesh::Tensor& input, const CclCall& call) {
  return ccl::reduce_scatter(input, {.dim = kPartsDim,
                                     .cluster_axis = call.cluster_axis,
                                     .num_links = call.num_links,
                                     .topology = call.topology});
}

std::vector<float> scattered(const CclBuffers& buffers, int group, int place) {
  return sum(buffers, group, place * buffers.part, buffers.part);
}

mesh::Tensor issue_all_reduce(const mesh::Tensor& input, const CclCall& call) {
  return ccl::all_reduce(input, {.dim = kPartsDim,
                                 .cluster_axis = call.cluster_axis,
                                 .num_links = call.num_links,
                                 .topology = call.topology});
}

std::vector<float> reduced(const CclBuffers& buffers, int group, int) {
  return sum(buffers, group, 0, buffers.groups.size() * buffers.part);
}

constexpr std::array kCollectives{
    Collective{.name = "all_gather",
               .redop = "none",
               .splits = true,
               .counts_parts = true,
               .bus_factor = once_around,
               .input = shards,
               .issue = issue_all_gather,
               .expected = gathered},
    Collective{.name = "all_reduce",
               .redop = "sum",
               .splits = true,
               .counts_parts = false,
               .bus_factor = twice_around,
               .input = terms,
               .issue = issue_all_reduce,
               .expected = reduced},
    Collective{.name = "reduce_scatter",
               .redop = "sum",
               .splits = true,
               .counts_parts = true,
               .bus_factor = once_around,
               .input = terms,
               .issue = issue_reduce_scatter,
               .expected = scattered},
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
