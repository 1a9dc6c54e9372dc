#include "modules/core_count.hpp"

#include <cstdlib>

namespace ttmesh::modules {
namespace {

constexpr int kGridExtent = 8;
constexpr int kResidualCores = 32;

bool is_rectangle(int cores) {
  for (int rows = 1; rows <= kGridExtent; ++rows) {
    if (cores % rows == 0 && cores / rows <= kGridExtent) return true;
  }
  return false;
}

}  // namespace

int largest_core_count(std::int64_t k_tiles, std::int64_t n_tiles) {
  for (int cores = kGridExtent * kGridExtent; cores > 1; --cores) {
    if (is_rectangle(cores) && k_tiles % cores == 0 && n_tiles % cores == 0) return cores;
  }
  return 1;
}

int residual_core_count(std::int64_t tiles) {
  int best = 1;
  for (int cores = 2; cores <= kGridExtent * kGridExtent; ++cores) {
    if (!is_rectangle(cores) || tiles % cores != 0) continue;
    if (std::abs(cores - kResidualCores) < std::abs(best - kResidualCores)) best = cores;
  }
  return best;
}

}  // namespace ttmesh::modules
