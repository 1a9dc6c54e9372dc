#include "cli/expert_buffers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "mesh/tensor/host_tensor.hpp"
#include "mesh/tensor/mapper.hpp"

namespace ttmesh::cli {
namespace {

constexpr int kSelected = 2;

}  // namespace

ExpertBuffers::ExpertBuffers(const CclBuffers& buffers)
    : buffers_(buffers), row_(buffers.row()), tokens_(buffers.part / row_) {}

int ExpertBuffers::selected_per_token() const { return std::min(kSelected, experts()); }

// Neighbours among the experts, from one that the token's number and the seed choose.
int ExpertBuffers::expert(std::int64_t token, int k) const {
  CclBuffers draws = buffers_;
  draws.dtype = mesh::DataType::Float32;
  const std::int64_t drawn = draws.value(experts(), token);
  const std::int64_t count = experts();
  return static_cast<int>(((drawn % count) + count + k) % count);
}

// Backwards, so that an expert's number is not its chip's.
int ExpertBuffers::chip_of(int expert) const { return experts() - 1 - expert; }

mesh::Tensor ExpertBuffers::write(const mesh::MeshDevice& device, mesh::HostTensor global,
                                  mesh::DataType dtype,
                                  const mesh::Distribution& distribution) const {
  return mesh::from_host(device, std::move(global),
                         {.dtype = dtype,
                          .layout = mesh::Layout::RowMajor,
                          .memory = {},
                          .distribution = distribution});
}

mesh::Distribution ExpertBuffers::cut_by_group() const {
  const std::optional<int> axis = buffers_.groups.cluster_axis;
  const auto dim = [&](int along) {
    return axis.value_or(along) == along ? std::optional(0) : std::nullopt;
  };
  return mesh::shard_tensor_2d_mesh(buffers_.groups.mesh, {dim(0), dim(1)});
}

mesh::Tensor ExpertBuffers::tokens(const mesh::MeshDevice& device) const {
  mesh::HostTensor global{.shape = {tokens_in_all(), 1, 1, row_}, .values = {}};
  if (!device.timing_only()) {
    std::vector<int> places(static_cast<std::size_t>(buffers_.groups.size()));
    std::iota(places.begin(), places.end(), 0);
    global.values = buffers_.values(places, buffers_.part);
  }
  return write(device, std::move(global), buffers_.dtype, cut_by_group());
}

mesh::HostTensor::Values ExpertBuffers::selections() const {
  std::vector<std::uint16_t> values;
  for (std::int64_t token = 0; token < tokens_in_all(); ++token) {
    for (int k = 0; k < selected_per_token(); ++k) {
      values.push_back(static_cast<std::uint16_t>(expert(token, k)));
    }
  }
  return values;
}

mesh::Tensor ExpertBuffers::indices(const mesh::MeshDevice& device) const {
  mesh::HostTensor global{.shape = {tokens_in_all(), 1, 1, selected_per_token()}, .values = {}};
  if (!device.timing_only()) global.values = selections();
  return write(device, std::move(global), mesh::DataType::UInt16, cut_by_group());
}

mesh::Tensor ExpertBuffers::metadata(const mesh::MeshDevice& device) const {
  mesh::HostTensor global{.shape = {1, tokens_in_all(), 1, selected_per_token()}, .values = {}};
  if (!device.timing_only()) global.values = selections();
  return write(device, std::move(global), mesh::DataType::UInt16,
               mesh::replicate_tensor_to_mesh(buffers_.groups.mesh));
}

mesh::Tensor ExpertBuffers::mapping(const mesh::MeshDevice& device) const {
  mesh::HostTensor global{.shape = {1, 1, experts(), experts()}, .values = {}};
  if (!device.timing_only()) {
    std::vector<std::uint16_t> values(static_cast<std::size_t>(global.shape.volume()));
    for (int expert = 0; expert < experts(); ++expert) {
      const int at = expert * experts() + chip_of(expert);
      values[static_cast<std::size_t>(at)] = 1;
    }
    global.values = std::move(values);
  }
  return write(device, std::move(global), mesh::DataType::UInt16,
               mesh::replicate_tensor_to_mesh(buffers_.groups.mesh));
}

mesh::Tensor ExpertBuffers::expert_outputs(const mesh::MeshDevice& device) const {
  mesh::HostTensor global{.shape = {experts(), tokens_in_all(), 1, row_}, .values = {}};
  if (!device.timing_only()) {
    std::vector<int> chips(static_cast<std::size_t>(experts()));
    std::iota(chips.begin(), chips.end(), 0);
    global.values = buffers_.values(chips, tokens_in_all() * row_);
  }
  return write(device, std::move(global), buffers_.dtype,
               mesh::shard_tensor_2d_mesh(buffers_.groups.mesh, {0, 0}));
}

std::vector<std::int64_t> ExpertBuffers::dispatched(int group, int place) const {
  const int chip = buffers_.groups.chip(group, place);
  std::vector<std::int64_t> values;
  for (std::int64_t token = 0; token < tokens_in_all(); ++token) {
    bool selects = false;
    for (int k = 0; k < selected_per_token(); ++k) selects |= chip_of(expert(token, k)) == chip;
    const auto from = static_cast<int>(token / tokens_);
    for (std::int64_t i = 0; i < row_; ++i) {
      values.push_back(selects ? buffers_.value(from, token % tokens_ * row_ + i) : 0);
    }
  }
  return values;
}

std::vector<std::int64_t> ExpertBuffers::combined(int group, int place) const {
  const auto is_on_line = [&](int chip) {
    for (int other = 0; other < buffers_.groups.size(); ++other) {
      if (buffers_.groups.chip(group, other) == chip) return true;
    }
    return false;
  };
  std::vector<std::int64_t> values;
  for (int k = 0; k < selected_per_token(); ++k) {
    for (std::int64_t token = place * tokens_; token < (place + 1) * tokens_; ++token) {
      const int chip = chip_of(expert(token, k));
      const bool comes = is_on_line(chip);
      for (std::int64_t i = 0; i < row_; ++i) {
        values.push_back(comes ? buffers_.value(chip, token * row_ + i) : 0);
      }
    }
  }
  return values;
}

}  // namespace ttmesh::cli
