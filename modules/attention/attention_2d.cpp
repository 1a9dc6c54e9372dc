#include "modules/attention/attention_2d.hpp"

#include <optional>
#include <utility>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/attention/attention_tensors.hpp"
#include "modules/bias.hpp"
#include "modules/input_rule.hpp"
#include "ops/add.hpp"
#include "ops/deallocate.hpp"
#include "ops/nlp_concat_heads.hpp"
#include "ops/nlp_concat_heads_decode.hpp"
#include "ops/nlp_create_qkv_heads.hpp"
#include "ops/nlp_create_qkv_heads_decode.hpp"
#include "ops/reshape.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

constexpr int kRows = 0;     ///< Mesh axis along which the rows differ.
constexpr int kColumns = 1;  ///< That along which the columns do.

mesh::Distribution placed(const AttentionConfig& config) {
  return mesh::shard_tensor_2d_mesh(config.device->shape(), {std::nullopt, 3});
}

}  // namespace

Attention2D Attention2D::from_config(const AttentionConfig& config) { return Attention2D(config); }

Attention2D::Attention2D(const AttentionConfig& config)
    : config_(resolved_2d(config)),
      share_(share_of(config_)),
      attention_("Attention2D", config_),
      decode_qkv_{.dtype = config_.ccl_dtype,
                  .memory = *config_.decode_qkv_memory,
                  .fidelity = *config_.fidelity},
      decode_wo_{.dtype = config_.activation_dtype,
                 .memory = *config_.decode_output_memory,
                 .fidelity = *config_.fidelity},
      prefill_qkv_{.dtype = config_.ccl_dtype, .fidelity = *config_.fidelity},
      prefill_wo_{.dtype = config_.activation_dtype, .fidelity = *config_.fidelity} {}

// Scatter and gather, each with its own number of links; whole terms where their width does not cut
// into whole tiles for each chip of the line.
Tensor Attention2D::summed(const Tensor& terms, int cluster_axis) const {
  const std::int64_t width = terms.shape()[3];
  const int chips = config_.device->shape().extent(cluster_axis);
  const ccl::Topology topology = cluster_axis == kRows ? *config_.topology : ccl::Topology::Linear;
  if (width % (mesh::kTileExtent * chips) != 0) {
    Tensor sum = ccl::all_reduce(terms, {.dim = 3,
                                         .cluster_axis = cluster_axis,
                                         .num_links = config_.num_all_gather_links,
                                         .topology = topology});
    ops::deallocate(terms);
    return sum;
  }
  const Tensor slices = ccl::reduce_scatter(terms, {.dim = 3,
                                                    .cluster_axis = cluster_axis,
                                                    .num_links = config_.num_reduce_scatter_links,
                                                    .topology = topology});
  ops::deallocate(terms);
  Tensor sum = ccl::all_gather(slices, {.dim = 3,
                                        .cluster_axis = cluster_axis,
                                        .num_links = config_.num_all_gather_links,
                                        .topology = topology});
  ops::deallocate(slices);
  return sum;
}

Tensor Attention2D::decode_forward(const Tensor& x, const AttentionDecodeInputs& inputs) {
  require_input(x, {.function = "Attention2D::decode_forward",
                    .device = *config_.device,
                    .width = *config_.dim / config_.device->shape().cols,
                    .distribution = placed(config_),
                    .memory = *config_.decode_input_memory});
  attention_.require(inputs, x.shape()[-2]);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "attention_2d.decode_forward");

  Tensor qkv = ops::linear(x, config_.wqkv.get_device_weight(), decode_qkv_);
  ops::deallocate(x);
  qkv = recast(summed(qkv, kColumns), *config_.activation_dtype);
  if (config_.wqkv_bias) qkv = ops::add(qkv, config_.wqkv_bias->get_device_weight());
  ops::QkvHeads heads =
      ops::nlp_create_qkv_heads_decode(qkv, {.num_heads = share_.heads,
                                             .num_kv_heads = share_.kv_heads,
                                             .batch_offset = first_users_,
                                             .slice_size = share_.users,
                                             .memory = config_.decode_heads_memory});
  ops::deallocate(qkv);
  const Tensor attended = attention_.decode(std::move(heads), inputs);
  const Tensor of_all_users = ccl::all_gather(attended, {.dim = 1,
                                                         .cluster_axis = kColumns,
                                                         .num_links = config_.num_all_gather_links,
                                                         .memory = mesh::kL1Interleaved});
  ops::deallocate(attended);
  const Tensor rows = ops::nlp_concat_heads_decode(of_all_users, {.num_heads = share_.heads});
  ops::deallocate(of_all_users);
  Tensor out = ops::linear(rows, config_.wo.get_device_weight(), decode_wo_);
  ops::deallocate(rows);
  out = biased(summed(out, kRows), config_.wo_bias);
  return ops::to_memory_config(out, *config_.decode_residual_memory);
}

