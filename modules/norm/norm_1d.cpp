#include "modules/norm/norm_1d.hpp"

#include <string>

#include "ccl/all_gather.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/input_rule.hpp"
#include "ops/deallocate.hpp"
#include "ops/to_memory_config.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

}  // namespace

Norm1D::Norm1D(const Names& names, const NormOps& ops, const Norm1DConfig& config)
    : names_(names),
      ops_(ops),
      config_(resolved(names.module, config)),
      decode_(*config_.decode_in_sharded ? &Norm1D::decode_sharded : &Norm1D::decode_interleaved),
      prefill_(*config_.prefill_distributed ? &Norm1D::prefill_distributed
                                            : &Norm1D::prefill_local) {}

RMSNorm1D::RMSNorm1D(const RMSNorm1DConfig& config)
    : Norm1D({"RMSNorm1D", "rms_norm_1d"}, rms_norm_ops(), config) {}

LayerNorm1D::LayerNorm1D(const LayerNorm1DConfig& config)
    : Norm1D({"LayerNorm1D", "layer_norm_1d"}, layer_norm_ops(), config) {}

Tensor Norm1D::forward(const Tensor& x, Mode mode) const {
  return mode == Mode::Decode ? decode_forward(x) : prefill_forward(x);
}

Tensor Norm1D::forward(const LazyWeight& x, Mode mode) const {
  return forward(input(x, mode), mode);
}

Tensor Norm1D::decode_forward(const Tensor& x) const {
  const std::string function = std::string(names_.module) + "::decode_forward";
  require_input(x, {.function = function.c_str(),
                    .device = *config_.device,
                    .width = *config_.dim,
                    .any_leading = true});
  if (*config_.decode_in_sharded) {
    require_decode_rows(function.c_str(), x, *config_.max_batch_size);
  }
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".decode_forward");
  return (this->*decode_)(x);
}

Tensor Norm1D::prefill_forward(const Tensor& x) const {
  const std::string function = std::string(names_.module) + "::prefill_forward";
  const int parts = *config_.prefill_distributed ? config_.device->shape().size() : 1;
  InputRule rule{.function = function.c_str(),
                 .device = *config_.device,
                 .width = *config_.dim / parts,
                 .any_leading = true};
  if (*config_.prefill_distributed) rule.distribution = prefill_distribution();
  require_input(x, rule);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".prefill_forward");
  return (this->*prefill_)(x);
}

Tensor Norm1D::decode_sharded(const Tensor& x) const {
  const Tensor columns = ops::to_memory_config(x, *config_.decode_memory);
  const Tensor normed = ops_.whole(columns, {.epsilon = *config_.eps,
                                             .weight = on_device(config_.weight),
                                             .bias = on_device(config_.bias)});
  if (*config_.decode_out_sharded) return normed;
  return ops::to_memory_config(normed, mesh::kL1Interleaved);
}

Tensor Norm1D::decode_interleaved(const Tensor& x) const { return prefill_local(x); }

Tensor Norm1D::prefill_local(const Tensor& x) const {
  return ops_.whole(x, {.epsilon = *config_.eps,
                        .weight = on_device(config_.weight),
                        .bias = on_device(config_.bias)});
}

Tensor Norm1D::prefill_distributed(const Tensor& x) const {
  const Tensor own = ops_.pre_all_gather(
      x, {.dtype = *config_.statistics_dtype, .memory = mesh::kDramInterleaved});
  const Tensor statistics = ccl::all_gather(own, {.dim = 3,
                                                  .num_links = config_.num_all_gather_links,
                                                  .topology = *config_.topology,
                                                  .memory = mesh::kDramInterleaved});
  ops::deallocate(own);
  const Tensor normed = ops_.post_all_gather(x, statistics,
                                             {.epsilon = *config_.eps,
                                              .weight = on_device(config_.distributed_weight),
                                              .bias = on_device(config_.distributed_bias)});
  ops::deallocate(statistics);
  return normed;
}

mesh::Distribution Norm1D::prefill_distribution() const {
  return mesh::normalised(mesh::shard_tensor_to_mesh(config_.device->shape(), 3));
}

void Norm1D::load_device_weights() const {
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".load_device_weights");
  (void)config_.weight.get_device_weight();
  (void)on_device(config_.bias);
  (void)on_device(config_.distributed_weight);
  (void)on_device(config_.distributed_bias);
}

Tensor Norm1D::input(const LazyWeight& x, Mode mode) const {
  const bool decode = mode == Mode::Decode;
  const mesh::MemoryConfig decode_memory =
      *config_.decode_in_sharded ? *config_.decode_memory : mesh::kDramInterleaved;
  return x
      .with_defaults({.layout = mesh::Layout::Tile,
                      .memory = decode ? decode_memory : mesh::kDramInterleaved,
                      .distribution = !decode && *config_.prefill_distributed
                                          ? prefill_distribution()
                                          : mesh::replicate_tensor_to_mesh(config_.device->shape()),
                      .device = config_.device,
                      .padded_shape = x.shape()})
      .make_device_tensor();
}

}  // namespace ttmesh::modules
