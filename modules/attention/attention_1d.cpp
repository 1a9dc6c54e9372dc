#include "modules/attention/attention_1d.hpp"

#include "ccl/all_gather.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/device/mesh_device.hpp"
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

// One chip's product is the whole sum.
Tensor multiply(const Tensor& heads, const AttentionConfig& config,
                const ops::MatmulOptions& options) {
  return ops::linear(heads, config.wo.get_device_weight(), options);
}

Tensor multiply_and_scatter(const Tensor& heads, const AttentionConfig& config,
                            const ops::MatmulOptions& options) {
  const Tensor terms = multiply(heads, config, options);
  Tensor slices = ccl::reduce_scatter(terms, {.dim = 3,
                                              .num_links = config.num_reduce_scatter_links,
                                              .topology = *config.topology,
                                              .memory = options.memory});
  ops::deallocate(terms);
  return slices;
}

// What the library does in one op; here the product begins when all heads are there.
Tensor gather_and_multiply(const Tensor& heads, const AttentionConfig& config,
                           const ops::MatmulOptions& options) {
  constexpr int kLinks = 1;
  const Tensor all =
      ccl::all_gather(heads, {.dim = 3, .num_links = kLinks, .topology = *config.topology});
  Tensor columns = multiply(all, config, options);
  ops::deallocate(all);
  return columns;
}

}  // namespace

Attention1D Attention1D::from_config(const AttentionConfig& config) { return Attention1D(config); }

Attention1D::Attention1D(const AttentionConfig& config)
    : config_(resolved_1d(config)),
      share_(share_of(config_)),
      attention_("Attention1D", config_),
      decode_qkv_{.dtype = config_.activation_dtype,
                  .memory = *config_.decode_qkv_memory,
                  .fidelity = *config_.fidelity},
      decode_wo_{.dtype = config_.activation_dtype,
                 .memory = *config_.decode_output_memory,
                 .fidelity = *config_.fidelity},
      prefill_qkv_{.dtype = config_.activation_dtype, .fidelity = *config_.fidelity},
      prefill_wo_(prefill_qkv_),
      project_(*config_.use_fused_all_gather_matmul  ? gather_and_multiply
               : config_.device->shape().size() == 1 ? multiply
                                                     : multiply_and_scatter) {}

Tensor Attention1D::decode_forward(const Tensor& x, const AttentionDecodeInputs& inputs) {
  require_input(x, {.function = "Attention1D::decode_forward",
                    .device = *config_.device,
                    .width = *config_.dim,
                    .distribution = mesh::replicate_tensor_to_mesh(config_.device->shape()),
                    .memory = *config_.decode_input_memory});
  attention_.require(inputs, x.shape()[-2]);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "attention_1d.decode_forward");

  Tensor qkv = ops::linear(x, config_.wqkv.get_device_weight(), decode_qkv_);
  if (config_.wqkv_bias) qkv = ops::add(qkv, config_.wqkv_bias->get_device_weight());
  ops::deallocate(x);
  qkv = ops::to_memory_config(qkv, mesh::kL1Interleaved);
  ops::QkvHeads heads =
      ops::nlp_create_qkv_heads_decode(qkv, {.num_heads = share_.heads,
                                             .num_kv_heads = share_.kv_heads,
                                             .memory = config_.decode_heads_memory});
  ops::deallocate(qkv);
  Tensor attended = attention_.decode(std::move(heads), inputs);
  attended = ops::to_memory_config(attended, *config_.decode_heads_memory);
  const Tensor rows = ops::nlp_concat_heads_decode(
      attended, {.num_heads = share_.heads, .memory = mesh::kL1Interleaved});
  ops::deallocate(attended);
  const Tensor out = biased(project_(rows, config_, decode_wo_), config_.wo_bias);
  ops::deallocate(rows);
  return ops::to_memory_config(out, *config_.decode_residual_memory);
}

Tensor Attention1D::prefill_forward(const Tensor& x, const AttentionPrefillInputs& inputs) {
  require_input(x, {.function = "Attention1D::prefill_forward",
                    .device = *config_.device,
                    .width = *config_.dim,
                    .distribution = mesh::replicate_tensor_to_mesh(config_.device->shape()),
                    .memory = mesh::kDramInterleaved});
  const std::int64_t rows = x.shape()[-2];
  const std::int64_t length = attention_.require(inputs, rows);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "attention_1d.prefill_forward");

  Tensor qkv =
      ops::linear(folded_above(x, kMaxQkvRows), config_.wqkv.get_device_weight(), prefill_qkv_);
  if (config_.wqkv_bias) qkv = ops::add(qkv, config_.wqkv_bias->get_device_weight());
  ops::deallocate(x);
  qkv = ops::reshape(qkv, {rows / length, 1, length, -1});
  ops::QkvHeads heads = ops::nlp_create_qkv_heads(
      qkv,
      {.num_heads = share_.heads, .num_kv_heads = share_.kv_heads, .transpose_k_heads = false});
  ops::deallocate(qkv);
  const Tensor attended = attention_.prefill(std::move(heads), inputs);
  Tensor joined = ops::nlp_concat_heads(attended);
  ops::deallocate(attended);
  joined = folded_above(ops::reshape(joined, {1, 1, rows, -1}), kMaxWoRows);
  const Tensor out = biased(project_(joined, config_, prefill_wo_), config_.wo_bias);
  ops::deallocate(joined);
  return ops::reshape(out, {1, 1, rows, -1});
}

void Attention1D::load_device_weights() {
  const mesh::CallScope scope(*config_.device, "attention_1d.load_device_weights");
  load_attention_weights(config_);
  attention_.load();
}

Tensor Attention1D::input(const LazyWeight& x, Mode mode) const {
  return attention_input(config_, x, mode, mesh::replicate_tensor_to_mesh(config_.device->shape()));
}

Tensor Attention1D::current_pos(const std::vector<std::int64_t>& positions) const {
  return current_pos_tensor("Attention1D", config_, positions);
}

Tensor Attention1D::page_table(const std::vector<std::int32_t>& blocks) const {
  return page_table_tensor("Attention1D", config_, blocks);
}

}  // namespace ttmesh::modules
