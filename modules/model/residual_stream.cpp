#include "modules/model/residual_stream.hpp"

#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/default_topology.hpp"
#include "ops/add.hpp"
#include "ops/argmax.hpp"
#include "ops/embedding.hpp"
#include "ops/matmul.hpp"
#include "ops/reshape.hpp"
#include "ops/rms_norm.hpp"
#include "ops/rms_norm_post_all_gather.hpp"
#include "ops/rms_norm_pre_all_gather.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Distribution;
using mesh::Tensor;

/// Where the weights that belong to the stream lie.
struct StreamPlace {
  const ModelConfig& config;
  Distribution embedding;   ///< Of [vocab, dim].
  Distribution head;        ///< Of [dim, vocab].
  Distribution vocabulary;  ///< Of [1, 1, 1, vocab].
  int vocab_parts;
};

std::int64_t padded_vocab(const StreamPlace& place) {
  return padded_extent(place.config.spec->vocab, place.vocab_parts);
}

LazyWeight embedding_of(const StreamPlace& place) {
  return LazyWeight(place.config.weights.embedding,
                    {.dtype = place.config.precision.activation,
                     .layout = mesh::Layout::RowMajor,
                     .memory = mesh::kDramInterleaved,
                     .distribution = mesh::resolved(place.embedding, 2),
                     .device = place.config.device});
}

LazyWeight head_of(const StreamPlace& place, const mesh::MemoryConfig& memory) {
  return LazyWeight(place.config.weights.head,
                    {.dtype = place.config.precision.head,
                     .layout = mesh::Layout::Tile,
                     .memory = memory,
                     .distribution = mesh::resolved(place.head, 2),
                     .device = place.config.device,
                     .padded_shape = mesh::Shape{place.config.spec->dim, padded_vocab(place)}});
}

// Keeps the columns that pad the vocabulary from being chosen.
std::optional<LazyWeight> mask_of(const StreamPlace& place) {
  const std::int64_t padded = padded_vocab(place);
  const std::int64_t vocab = place.config.spec->vocab;
  if (padded == vocab) return std::nullopt;
  std::vector<float> values(static_cast<std::size_t>(padded), 0.0F);
  for (std::size_t i = static_cast<std::size_t>(vocab); i < values.size(); ++i) {
    values[i] = -std::numeric_limits<float>::infinity();
  }
  return LazyWeight(mesh::HostTensor{.shape = {1, 1, 1, padded}, .values = std::move(values)},
                    {.dtype = place.config.precision.activation,
                     .layout = mesh::Layout::Tile,
                     .memory = mesh::kDramInterleaved,
                     .distribution = mesh::resolved(place.vocabulary, 4),
                     .device = place.config.device,
                     .padded_shape = mesh::Shape{1, 1, 1, padded}});
}

StreamNorm norm_of(const mesh::MeshDevice& device, mesh::DataType dtype, const WeightSource& weight,
                   const Distribution& cut) {
  const LazyWeightOptions options{.dtype = dtype,
                                  .layout = mesh::Layout::RowMajor,
                                  .memory = mesh::kDramInterleaved,
                                  .device = device};
  LazyWeightOptions whole = options;
  whole.distribution = mesh::replicate_tensor_to_mesh(device.shape());
  LazyWeightOptions part = options;
  part.distribution = mesh::resolved(cut, 2);
  return {.whole = LazyWeight(weight, std::move(whole)),
          .part = LazyWeight(weight, std::move(part))};
}

Tensor embedded(const Tensor& tokens, const LazyWeight& table, const mesh::MemoryConfig& memory) {
  const Tensor rows = ops::embedding(tokens, table.get_device_weight(),
                                     {.layout = mesh::Layout::Tile, .memory = memory});
  return ops::reshape(rows, {1, 1, rows.shape()[-2], rows.shape()[-1]});
}

/// How a distributed norm reaches the chips that share a row.
struct StatisticsLine {
  std::optional<int> cluster_axis;
  ccl::Topology topology;
};

// Statistics of each chip's part, gathered, then the part is scaled by them.
Tensor distributed_norm(const Tensor& x, const LazyWeight& weight, double epsilon,
                        const StatisticsLine& line, const mesh::MemoryConfig& memory) {
  const bool exact = x.dtype() == mesh::DataType::Float32;
  const Tensor part = ops::rms_norm_pre_all_gather(
      x, {.dtype = exact ? mesh::DataType::Float32 : mesh::DataType::Bfloat16,
          .memory = memory.buffer == mesh::BufferType::L1 ? mesh::kL1Interleaved
                                                          : mesh::kDramInterleaved});
  const Tensor all = ccl::all_gather(
      part,
      {.dim = 3, .cluster_axis = line.cluster_axis, .num_links = 1, .topology = line.topology});
  return ops::rms_norm_post_all_gather(
      x, all, {.epsilon = epsilon, .weight = weight.get_device_weight(), .memory = memory});
}

Tensor masked(const Tensor& logits, const std::optional<LazyWeight>& mask) {
  return mask ? ops::add(logits, mask->get_device_weight()) : logits;
}

// Indices [1, 1, rows] as an embedding takes them.
Tensor token_row(const Tensor& indices) {
  return ops::reshape(indices, {1, indices.shape().volume()});
}