Tensor Attention2D::prefill_forward(const Tensor& x, const AttentionPrefillInputs& inputs) {
  require_input(x, {.function = "Attention2D::prefill_forward",
                    .device = *config_.device,
                    .width = *config_.dim / config_.device->shape().cols,
                    .distribution = placed(config_),
                    .memory = mesh::kDramInterleaved});
  const std::int64_t rows = x.shape()[-2];
  const std::int64_t length = attention_.require(inputs, rows);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "attention_2d.prefill_forward");

  Tensor qkv =
      ops::linear(folded_above(x, kMaxQkvRows), config_.wqkv.get_device_weight(), prefill_qkv_);
  ops::deallocate(x);
  qkv = recast(summed(qkv, kColumns), *config_.activation_dtype);
  if (config_.wqkv_bias) qkv = ops::add(qkv, config_.wqkv_bias->get_device_weight());
  qkv = ops::reshape(qkv, {rows / length, 1, length, -1});
  ops::QkvHeads heads = ops::nlp_create_qkv_heads(
      qkv,
      {.num_heads = share_.heads, .num_kv_heads = share_.kv_heads, .transpose_k_heads = false});
  ops::deallocate(qkv);
  const Tensor attended = attention_.prefill(std::move(heads), inputs);
  Tensor joined = ops::nlp_concat_heads(attended);
  ops::deallocate(attended);
  // Of a chunk, only the user's own column has the keys; the others hold 0.
  if (mesh::owes_sum(joined.distribution())) joined = summed(joined, kColumns);
  joined = folded_above(ops::reshape(joined, {1, 1, rows, -1}), kMaxWoRows);
  Tensor out = ops::linear(joined, config_.wo.get_device_weight(), prefill_wo_);
  ops::deallocate(joined);
  out = biased(summed(out, kRows), config_.wo_bias);
  return ops::reshape(out, {1, 1, rows, -1});
}

void Attention2D::load_device_weights() {
  const mesh::CallScope scope(*config_.device, "attention_2d.load_device_weights");
  load_attention_weights(config_);
  attention_.load();
  if (first_users_) return;
  const mesh::MeshShape shape = config_.device->shape();
  std::vector<std::int32_t> firsts;
  for (int column = 0; column < shape.cols; ++column) {
    firsts.push_back(static_cast<std::int32_t>(column * share_.users));
  }
  first_users_ =
      mesh::from_host(*config_.device, {.shape = {shape.cols}, .values = std::move(firsts)},
                      {.dtype = mesh::DataType::Int32,
                       .layout = mesh::Layout::RowMajor,
                       .distribution = mesh::shard_tensor_2d_mesh(shape, {std::nullopt, 0})});
}

Tensor Attention2D::input(const LazyWeight& x, Mode mode) const {
  return attention_input(config_, x, mode, placed(config_));
}

Tensor Attention2D::current_pos(const std::vector<std::int64_t>& positions) const {
  return current_pos_tensor("Attention2D", config_, positions);
}

Tensor Attention2D::page_table(const std::vector<std::int32_t>& blocks) const {
  return page_table_tensor("Attention2D", config_, blocks);
}

}  // namespace ttmesh::modules
