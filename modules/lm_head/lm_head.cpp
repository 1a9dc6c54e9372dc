#include "modules/lm_head/lm_head.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "ccl/all_reduce.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/input_rule.hpp"
#include "ops/add.hpp"
#include "ops/concat.hpp"
#include "ops/deallocate.hpp"
#include "ops/matmul.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

// A line's chips have whole columns.
Tensor keep(const Tensor& product, const LMHeadConfig&) { return product; }

Tensor reduce_along_rows(const Tensor& terms, const LMHeadConfig& config) {
  Tensor sum = ccl::all_reduce(terms, {.dim = 3,
                                       .cluster_axis = 1,
                                       .num_links = config.num_all_reduce_links,
                                       .topology = *config.topology});
  ops::deallocate(terms);
  return sum;
}

Tensor mask_padding(const Tensor& logits, const LMHeadConfig& config) {
  Tensor masked = ops::add(logits, config.mask->get_device_buffer());
  ops::deallocate(logits);
  return masked;
}

}  // namespace

LMHead::LMHead(const Variant& variant, LMHeadConfig config)
    : variant_(variant), config_(std::move(config)), mask_(config_.mask ? mask_padding : keep) {}

LMHead1D::LMHead1D(const LMHead1DConfig& config)
    : LMHead({"LMHead1D", "lm_head_1d", keep, false}, resolved_1d(config)) {}

LMHead2D::LMHead2D(const LMHead2DConfig& config)
    : LMHead({"LMHead2D", "lm_head_2d", reduce_along_rows, true}, resolved_2d(config)) {}

Tensor LMHead::forward(const Tensor& x, Mode mode) const {
  return mode == Mode::Decode ? decode_forward(x) : prefill_forward(x);
}

Tensor LMHead::forward(const LazyWeight& x, Mode mode) const {
  return forward(input(x, mode), mode);
}

Tensor LMHead::decode_forward(const Tensor& x) const {
  require(x, "decode_forward");
  require_decode_rows(fmt::format("{}::decode_forward", variant_.module).c_str(), x,
                      *config_.max_batch_size);
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(variant_.scope) + ".decode_forward");
  return logits(x, *config_.decode_memory);
}

Tensor LMHead::prefill_forward(const Tensor& x) const {
  require(x, "prefill_forward");
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(variant_.scope) + ".prefill_forward");
  return logits(x, *config_.prefill_memory);
}

void LMHead::require(const Tensor& x, const char* call) const {
  const std::string function = fmt::format("{}::{}", variant_.module, call);
  const int parts = variant_.cuts_dim ? config_.device->shape().cols : 1;
  require_input(x, {.function = function.c_str(),
                    .device = *config_.device,
                    .width = *config_.dim / parts,
                    .distribution = placed()});
}

Tensor LMHead::logits(const Tensor& x, const mesh::MemoryConfig& memory) const {
  std::vector<Tensor> parts;
  for (const LazyWeight& split : config_.splits) {
    const Tensor product = ops::linear(
        x, split.get_device_weight(),
        {.dtype = *config_.output_dtype, .memory = memory, .fidelity = *config_.fidelity});
    parts.push_back(variant_.reduce(product, config_));
  }
  Tensor all = parts.front();
  if (parts.size() > 1) {
    all = ops::concat(parts, -1);
    for (const Tensor& part : parts) ops::deallocate(part);
  }
  return mask_(all, config_);
}

mesh::Distribution LMHead::placed() const {
  const mesh::MeshShape shape = config_.device->shape();
  return variant_.cuts_dim ? mesh::shard_tensor_2d_mesh(shape, {std::nullopt, 3})
                           : mesh::replicate_tensor_to_mesh(shape);
}

Tensor LMHead::input(const LazyWeight& x, Mode mode) const {
  return x
      .with_defaults(
          {.layout = mesh::Layout::Tile,
           .memory = mode == Mode::Decode ? mesh::kL1Interleaved : mesh::kDramInterleaved,
           .distribution = placed(),
           .device = config_.device,
           .padded_shape = x.shape()})
      .make_device_tensor();
}

void LMHead::load_device_weights() const {
  const mesh::CallScope scope(*config_.device,
                              std::string(variant_.scope) + ".load_device_weights");
  for (const LazyWeight& split : config_.splits) (void)split.get_device_weight();
  if (config_.mask) (void)config_.mask->get_device_buffer();
}

}  // namespace ttmesh::modules
