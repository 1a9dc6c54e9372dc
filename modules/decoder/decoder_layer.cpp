#include "modules/decoder/decoder_layer.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "mesh/device/mesh_device.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/input_rule.hpp"
#include "ops/add.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

template <typename Config>
Config of_layer(Config config, const AttentionConfig& attention) {
  set_default(config.device, *attention.device);
  set_default(config.max_batch_size, *attention.max_batch_size);
  return config;
}

}  // namespace

mesh::Distribution LineDecoder::residual(mesh::MeshShape mesh) {
  return mesh::normalised(mesh::shard_tensor_to_mesh(mesh, 3));
}

mesh::Distribution GridDecoder::residual(mesh::MeshShape mesh) {
  return mesh::normalised(mesh::shard_tensor_2d_mesh(mesh, {std::nullopt, 3}));
}

template <typename Parts>
DecoderLayer<Parts> DecoderLayer<Parts>::from_config(const Config& config) {
  if (config.attention.device) {
    Parts::require_mesh(Parts::kModule, config.attention.device->shape());
  }
  return DecoderLayer(config);
}

template <typename Parts>
DecoderLayer<Parts>::DecoderLayer(const Config& config)
    : attention_(Parts::Attention::from_config(config.attention)),
      mlp_(Parts::Mlp::from_config(of_layer(config.mlp, attention_.config()))),
      attention_norm_(of_layer(config.attention_norm, attention_.config()),
                      {.residual = *attention_.config().decode_residual_memory,
                       .output = *attention_.config().decode_input_memory}),
      mlp_norm_(of_layer(config.mlp_norm, attention_.config()),
                {.residual = *attention_.config().decode_residual_memory,
                 .output = *mlp_.config().decode_input_memory}),
      residual_dtype_(config.residual_dtype.value_or(*attention_.config().activation_dtype)),
      name_(config.name.value_or(Parts::kName)) {}

template <typename Parts>
Tensor DecoderLayer<Parts>::decode_forward(Tensor x, const AttentionDecodeInputs& inputs) {
  require(x, "decode_forward");
  const mesh::CallScope scope(*attention_.config().device, name_);
  Tensor h = attention_norm_.forward(x, Mode::Decode);
  x = sum(x, attention_.decode_forward(h, inputs));
  h = mlp_norm_.forward(x, Mode::Decode);
  return sum(x, mlp_.decode_forward(h));
}

template <typename Parts>
Tensor DecoderLayer<Parts>::prefill_forward(Tensor x, const AttentionPrefillInputs& inputs) {
  require(x, "prefill_forward");
  const mesh::CallScope scope(*attention_.config().device, name_);
  Tensor h = attention_norm_.forward(x, Mode::Prefill);
  x = sum(x, attention_.prefill_forward(h, inputs));
  h = mlp_norm_.forward(x, Mode::Prefill);
  return sum(x, mlp_.prefill_forward(h));
}

template <typename Parts>
Tensor DecoderLayer<Parts>::sum(const Tensor& residual, const Tensor& term) const {
  return ops::add(residual, term, {.dtype = residual_dtype_});
}

template <typename Parts>
void DecoderLayer<Parts>::require(const Tensor& x, const char* call) const {
  const mesh::MeshDevice& device = *attention_.config().device;
  const mesh::Distribution placed = Parts::residual(device.shape());
  const std::string function = fmt::format("{}::{}", Parts::kModule, call);
  require_input(x, {.function = function.c_str(),
                    .device = device,
                    .width = mesh::local_shape({1, 1, 1, *attention_.config().dim}, placed)[3],
                    .distribution = placed});
}

template <typename Parts>
Tensor DecoderLayer<Parts>::input(const LazyWeight& x, Mode mode) const {
  const AttentionConfig& config = attention_.config();
  return x
      .with_defaults(
          {.layout = mesh::Layout::Tile,
           .memory = mode == Mode::Decode ? *config.decode_residual_memory : mesh::kDramInterleaved,
           .distribution = Parts::residual(config.device->shape()),
           .device = config.device,
           .padded_shape = x.shape()})
      .make_device_tensor();
}

template <typename Parts>
void DecoderLayer<Parts>::load_device_weights() {
  const mesh::CallScope scope(*attention_.config().device, name_);
  attention_norm_.load_device_weights();
  attention_.load_device_weights();
  mlp_norm_.load_device_weights();
  mlp_.load_device_weights();
}

template <typename Parts>
typename DecoderLayer<Parts>::Config DecoderLayer<Parts>::config() const {
  return {.attention = attention_.config(),
          .mlp = mlp_.config(),
          .attention_norm = attention_norm_.config(),
          .mlp_norm = mlp_norm_.config(),
          .residual_dtype = residual_dtype_,
          .name = name_};
}

template class DecoderLayer<LineDecoder>;
template class DecoderLayer<GridDecoder>;

}  // namespace ttmesh::modules
