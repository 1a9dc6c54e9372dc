#include "modules/mlp/mlp_reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
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

// Adds `cols` columns of the bias, if there is one, to every row.
void add_rows(std::span<float> rows, const std::optional<WeightSource>& bias, std::int64_t first,
              std::int64_t cols) {
  if (!bias) return;
  std::vector<float> row(static_cast<std::size_t>(cols));
  bias->read({0, first, 1, cols}, row);
  for (std::size_t at = 0; at < rows.size(); at += row.size()) {
    ops::add_to(rows.subspan(at, row.size()), row);
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
  if (weights.w3) require_shape("w3", *weights.w3, dim, hidden_dim);
  if (weights.b1) require_shape("b1", *weights.b1, 1, hidden_dim);
  if (weights.b2) require_shape("b2", *weights.b2, 1, dim);
  if (weights.b3) require_shape("b3", *weights.b3, 1, hidden_dim);

  const int threads = thread_count(options.threads);
  const std::int64_t rows = x.shape.volume() / dim;
  std::vector<float> sum(static_cast<std::size_t>(rows * dim));
  std::vector<float> block;
  // Columns of x * weight + bias.
  const auto product = [&](const WeightSource& weight, const std::optional<WeightSource>& bias,
                           std::int64_t first, std::int64_t cols) {
    std::vector<float> result(static_cast<std::size_t>(rows * cols));
    ops::matmul_f32(x.floats(), read_block(weight, {0, first, dim, cols}, block, threads), result,
                    {.m = rows, .k = dim, .n = cols, .threads = threads});
    add_rows(result, bias, first, cols);
    return result;
  };
  for (std::int64_t first = 0; first < hidden_dim; first += kBlockColumns) {
    if (progress) progress({"reference", first, hidden_dim});
    const std::int64_t cols = std::min(kBlockColumns, hidden_dim - first);
    std::vector<float> hidden = product(weights.w1, weights.b1, first, cols);
    ops::apply(options.activation, hidden);
    if (weights.w3) ops::multiply_by(hidden, product(*weights.w3, weights.b3, first, cols));
    ops::accumulate_matmul_f32(hidden,
                               read_block(weights.w2, {first, 0, cols, dim}, block, threads), sum,
                               {.m = rows, .k = cols, .n = dim, .threads = threads});
  }
  add_rows(sum, weights.b2, 0, dim);
  if (progress) progress({"reference", hidden_dim, hidden_dim});
  return {.shape = x.shape, .values = std::move(sum)};
}

}  // namespace ttmesh::modules
