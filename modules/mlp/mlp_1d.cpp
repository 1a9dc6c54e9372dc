#include "modules/mlp/mlp_1d.hpp"

#include "ccl/reduce_scatter.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/bias.hpp"
#include "modules/input_rule.hpp"
#include "modules/mlp/mlp_weights.hpp"
#include "ops/deallocate.hpp"
#include "ops/mul.hpp"
#include "ops/reshape.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

// One chip's product is the whole sum.
Tensor keep(const Tensor& sum, const MLP1DConfig&, const mesh::MemoryConfig&) { return sum; }

Tensor reduce_and_scatter(const Tensor& terms, const MLP1DConfig& config,
                          const mesh::MemoryConfig& memory) {
  return ccl::reduce_scatter(terms, {.dim = 3,
                                     .num_links = config.num_reduce_scatter_links,
                                     .topology = *config.topology,
                                     .memory = memory});
}

}  // namespace

MLP1D::MLP1D(const LazyWeight& w1, const LazyWeight& w2, const LazyWeight& w3)
    : MLP1D(MLP1DConfig{.w1 = w1, .w2 = w2, .w3 = w3}) {}

MLP1D MLP1D::from_config(const MLP1DConfig& config) { return MLP1D(config); }

MLP1D::MLP1D(const MLP1DConfig& config)
    : config_(resolved(config)),
      decode_(decode_plan()),
      prefill_(prefill_plan()),
      activate_(config_.w3 ? gated : ungated),
      reduce_(config_.device->shape().size() == 1 ? keep : reduce_and_scatter) {}

MLP1D::Plan MLP1D::decode_plan() const {
  return {.gate_up = {.dtype = config_.linear_dtype,
                      .memory = *config_.decode_ff1_3_memory,
                      .fidelity = *config_.fidelity},
          .gating = {.input_a_activation = *config_.activation,
                     .dtype = config_.mul_dtype,
                     .memory = config_.decode_ff1_3_memory},
          .down = {.dtype = config_.linear_dtype,
                   .memory = *config_.decode_ff2_memory,
                   .fidelity = *config_.fidelity},
          .reduced = *config_.decode_ff2_memory};
}

MLP1D::Plan MLP1D::prefill_plan() const {
  return {.gate_up = {.dtype = config_.linear_dtype, .fidelity = *config_.fidelity},
          .gating = {.input_a_activation = *config_.activation,
                     .dtype = config_.mul_dtype,
                     .memory = mesh::kDramInterleaved},
          .down = {.dtype = config_.linear_dtype, .fidelity = *config_.fidelity},
          .reduced = mesh::kDramInterleaved};
}

Tensor MLP1D::gated(const Tensor& x, const MLP1DConfig& config, const Plan& plan) {
  ops::MatmulOptions options = plan.gate_up;
  options.bias = device_tensor(config.b1);
  const Tensor gate = ops::linear(x, config.w1.get_device_weight(), options);
  options.bias = device_tensor(config.b3);
  const Tensor up = ops::linear(x, config.w3->get_device_weight(), options);
  ops::deallocate(x);
  Tensor hidden = ops::mul(gate, up, plan.gating);
  ops::deallocate(gate);
  ops::deallocate(up);
  return hidden;
}

Tensor MLP1D::ungated(const Tensor& x, const MLP1DConfig& config, const Plan& plan) {
  ops::MatmulOptions options = plan.gate_up;
  options.bias = device_tensor(config.b1);
  options.activation = *config.activation;
  options.dtype = config.mul_dtype;
  Tensor hidden = ops::linear(x, config.w1.get_device_weight(), options);
  ops::deallocate(x);
  return hidden;
}

Tensor MLP1D::forward(const Tensor& x, Mode mode) {
  return mode == Mode::Decode ? decode_forward(x) : prefill_forward(x);
}

Tensor MLP1D::forward(const LazyWeight& x, Mode mode) { return forward(input(x, mode), mode); }

Tensor MLP1D::decode_forward(const Tensor& x) {
  constexpr const char* kFunction = "MLP1D::decode_forward";
  require_input(x, {.function = kFunction,
                    .device = *config_.device,
                    .width = *config_.dim,
                    .distribution = mesh::replicate_tensor_to_mesh(config_.device->shape()),
                    .memory = *config_.decode_input_memory});
  require_decode_rows(kFunction, x, *config_.max_batch_size);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "mlp_1d.decode_forward");

  Tensor hidden = activate_(x, config_, decode_);
  hidden = ops::to_memory_config(hidden, *config_.decode_ff2_input_memory);
  Tensor sum = ops::linear(hidden, config_.w2.get_device_weight(), decode_.down);
  ops::deallocate(hidden);
  sum = biased(reduce_(sum, config_, decode_.reduced), config_.b2);
  sum = ops::reshape(sum, {1, 1, sum.shape()[-2], sum.shape()[-1]});
  return ops::to_memory_config(sum, *config_.decode_residual_memory);
}

Tensor MLP1D::prefill_forward(const Tensor& x) {
  constexpr const char* kFunction = "MLP1D::prefill_forward";
  require_input(x, {.function = kFunction,
                    .device = *config_.device,
                    .width = *config_.dim,
                    .distribution = mesh::replicate_tensor_to_mesh(config_.device->shape()),
                    .memory = mesh::kDramInterleaved});
  require_prefill_rows(kFunction, x, *config_.prefill_len_cutoff);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "mlp_1d.prefill_forward");

  const std::int64_t length = x.shape()[-2];
  const Tensor rows = folded(x, *config_.prefill_len_cutoff);
  const Tensor hidden = activate_(rows, config_, prefill_);
  Tensor sum = ops::linear(hidden, config_.w2.get_device_weight(), prefill_.down);
  ops::deallocate(hidden);
  sum = biased(reduce_(sum, config_, prefill_.reduced), config_.b2);
  return ops::reshape(sum, {1, 1, length, -1});
}

void MLP1D::load_device_weights() {
  const mesh::CallScope scope(*config_.device, "mlp_1d.load_device_weights");
  load_mlp_weights(weights_of(config_));
}

Tensor MLP1D::input(const LazyWeight& x, Mode mode) const {
  const bool decode = mode == Mode::Decode;
  return x
      .with_defaults({.layout = mesh::Layout::Tile,
                      .memory = decode ? *config_.decode_input_memory : mesh::kDramInterleaved,
                      .distribution = mesh::replicate_tensor_to_mesh(config_.device->shape()),
                      .device = config_.device,
                      .padded_shape = x.shape()})
      .make_device_tensor();
}

}  // namespace ttmesh::modules
