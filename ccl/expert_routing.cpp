#include "ccl/expert_routing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace ttmesh::ccl {
namespace {

template <typename T>
std::vector<std::int64_t> widened(const mesh::Buffer& buffer) {
  const auto values = mesh::values<T>(buffer);
  return {values.begin(), values.end()};
}

std::vector<std::int64_t> whole_numbers(const mesh::Block& block) {
  const auto plain = block.plain();
  switch (block.type()) {
    case mesh::HeldType::UInt16:
      return widened<std::uint16_t>(*plain);
    case mesh::HeldType::UInt32:
      return widened<std::uint32_t>(*plain);
    case mesh::HeldType::Int32:
      return widened<std::int32_t>(*plain);
    case mesh::HeldType::Float32:
    case mesh::HeldType::Bfloat16:
      break;
  }
  throw std::invalid_argument("[ExpertRouting] numbers of experts are of a floating type");
}

}  // namespace

ExpertRouting::ExpertRouting(const mesh::Block& selected, const mesh::Block& mapping)
    : per_token_(static_cast<int>(selected.shape()[-1])), selected_(whole_numbers(selected)) {
  tokens_ = static_cast<std::int64_t>(selected_.size()) / per_token_;
  const std::vector<std::int64_t> columns = whole_numbers(mapping);
  const auto devices = static_cast<std::size_t>(mapping.shape()[-1]);
  const std::size_t experts = columns.size() / devices;
  std::vector<int> held(devices);
  for (std::size_t expert = 0; expert < experts; ++expert) {
    const auto row = columns.begin() + static_cast<std::ptrdiff_t>(expert * devices);
    const auto end = row + static_cast<std::ptrdiff_t>(devices);
    const auto device = std::find(row, end, 1);
    if (device == end || std::count(row, end, 0) + 1 != static_cast<std::ptrdiff_t>(devices)) {
      throw std::invalid_argument(fmt::format(
          "[ExpertRouting] the mapping's row of expert {} has not a single 1, one device needed",
          expert));
    }
    const auto at = static_cast<std::size_t>(device - row);
    device_.push_back(static_cast<int>(at));
    local_.push_back(held[at]++);
  }
  for (const std::int64_t expert : selected_) {
    if (expert >= 0 && expert < static_cast<std::int64_t>(experts)) continue;
    throw std::invalid_argument(fmt::format(
        "[ExpertRouting] a token selects expert {}, experts are 0 to {}", expert, experts - 1));
  }
}

std::int64_t ExpertRouting::expert(std::int64_t token, int k) const {
  return selected_[static_cast<std::size_t>(token * per_token_ + k)];
}

int ExpertRouting::device_of(std::int64_t expert) const {
  return device_[static_cast<std::size_t>(expert)];
}

int ExpertRouting::local_index(std::int64_t expert) const {
  return local_[static_cast<std::size_t>(expert)];
}

bool ExpertRouting::selects(std::int64_t token, int device) const {
  for (int k = 0; k < per_token_; ++k) {
    if (device_of(expert(token, k)) == device) return true;
  }
  return false;
}

std::int64_t balanced_count(std::int64_t tokens, std::int64_t per_token, std::int64_t devices) {
  return std::min(tokens * per_token, (tokens * per_token + devices - 1) / devices);
}

}  // namespace ttmesh::ccl
