#include "modules/weight_block.hpp"

#include <algorithm>
#include <cstddef>
#include <thread>

namespace ttmesh::modules {

std::span<const float> read_block(const WeightSource& weight, const MatrixBlock& block,
                                  std::vector<float>& values, int threads) {
  values.resize(static_cast<std::size_t>(block.rows * block.cols));
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    const std::int64_t first = block.rows * i / threads;
    const std::int64_t end = block.rows * (i + 1) / threads;
    const MatrixBlock part{block.first_row + first, block.first_col, end - first, block.cols};
    const auto out = std::span(values).subspan(static_cast<std::size_t>(first * block.cols),
                                               static_cast<std::size_t>(part.rows * part.cols));
    workers.emplace_back([&weight, part, out] { weight.read(part, out); });
  }
  workers.clear();
  return values;
}

int thread_count(int threads) {
  return threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace ttmesh::modules
