#include "modules/norm/norm_2d.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "ccl/all_gather.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/input_rule.hpp"
#include "ops/add.hpp"
#include "ops/deallocate.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

}  // namespace

Norm2D::Norm2D(const Names& names, const NormOps& ops, const Norm2DConfig& config)
    : names_(names),
      ops_(ops),
      config_(resolved(names.module, config)),
      norm_(*config_.geometry == NormGeometry::Distributed ? &Norm2D::distributed
                                                           : &Norm2D::head_local),
      decode_adding_(*config_.decode_residual == NormResidual::Fused ? &Norm2D::fused
                                                                     : &Norm2D::added) {}

RMSNorm2D::RMSNorm2D(const RMSNorm2DConfig& config)
    : Norm2D({"RMSNorm2D", "rms_norm_2d"}, rms_norm_ops(), config) {}

LayerNorm2D::LayerNorm2D(const LayerNorm2DConfig& config)
    : Norm2D({"LayerNorm2D", "layer_norm_2d"}, layer_norm_ops(), config) {}

Tensor Norm2D::forward(const Tensor& x, Mode mode) const {
  return mode == Mode::Decode ? decode_forward(x) : prefill_forward(x);
}

ResidualNormed Norm2D::forward(const Tensor& x, const Tensor& residual, Mode mode) const {
  return mode == Mode::Decode ? decode_forward(x, residual) : prefill_forward(x, residual);
}

Tensor Norm2D::decode_forward(const Tensor& x) const {
  if (*config_.decode_residual == NormResidual::Fused) {
    throw std::invalid_argument(
        fmt::format("[{}::decode_forward] FUSED_DECODE requires a residual tensor", names_.module));
  }
  require(x, "decode_forward", "input");
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".decode_forward");
  return (this->*norm_)(
      ops::to_memory_config(x, *config_.decode_memory),
      {.statistics = mesh::kL1Interleaved, .output = *config_.decode_output_memory});
}

Tensor Norm2D::prefill_forward(const Tensor& x) const {
  require(x, "prefill_forward", "input");
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".prefill_forward");
  return (this->*norm_)(x, {.statistics = mesh::kDramInterleaved, .output = x.memory()});
}

ResidualNormed Norm2D::decode_forward(const Tensor& x, const Tensor& residual) const {
  require(x, "decode_forward", "input");
  require(residual, "decode_forward", "residual");
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".decode_forward");
  return (this->*decode_adding_)(
      ops::to_memory_config(x, *config_.decode_memory), residual,
      {.statistics = mesh::kL1Interleaved, .output = *config_.decode_output_memory});
}

ResidualNormed Norm2D::prefill_forward(const Tensor& x, const Tensor& residual) const {
  require(x, "prefill_forward", "input");
  require(residual, "prefill_forward", "residual");
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".prefill_forward");
  return added(x, residual, {.statistics = mesh::kDramInterleaved, .output = x.memory()});
}

void Norm2D::require(const Tensor& x, const char* call, const char* what) const {
  const std::string function = fmt::format("{}::{}", names_.module, call);
  const bool distributed = *config_.geometry == NormGeometry::Distributed;
  InputRule rule{.function = function.c_str(),
                 .what = what,
                 .device = *config_.device,
                 .width = *config_.dim / (distributed ? config_.device->shape().cols : 1),
                 .any_leading = !distributed};
  if (distributed) rule.distribution = placed();
  require_input(x, rule);
  if (std::string_view(call) == "decode_forward" && distributed) {
    require_decode_rows(function.c_str(), x, *config_.max_batch_size);
  }
}

Tensor Norm2D::distributed(const Tensor& x, const Memory& memory) const {
  const Tensor statistics =
      ops_.pre_all_gather(x, {.dtype = *config_.statistics_dtype, .memory = memory.statistics});
  return scaled(x, statistics, memory);
}

Tensor Norm2D::head_local(const Tensor& x, const Memory& memory) const {
  return ops_.whole(x, {.epsilon = *config_.eps,
                        .weight = on_device(config_.weight),
                        .bias = on_device(config_.bias),
                        .memory = memory.output});
}

ResidualNormed Norm2D::added(const Tensor& x, const Tensor& residual, const Memory& memory) const {
  const Tensor sum = ops::add(residual, x, {.memory = x.memory()});
  ops::deallocate(residual);
  return {.normed = (this->*norm_)(sum, memory), .residual = sum};
}

ResidualNormed Norm2D::fused(const Tensor& x, const Tensor& residual, const Memory& memory) const {
  const auto [statistics, sum] = ops_.residual_pre_all_gather(
      x, residual, {.dtype = *config_.statistics_dtype, .memory = memory.statistics});
  ops::deallocate(residual);
  return {.normed = scaled(sum, statistics, memory), .residual = sum};
}

Tensor Norm2D::scaled(const Tensor& x, const Tensor& own, const Memory& memory) const {
  const Tensor statistics = ccl::all_gather(own, {.dim = 3,
                                                  .cluster_axis = 1,
                                                  .num_links = config_.num_all_gather_links,
                                                  .topology = *config_.topology,
                                                  .memory = memory.statistics});
  ops::deallocate(own);
  const Tensor normed = ops_.post_all_gather(x, statistics,
                                             {.epsilon = *config_.eps,
                                              .weight = on_device(config_.weight),
                                              .bias = on_device(config_.bias),
                                              .memory = memory.output});
  ops::deallocate(statistics);
  return normed;
}

mesh::Distribution Norm2D::placed() const {
  return mesh::shard_tensor_2d_mesh(config_.device->shape(), {std::nullopt, 3});
}

void Norm2D::load_device_weights() const {
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".load_device_weights");
  (void)config_.weight.get_device_weight();
  (void)on_device(config_.bias);
}

Tensor Norm2D::input(const LazyWeight& x, Mode mode) const {
  const bool distributed = *config_.geometry == NormGeometry::Distributed;
  return x
      .with_defaults(
          {.layout = mesh::Layout::Tile,
           .memory = mode == Mode::Decode ? *config_.decode_memory : mesh::kDramInterleaved,
           .distribution =
               distributed ? placed() : mesh::replicate_tensor_to_mesh(config_.device->shape()),
           .device = config_.device,
           .padded_shape = x.shape()})
      .make_device_tensor();
}

}  // namespace ttmesh::modules
