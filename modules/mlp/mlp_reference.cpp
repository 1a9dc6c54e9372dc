#include "modules/mlp/mlp_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "modules/weight_block.hpp"
#include "ops/reference_matmul.hpp"
#include "ops/vector_math.hpp"

namespace ttmesh::modules {
namespace {

// Hidden columns at a time. With a dim of 8192 three blocks of weights take 100 MB.
constexpr std::int64_t kBlockColumns = 1024;

void require_shape(const char* name, const WeightSource& weight, std::int64_t rows,
                   std::int64_t cols) {
  const mesh::Shape& shape = weight.shape();
  if (shape.rank() < 2 || shape[-2] != rows || shape[-1] != cols || shape.volume() != rows * cols) {
    throw std::invalid_argument(fmt::format("[mlp_reference] {} has shape {}, needs [{}, {}]", name,
                                            to_string(shape), rows, cols));
  }
}

}  // namespace

mesh::HostTensor mlp_reference(const mesh::HostTensor& x, const MlpSources& weights,
                               const MlpReferenceOptions& options,
                               const ProgressCallback& progress) {
  if (x.shape.rank() < 1 || weights.w1.shape().rank() < 2) {
    throw std::invalid_argument(
        fmt::format("[mlp_reference] x has shape {} and w1 {}, needs [.., dim] and [dim, hidden]",
                    to_string(x.shape), to_string(weights.w1.shape())));
  }
  const std::int64_t dim = x.shape[-1];
  const std::int64_t hidden_dim = weights.w1.shape()[-1];
  require_shape("w1", weights.w1, dim, hidden_dim);
  require_shape("w2", weights.w2, hidden_dim, dim);
  require_shape("w3", weights.w3, dim, hidden_dim);

  const int threads = thread_count(options.threads);
  const std::int64_t rows = x.shape.volume() / dim;
  std::vector<float> sum(static_cast<std::size_t>(rows * dim));
  std::vector<float> w1;
  std::vector<float> w2;
  std::vector<float> w3;
  for (std::int64_t first = 0; first < hidden_dim; first += kBlockColumns) {
    if (progress) progress({"reference", first, hidden_dim});
    const std::int64_t cols = std::min(kBlockColumns, hidden_dim - first);
    const MatrixBlock columns{0, first, dim, cols};
    std::vector<float> gate(static_cast<std::size_t>(rows * cols));
    std::vector<float> up(gate.size());
    ops::matmul_f32(x.floats(), read_block(weights.w1, columns, w1, threads), gate,
                    {.m = rows, .k = dim, .n = cols, .threads = threads});
    ops::matmul_f32(x.floats(), read_block(weights.w3, columns, w3, threads), up,
                    {.m = rows, .k = dim, .n = cols, .threads = threads});
    ops::apply(options.activation, gate);
    ops::multiply_by(gate, up);
    ops::accumulate_matmul_f32(gate, read_block(weights.w2, {first, 0, cols, dim}, w2, threads),
                               sum, {.m = rows, .k = cols, .n = dim, .threads = threads});
  }
  if (progress) progress({"reference", hidden_dim, hidden_dim});
  return {.shape = x.shape, .values = std::move(sum)};
}

}  // namespace ttmesh::modules
