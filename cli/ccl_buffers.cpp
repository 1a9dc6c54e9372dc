#include "cli/ccl_buffers.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

#include "cli/ccl_dtype.hpp"
#include "mesh/device/transfer.hpp"
#include "ops/place_as.hpp"

namespace ttmesh::cli {
namespace {

constexpr std::int64_t kTileElements = 1024;
constexpr std::int64_t kShortestRow = 64;

/// Bits that look random, from a counter (the finaliser of SplitMix64).
std::uint64_t mixed(std::uint64_t counter) {
  counter += 0x9e3779b97f4a7c15;
  counter = (counter ^ (counter >> 30)) * 0xbf58476d1ce4e5b9;
  counter = (counter ^ (counter >> 27)) * 0x94d049bb133111eb;
  return counter ^ (counter >> 31);
}

mesh::Tensor write(const mesh::MeshDevice& device, mesh::HostTensor global,
                   const CclBuffers& buffers, const mesh::Distribution& distribution) {
  return mesh::from_host(
      device, std::move(global),
      {.dtype = buffers.dtype,
       .layout = mesh::is_block_float(buffers.dtype) ? mesh::Layout::Tile : mesh::Layout::RowMajor,
       .memory = {},
       .distribution = distribution});
}

bool has_sign(mesh::DataType dtype) {
  return mesh::is_floating(dtype) || dtype == mesh::DataType::Int32;
}

template <typename T>
std::vector<T> values_as(const CclBuffers& buffers, std::span<const int> chips,
                         std::int64_t count) {
  std::vector<T> values;
  values.reserve(chips.size() * static_cast<std::size_t>(count));
  for (const int chip : chips) {
    for (std::int64_t i = 0; i < count; ++i) {
      values.push_back(static_cast<T>(buffers.value(chip, i)));
    }
  }
  return values;
}

}  // namespace

int CclGroups::chip(int group, int place) const {
  if (!cluster_axis) return place;
  return *cluster_axis == 0 ? place * mesh.cols + group : group * mesh.cols + place;
}

int CclGroups::place(int chip) const {
  if (!cluster_axis) return chip;
  return *cluster_axis == 0 ? chip / mesh.cols : chip % mesh.cols;
}

std::int64_t CclBuffers::value(int chip, std::int64_t position) const {
  const auto counter = static_cast<std::uint64_t>(position);
  const std::int64_t exact = largest_exact(dtype);
  const std::int64_t terms = adds ? groups.size() : 1;
  if (terms > exact) {
    // Too many for a sum of ones: at every position some hold one, the others nothing.
    const auto turn = mixed(seed ^ counter) + static_cast<std::uint64_t>(groups.place(chip));
    if (turn % static_cast<std::uint64_t>(terms) >= static_cast<std::uint64_t>(exact)) return 0;
  }
  const std::int64_t largest = std::max<std::int64_t>(1, exact / terms);
  const std::uint64_t key = mixed(seed + (static_cast<std::uint64_t>(chip) << 32));
  const std::uint64_t bits = mixed(key + counter);
  const std::int64_t smallest = has_sign(dtype) ? -largest : 0;
  const auto choices = static_cast<std::uint64_t>(largest - smallest + 1);
  return static_cast<std::int64_t>(bits % choices) + smallest;
}

mesh::HostTensor::Values CclBuffers::values(std::span<const int> chips, std::int64_t count) const {
  switch (mesh::held_type(dtype)) {
    case mesh::HeldType::Int32:
      return values_as<std::int32_t>(*this, chips, count);
    case mesh::HeldType::UInt32:
      return values_as<std::uint32_t>(*this, chips, count);
    case mesh::HeldType::UInt16:
      return values_as<std::uint16_t>(*this, chips, count);
    default:
      return values_as<float>(*this, chips, count);
  }
}

std::int64_t CclBuffers::row() const {
  return mesh::is_block_float(dtype) ? mesh::kTileExtent : row_length(part);
}

mesh::Tensor CclBuffers::shards(const mesh::MeshDevice& device) const {
  mesh::HostTensor global{.shape = {1, groups.count(), groups.size() * (part / row()), row()},
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
    std::vector<int> chips;
    for (int group = 0; group < groups.count(); ++group) {
      for (int place = 0; place < groups.size(); ++place)
        chips.push_back(groups.chip(group, place));
    }
    global.values = values(chips, part);
  }
  return write(device, std::move(global), *this, distribution);
}

mesh::Tensor CclBuffers::own(const mesh::MeshDevice& device, int parts) const {
  const std::int64_t held = parts * part;
  mesh::HostTensor global{.shape = {1, groups.mesh.size(), held / row(), row()}, .values = {}};
  mesh::Distribution distribution{.mesh = groups.mesh,
                                  .placements = {mesh::shard(1), mesh::shard(1)}};
  if (groups.cluster_axis) {
    global.shape = {groups.mesh.rows, groups.mesh.cols, held / row(), row()};
    distribution.placements = {mesh::shard(0), mesh::shard(1)};
  }
  if (!device.timing_only()) {
    std::vector<int> chips(static_cast<std::size_t>(groups.mesh.size()));
    std::iota(chips.begin(), chips.end(), 0);
    global.values = values(chips, held);
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