void load_weights(const LazyWeight& embedding, const LazyWeight& head,
                  const std::optional<LazyWeight>& mask) {
  (void)embedding.get_device_weight();
  (void)head.get_device_weight();
  if (mask) (void)mask->get_device_weight();
}

StreamPlace line_place(const ModelConfig& config) {
  const mesh::MeshShape mesh = config.device.shape();
  const Distribution columns = mesh::shard_tensor_to_mesh(mesh, -1);
  return {.config = config,
          .embedding = columns,
          .head = columns,
          .vocabulary = columns,
          .vocab_parts = mesh.size()};
}

StreamPlace grid_place(const ModelConfig& config) {
  const mesh::MeshShape mesh = config.device.shape();
  return {.config = config,
          .embedding = mesh::shard_tensor_2d_mesh(mesh, {std::nullopt, -1}),
          .head = mesh::shard_tensor_2d_mesh(mesh, {-1, -2}),
          .vocabulary = mesh::shard_tensor_2d_mesh(mesh, {-1, std::nullopt}),
          .vocab_parts = mesh.rows};
}

}  // namespace

ResidualStream1D::ResidualStream1D(const ModelConfig& config)
    : device_(config.device),
      epsilon_(config.spec->norm_epsilon),
      dtype_(config.precision.activation),
      embedding_(embedding_of(line_place(config))),
      head_(head_of(line_place(config), dram_columns(config.device))),
      mask_(mask_of(line_place(config))),
      norm_(norm(config.weights.norm)) {}

StreamNorm ResidualStream1D::norm(const WeightSource& weight) const {
  return norm_of(device_, dtype_, weight, mesh::shard_tensor_to_mesh(device_.shape(), -2));
}

Tensor ResidualStream1D::embed(const Tensor& tokens, const mesh::MemoryConfig& memory) {
  return embedded(tokens, embedding_, memory);
}

Tensor ResidualStream1D::all_columns(const Tensor& x, const mesh::MemoryConfig& memory) const {
  if (device_.shape().size() == 1) return x;
  return ccl::all_gather(
      x, {.dim = 3, .topology = default_topology(device_, std::nullopt), .memory = memory});
}

Tensor ResidualStream1D::normed(const Tensor& x, const StreamNorm& norm, Mode mode,
                                const mesh::MemoryConfig& memory) const {
  const bool local = mode == Mode::Decode || device_.shape().size() == 1;
  if (local) {
    const Tensor rows = all_columns(
        x, memory.buffer == mesh::BufferType::L1 ? mesh::kL1Interleaved : mesh::kDramInterleaved);
    return ops::rms_norm(
        rows, {.epsilon = epsilon_, .weight = norm.whole.get_device_weight(), .memory = memory});
  }
  const Tensor part = distributed_norm(
      x, norm.part, epsilon_, {std::nullopt, default_topology(device_, std::nullopt)}, memory);
  return all_columns(part, memory);
}

Tensor ResidualStream1D::logits(const Tensor& x) {
  const Tensor rows = normed(x, norm_, Mode::Decode, mesh::kL1Interleaved);
  return masked(ops::linear(rows, head_.get_device_weight(), {.dtype = dtype_}), mask_);
}

Tensor ResidualStream1D::likeliest(const Tensor& logits) const {
  return token_row(ops::argmax(all_columns(logits, mesh::kDramInterleaved)));
}

void ResidualStream1D::load() { load_weights(embedding_, head_, mask_); }

ResidualStream2D::ResidualStream2D(const ModelConfig& config)
    : device_(config.device),
      epsilon_(config.spec->norm_epsilon),
      dtype_(config.precision.activation),
      embedding_(embedding_of(grid_place(config))),
      head_(head_of(grid_place(config), mesh::kDramInterleaved)),
      mask_(mask_of(grid_place(config))),
      norm_(norm(config.weights.norm)) {}

StreamNorm ResidualStream2D::norm(const WeightSource& weight) const {
  return norm_of(device_, dtype_, weight,
                 mesh::shard_tensor_2d_mesh(device_.shape(), {std::nullopt, -2}));
}

Tensor ResidualStream2D::embed(const Tensor& tokens, const mesh::MemoryConfig& memory) {
  return embedded(tokens, embedding_, memory);
}

Tensor ResidualStream2D::normed(const Tensor& x, const StreamNorm& norm, Mode,
                                const mesh::MemoryConfig& memory) const {
  return distributed_norm(x, norm.part, epsilon_, {1, default_topology(device_, 1)}, memory);
}

Tensor ResidualStream2D::logits(const Tensor& x) {
  const Tensor rows = normed(x, norm_, Mode::Decode, mesh::kL1Interleaved);
  const Tensor terms = ops::linear(rows, head_.get_device_weight(), {.dtype = dtype_});
  const Tensor sums = ccl::all_reduce(
      terms, {.dim = 3, .cluster_axis = 1, .topology = default_topology(device_, 1)});
  return masked(sums, mask_);
}

Tensor ResidualStream2D::likeliest(const Tensor& logits) const {
  return token_row(ops::argmax(ccl::all_gather(
      logits, {.dim = 3, .cluster_axis = 0, .topology = default_topology(device_, 0)})));
}

void ResidualStream2D::load() { load_weights(embedding_, head_, mask_); }

}  // namespace ttmesh::modules
