#include "modules/mlp/mlp_2d.hpp"

#include <optional>

#include "ccl/all_gather.hpp"
#include "ccl/all_reduce.hpp"
#include "ccl/reduce_scatter.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/bias.hpp"
#include "modules/input_rule.hpp"
#include "modules/mlp/mlp_weights.hpp"
#include "ops/activate.hpp"
#include "ops/deallocate.hpp"
#include "ops/mul.hpp"
#include "ops/reshape.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

// Scatter and gather along the columns of the mesh, each with its own number of links.
Tensor reduce_in_slices(const Tensor& terms, const MLP2DConfig& config) {
  const Tensor slices = ccl::reduce_scatter(terms, {.dim = 3,
                                                    .cluster_axis = 0,
                                                    .num_links = config.num_reduce_scatter_links,
                                                    .topology = *config.topology});
  return ccl::all_gather(slices, {.dim = 3,
                                  .cluster_axis = 0,
                                  .num_links = config.num_all_gather_links,
                                  .topology = *config.topology});
}

// For widths that do not cut into whole tiles for each row of the mesh.
Tensor reduce_whole(const Tensor& terms, const MLP2DConfig& config) {
  return ccl::all_reduce(terms, {.dim = 3,
                                 .cluster_axis = 0,
                                 .num_links = config.num_all_gather_links,
                                 .topology = *config.topology});
}

bool cuts_into_slices(const MLP2DConfig& config) {
  const mesh::MeshShape shape = config.device->shape();
  return *config.dim / shape.cols % (mesh::kTileExtent * shape.rows) == 0;
}

}  // namespace

MLP2D::MLP2D(const LazyWeight& w1, const LazyWeight& w2, const LazyWeight& w3)
    : MLP2D(MLP2DConfig{.w1 = w1, .w2 = w2, .w3 = w3}) {}

MLP2D MLP2D::from_config(const MLP2DConfig& config) { return MLP2D(config); }

MLP2D::MLP2D(const MLP2DConfig& config)
    : config_(resolved(config)),
      decode_(decode_plan()),
      prefill_(prefill_plan()),
      activate_(config_.w3 ? &MLP2D::gated : &MLP2D::ungated),
      reduce_(cuts_into_slices(config_) ? reduce_in_slices : reduce_whole) {}

MLP2D::Plan MLP2D::decode_plan() const {
  return {.gate_up = {.dtype = config_.ccl_dtype,
                      .memory = *config_.decode_ff1_3_memory,
                      .fidelity = *config_.fidelity},
          .scattered = *config_.decode_scattered_memory,
          .gating = {.input_a_activation = *config_.activation,
                     .dtype = config_.mul_dtype,
                     .memory = config_.decode_scattered_memory},
          .gathered = *config_.decode_gathered_memory,
          .down = {.dtype = config_.ccl_dtype,
                   .memory = *config_.decode_ff2_memory,
                   .fidelity = *config_.fidelity}};
}

MLP2D::Plan MLP2D::prefill_plan() const {
  return {.gate_up = {.dtype = config_.ccl_dtype, .fidelity = *config_.fidelity},
          .scattered = mesh::kDramInterleaved,
          .gating = {.input_a_activation = *config_.activation,
                     .dtype = config_.mul_dtype,
                     .memory = mesh::kDramInterleaved},
          .gathered = mesh::kDramInterleaved,
          .down = {.dtype = config_.ccl_dtype, .fidelity = *config_.fidelity}};
}

Tensor MLP2D::gated(const Tensor& x, const Plan& plan) const {
  const Tensor gate_terms = ops::linear(x, config_.w1.get_device_weight(), plan.gate_up);
  const Tensor up_terms = ops::linear(x, config_.w3->get_device_weight(), plan.gate_up);
  ops::deallocate(x);
  const Tensor gate = biased(scatter(gate_terms, plan.scattered), config_.b1);
  ops::deallocate(gate_terms);
  const Tensor up = biased(scatter(up_terms, plan.scattered), config_.b3);
  ops::deallocate(up_terms);
  Tensor slices = ops::mul(gate, up, plan.gating);
  ops::deallocate(gate);
  ops::deallocate(up);
  return slices;
}

