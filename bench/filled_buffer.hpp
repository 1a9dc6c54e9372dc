#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "mesh/tensor/block.hpp"

namespace ttmesh {

/// Small values of bf16 or float32: speed does not depend on which.
struct FilledBuffer : mesh::Buffer {
  explicit FilledBuffer(std::size_t bytes) : mesh::Buffer(bytes) {
    constexpr std::uint16_t kHundredth = 0x3c23;
    std::ranges::fill(mesh::values<std::uint16_t>(*this), kHundredth);
  }
};

}  // namespace ttmesh
