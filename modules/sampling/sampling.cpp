#include "modules/sampling/sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "ccl/all_gather.hpp"
#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "modules/input_rule.hpp"
#include "ops/add.hpp"
#include "ops/argmax.hpp"
#include "ops/reshape.hpp"
#include "ops/sampling.hpp"
#include "ops/topk.hpp"
#include "ops/typecast.hpp"

namespace ttmesh::modules {
namespace {

using mesh::DataType;
using mesh::Tensor;

// Values of one kind, one for each user.
template <typename T, typename Value>
mesh::HostTensor each(const std::vector<SamplingParams>& params, Value value) {
  std::vector<T> values;
  for (const SamplingParams& user : params) values.push_back(value(user));
  return {.shape = {static_cast<std::int64_t>(params.size())}, .values = std::move(values)};
}

bool is_greedy(const SamplingParams& user) { return user.temperature == 0 || user.top_k == 1; }

mesh::HostTensor k_of(const std::vector<SamplingParams>& params) {
  return each<std::uint32_t>(params, [](const SamplingParams& user) {
    return static_cast<std::uint32_t>(is_greedy(user) ? 1 : user.top_k);
  });
}

mesh::HostTensor p_of(const std::vector<SamplingParams>& params) {
  return each<float>(params, [](const SamplingParams& user) {
    return static_cast<float>(is_greedy(user) ? 0 : user.top_p);
  });
}

// The op multiplies by the reciprocal.
mesh::HostTensor temperature_of(const std::vector<SamplingParams>& params) {
  return each<float>(params, [](const SamplingParams& user) {
    return is_greedy(user) ? 1.0F : static_cast<float>(1 / user.temperature);
  });
}

mesh::HostTensor seed_of(const std::vector<SamplingParams>& params) {
  return each<std::uint32_t>(params, [](const SamplingParams& user) { return user.seed; });
}

}  // namespace

Sampling::Sampling(const Variant& variant, SamplingConfig config)
    : variant_(variant),
      config_(std::move(config)),
      users_(user_buffers(*config_.params)),
      offsets_(offsets()),
      padding_(padding()),
      gather_(parts() > 1 ? &Sampling::gather : &Sampling::keep),
      mask_(*config_.padded_vocab > config_.vocab ? &Sampling::mask_padding : &Sampling::keep) {}

Sampling1D::Sampling1D(const Sampling1DConfig& config)
    : Sampling({"Sampling1D", "sampling_1d", std::nullopt}, resolved_1d(config)) {}

Sampling2D::Sampling2D(const Sampling2DConfig& config)
    : Sampling({"Sampling2D", "sampling_2d", 0}, resolved_2d(config)) {}

Tensor Sampling::forward(const Tensor& logits) {
  require(logits, "forward", config_.params->size());
  load_device_buffers();
  const mesh::CallScope scope(config_.device, std::string(variant_.scope) + ".forward");
  return drawn(logits, users_);
}

Tensor Sampling::forward(const Tensor& logits, std::span<const int> users) {
  std::vector<SamplingParams> params;
  for (const int user : users) {
    if (user < 0 || user >= *config_.max_batch_size) {
      throw std::invalid_argument(fmt::format("[{}::forward] user is {}, needs 0 to {}",
                                              variant_.module, user, *config_.max_batch_size - 1));
    }
    params.push_back((*config_.params)[static_cast<std::size_t>(user)]);
  }
  require(logits, "forward", params.size());
  load_device_buffers();
  const mesh::CallScope scope(config_.device, std::string(variant_.scope) + ".forward");
  const UserBuffers buffers = user_buffers(params);
  Tensor tokens = drawn(logits, buffers);
  for (const LazyBuffer& buffer : {buffers.k, buffers.p, buffers.temperature, buffers.seed}) {
    buffer.release();
  }
  return tokens;
}

Tensor Sampling::drawn(const Tensor& logits, const UserBuffers& users) {
  const Tensor comparable =
      mesh::is_block_float(logits.dtype()) ? ops::typecast(logits, DataType::Bfloat16) : logits;
  const ops::Topk best = ops::topk((this->*mask_)(comparable), {.k = candidates()});
  const Tensor values = (this->*gather_)(best.values);
  const Tensor places = (this->*gather_)(best.indices);
  const Tensor ids = ops::add(ops::typecast(places, DataType::Int32), offsets_.get_device_buffer());
  return ops::sampling(values, ids,
                       {.k = users.k.get_device_buffer(),
                        .p = users.p.get_device_buffer(),
                        .temperature = users.temperature.get_device_buffer(),
                        .seed = users.seed.get_device_buffer(),
                        .draw = draw_++});
}

Tensor Sampling::force_argmax(const Tensor& logits) const {
  if (!*config_.allow_force_argmax) {
    throw std::invalid_argument(fmt::format(
        "[{}::force_argmax] allow_force_argmax is False, needs it in the config", variant_.module));
  }
  require(logits, "force_argmax", config_.params->size());
  load_device_buffers();
  const mesh::CallScope scope(config_.device, std::string(variant_.scope) + ".force_argmax");
  const Tensor ids = ops::argmax((this->*gather_)((this->*mask_)(logits)));
  return ops::reshape(ids, {1, 1, 1, ids.shape()[-1]});
}

void Sampling::set_params(const std::vector<SamplingParams>& params) {
  config_.params = params_of_users(variant_.module, params, config_);
  users_.k.update(k_of(*config_.params));
  users_.p.update(p_of(*config_.params));
  users_.temperature.update(temperature_of(*config_.params));
  users_.seed.update(seed_of(*config_.params));
  draw_ = 0;
}

void Sampling::require(const Tensor& logits, const char* call, std::size_t users) const {
  const std::string function = fmt::format("{}::{}", variant_.module, call);
  require_input(logits, {.function = function.c_str(),
                         .what = "logits",
                         .device = config_.device,
                         .width = *config_.padded_vocab / parts(),
                         .distribution = mesh::normalised(placed())});
  const std::int64_t found = logits.global_shape()[-2];
  if (found != static_cast<std::int64_t>(users)) {
    throw std::invalid_argument(
        fmt::format("[{}] the logits are of {} users, needs {}", function, found, users));
  }
}

int Sampling::parts() const {
  const mesh::MeshShape shape = config_.device.shape();
  return variant_.cluster_axis ? shape.extent(*variant_.cluster_axis) : shape.size();
}

int Sampling::candidates() const {
  return static_cast<int>(
      std::min(std::int64_t{*config_.max_top_k}, *config_.padded_vocab / parts()));
}

mesh::Distribution Sampling::placed() const {
  const mesh::MeshShape shape = config_.device.shape();
  if (!variant_.cluster_axis) return mesh::shard_tensor_to_mesh(shape, 3);
  if (*config_.shards_users) return mesh::shard_tensor_2d_mesh(shape, {3, 2});
  return mesh::shard_tensor_2d_mesh(shape, {3, std::nullopt});
}

Sampling::UserBuffers Sampling::user_buffers(const std::vector<SamplingParams>& params) const {
  const mesh::MeshShape shape = config_.device.shape();
  const auto buffer = [&](mesh::HostTensor values, DataType dtype) {
    return LazyBuffer(std::move(values),
                      {.dtype = dtype,
                       .layout = mesh::Layout::RowMajor,
                       .distribution = *config_.shards_users
                                           ? mesh::shard_tensor_2d_mesh(shape, {std::nullopt, 0})
                                           : mesh::replicate_tensor_to_mesh(shape),
                       .device = config_.device});
  };
  return {.k = buffer(k_of(params), DataType::UInt32),
          .p = buffer(p_of(params), DataType::Float32),
          .temperature = buffer(temperature_of(params), DataType::Float32),
          .seed = buffer(seed_of(params), DataType::UInt32)};
}

// The id of each chip's first logit, under each of its candidates.
LazyBuffer Sampling::offsets() const {
  std::vector<std::int32_t> values;
  for (int part = 0; part < parts(); ++part) {
    values.insert(values.end(), static_cast<std::size_t>(candidates()),
                  static_cast<std::int32_t>(part * (*config_.padded_vocab / parts())));
  }
  const auto count = static_cast<std::int64_t>(values.size());
  return LazyBuffer({.shape = {1, 1, 1, count}, .values = std::move(values)},
                    {.device = config_.device});
}

LazyBuffer Sampling::padding() const {
  std::vector<float> values(static_cast<std::size_t>(*config_.padded_vocab));
  std::fill(values.begin() + config_.vocab, values.end(), -std::numeric_limits<float>::infinity());
  mesh::Distribution distribution = placed();
  if (*config_.shards_users) distribution.placements[1] = mesh::replicate();
  return LazyBuffer(
      {.shape = {1, 1, 1, *config_.padded_vocab}, .values = std::move(values)},
      {.dtype = DataType::Bfloat16, .distribution = distribution, .device = config_.device});
}

Tensor Sampling::gather(const Tensor& tensor) const {
  return ccl::all_gather(tensor, {.dim = 3,
                                  .cluster_axis = variant_.cluster_axis,
                                  .num_links = config_.num_links,
                                  .topology = *config_.topology});
}

Tensor Sampling::keep(const Tensor& tensor) const { return tensor; }

Tensor Sampling::mask_padding(const Tensor& logits) const {
  return ops::add(logits, padding_.get_device_buffer());
}

void Sampling::load_device_buffers() const {
  const mesh::CallScope scope(config_.device, std::string(variant_.scope) + ".load_device_buffers");
  (void)offsets_.get_device_buffer();
  if (*config_.padded_vocab > config_.vocab) (void)padding_.get_device_buffer();
  for (const LazyBuffer& buffer : {users_.k, users_.p, users_.temperature, users_.seed}) {
    (void)buffer.get_device_buffer();
  }
}

Tensor Sampling::input(const mesh::HostTensor& logits, DataType dtype) const {
  return mesh::from_host(config_.device, logits,
                         {.dtype = dtype,
                          .layout = mesh::Layout::Tile,
                          .memory = mesh::kDramInterleaved,
                          .distribution = placed()});
}

}  // namespace ttmesh::modules