Tensor MLP2D::ungated(const Tensor& x, const Plan& plan) const {
  const Tensor terms = ops::linear(x, config_.w1.get_device_weight(), plan.gate_up);
  ops::deallocate(x);
  const Tensor sum = biased(scatter(terms, plan.scattered), config_.b1);
  ops::deallocate(terms);
  Tensor slices = ops::activate(sum, *config_.activation,
                                {.dtype = plan.gating.dtype, .memory = plan.gating.memory});
  ops::deallocate(sum);
  return slices;
}

Tensor MLP2D::forward(const Tensor& x, Mode mode) {
  return mode == Mode::Decode ? decode_forward(x) : prefill_forward(x);
}

Tensor MLP2D::forward(const LazyWeight& x, Mode mode) { return forward(input(x, mode), mode); }

Tensor MLP2D::decode_forward(const Tensor& x) {
  constexpr const char* kFunction = "MLP2D::decode_forward";
  require_input(x, {.function = kFunction,
                    .device = *config_.device,
                    .width = *config_.dim / config_.device->shape().cols,
                    .distribution = placed(),
                    .memory = *config_.decode_input_memory});
  require_decode_rows(kFunction, x, *config_.max_batch_size);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "mlp_2d.decode_forward");

  const Tensor slices = (this->*activate_)(x, decode_);
  Tensor hidden = gather(slices, decode_.gathered);
  ops::deallocate(slices);
  hidden = ops::to_memory_config(hidden, *config_.decode_ff2_input_memory);
  Tensor sum = ops::linear(hidden, config_.w2.get_device_weight(), decode_.down);
  ops::deallocate(hidden);
  sum = biased(reduce_(sum, config_), config_.b2);
  sum = ops::reshape(sum, {1, 1, sum.shape()[-2], sum.shape()[-1]});
  return ops::to_memory_config(sum, *config_.decode_residual_memory);
}

Tensor MLP2D::prefill_forward(const Tensor& x) {
  constexpr const char* kFunction = "MLP2D::prefill_forward";
  require_input(x, {.function = kFunction,
                    .device = *config_.device,
                    .width = *config_.dim / config_.device->shape().cols,
                    .distribution = placed(),
                    .memory = mesh::kDramInterleaved});
  require_prefill_rows(kFunction, x, *config_.prefill_len_cutoff);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, "mlp_2d.prefill_forward");

  const std::int64_t length = x.shape()[-2];
  const Tensor rows = folded(x, *config_.prefill_len_cutoff);
  const Tensor slices = (this->*activate_)(rows, prefill_);
  const Tensor hidden = gather(slices, prefill_.gathered);
  ops::deallocate(slices);
  Tensor sum = ops::linear(hidden, config_.w2.get_device_weight(), prefill_.down);
  ops::deallocate(hidden);
  sum = biased(reduce_(sum, config_), config_.b2);
  return ops::reshape(sum, {1, 1, length, -1});
}

void MLP2D::load_device_weights() {
  const mesh::CallScope scope(*config_.device, "mlp_2d.load_device_weights");
  load_mlp_weights(weights_of(config_));
}

mesh::Distribution MLP2D::placed() const {
  return mesh::shard_tensor_2d_mesh(config_.device->shape(), {std::nullopt, 3});
}

Tensor MLP2D::scatter(const Tensor& terms, const mesh::MemoryConfig& memory) const {
  return ccl::reduce_scatter(terms, {.dim = 3,
                                     .cluster_axis = 1,
                                     .num_links = config_.num_reduce_scatter_links,
                                     .topology = ccl::Topology::Linear,
                                     .memory = memory});
}

Tensor MLP2D::gather(const Tensor& slices, const mesh::MemoryConfig& memory) const {
  return ccl::all_gather(slices, {.dim = 3,
                                  .cluster_axis = 1,
                                  .num_links = config_.num_all_gather_links,
                                  .topology = ccl::Topology::Linear,
                                  .memory = memory});
}

Tensor MLP2D::input(const LazyWeight& x, Mode mode) const {
  const bool decode = mode == Mode::Decode;
  return x
      .with_defaults({.layout = mesh::Layout::Tile,
                      .memory = decode ? *config_.decode_input_memory : mesh::kDramInterleaved,
                      .distribution = placed(),
                      .device = config_.device,
                      .padded_shape = x.shape()})
      .make_device_tensor();
}

}  // namespace ttmesh::modules
