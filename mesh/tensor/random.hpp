#pragma once

#include <cstdint>
#include <span>

#include "mesh/tensor/shape.hpp"

namespace ttmesh::mesh {

/// Names one random tensor: the same key gives the same values wherever they are made.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t stream = 0;  ///< Which tensor of the seed.
};

/// Samples `first` to `first + out.size() - 1` of a tensor of independent N(0, 1) values times
/// `scale`. Sample i depends on the key and i alone (a counter-based generator, Philox4x32-10 with
/// Box-Muller), so chips fill their parts in any order.
void fill_normal(RandomKey key, std::uint64_t first, float scale, std::span<float> out);

}  // namespace ttmesh::mesh
