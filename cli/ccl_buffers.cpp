#include "cli/ccl_buffers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "ops/place_as.hpp"

namespace ttmesh::cli {
namespace {

constexpr std::int64_t kTileElements = 1024;
constexpr std::int64_t kShortestRow = 64;

/// Whole numbers up to this are exact in the format.
std::int64_t exact_numbers(mesh::DataType dtype) {
  return dtype == mesh::DataType::Bfloat16 ? 1 << 8 : 1 << 24;
}

/// Bits that look random, from a counter (the finaliser of SplitMix64).
std::uint64_t mixed(std::uint64_t counter) {
  counter += 0x9e3779b97f4a7c15;
  counter = (counter ^ (counter >> 30)) * 0xbf58476d1ce4e5b9;
  counter = (counter ^ (counter >> 27)) * 0x94d049bb133111eb;
  return counter ^ (counter >> 31);
}

mesh::Tensor write(const mesh::MeshDevice& device, mesh::HostTensor global,
                   const CclBuffers& buffers, const mesh::Distribution& distribution) {
  return mesh::from_host(device, std::move(global),
                         {.dtype = buffers.dtype,
                          .layout = mesh::Layout::RowMajor,
                          .memory = {},
                          .distribution = distribution});
}

}  // namespace

int CclGroups::chip(int group, int place) const {
  if (!cluster_axis) return place;
  return *cluster_axis == 0 ? place * mesh.cols + group : group * mesh.cols + place;
}

float CclBuffers::value(int chip, std::int64_t position) const {
  const std::int64_t largest = std::max<std::int64_t>(1, exact_numbers(dtype) / groups.size());
  const std::uint64_t key = mixed(seed + (static_cast<std::uint64_t>(chip) << 32));
  const std::uint64_t bits = mixed(key + static_cast<std::uint64_t>(position));
  const auto choices = static_cast<std::uint64_t>(2 * largest + 1);
  return static_cast<float>(static_cast<std::int64_t>(bits % choices) - largest);
}

mesh::Tensor CclBuffers::shards(const mesh::MeshDevice& device) const {
  const std::int64_t row = row_length(part);
  mesh::HostTensor global{.shape = {1, groups.count(), groups.size() * (part / row), row},
                          .values = {}};
  mesh::Distribution distribution{.mesh = groups.mesh};
  if (groups.cluster_axis) {
    const auto axis = static_cast<std::size_t>(*groups.cluster_axis);
    distribution.placements[axis] = mesh::shard(2);
    distribution.placements[1 - axis] = mesh::shard(1);
  } else {
    distribution.placements = {mesh::shard(2), mesh::shard(2)};
  }
  if (!device.timing_only()) {
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(global.shape.volume()));
    for (int group = 0; group < groups.count(); ++group) {
      for (int place = 0; place < groups.size(); ++place) {
        const int chip = groups.chip(group, place);
        for (std::int64_t i = 0; i < part; ++i) values.push_back(value(chip, i));
      }
    }
    global.values = std::move(values);
  }
  return write(device, std::move(global), *this, distribution);
}

mesh::Tensor CclBuffers::own(const mesh::MeshDevice& device, int parts) const {
  const std::int64_t row = row_length(part);
  const std::int64_t held = parts * part;
  mesh::HostTensor global{.shape = {1, groups.mesh.size(), held / row, row}, .values = {}};
  mesh::Distribution distribution{.mesh = groups.mesh,
                                  .placements = {mesh::shard(1), mesh::shard(1)}};
  if (groups.cluster_axis) {
    global.shape = {groups.mesh.rows, groups.mesh.cols, held / row, row};
    distribution.placements = {mesh::shard(0), mesh::shard(1)};
  }
  if (!device.timing_only()) {
    std::vector<float> values;
    values.reserve(static_cast<std::size_t>(global.shape.volume()));
    for (int chip = 0; chip < groups.mesh.size(); ++chip) {
      for (std::int64_t i = 0; i < held; ++i) values.push_back(value(chip, i));
    }
    global.values = std::move(values);
  }
  return write(device, std::move(global), *this, distribution);
}

mesh::Tensor CclBuffers::terms(const mesh::MeshDevice& device) const {
  std::array<mesh::Placement, 2> placements{mesh::partial(), mesh::partial()};
  if (groups.cluster_axis) {
    const auto other = static_cast<std::size_t>(1 - *groups.cluster_axis);
    placements[other] = mesh::shard(static_cast<int>(other));
  }
  return ops::place_as(own(device, groups.size()), placements);
}

std::int64_t row_length(std::int64_t elements) {
  std::int64_t length = std::min(elements, kTileElements);
  while (elements % length != 0) --length;
  return length < kShortestRow ? elements : length;
}

}  // namespace ttmesh::cli
