#include "modules/embedding/embedding.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/tensor/mapper.hpp"
#include "ops/embedding.hpp"
#include "ops/mul.hpp"
#include "ops/reshape.hpp"

namespace ttmesh::modules {
namespace {

using mesh::Tensor;

Tensor keep(const Tensor& rows, double) { return rows; }

Tensor scaled(const Tensor& rows, double scale) {
  return ops::mul(rows, static_cast<float>(scale));
}

}  // namespace

Embedding::Embedding(const Names& names, EmbeddingConfig config)
    : names_(names), config_(std::move(config)), scale_(*config_.scale == 1 ? keep : scaled) {}

Embedding1D::Embedding1D(const Embedding1DConfig& config)
    : Embedding({"Embedding1D", "embedding_1d"}, resolved_1d(config)) {}

Embedding2D::Embedding2D(const Embedding2DConfig& config)
    : Embedding({"Embedding2D", "embedding_2d"}, resolved_2d(config)) {}

Tensor Embedding::forward(const Tensor& ids, Mode mode) const {
  return mode == Mode::Decode ? decode_forward(ids) : prefill_forward(ids);
}

Tensor Embedding::decode_forward(const Tensor& ids) const {
  require(ids, "decode_forward");
  const std::int64_t most = padded_extent(*config_.max_batch_size, 1);
  if (ids.shape()[-1] > most) {
    throw std::invalid_argument(
        fmt::format("[{}::decode_forward] there are {} ids, needs at most {} for max_batch_size {}",
                    names_.module, ids.shape()[-1], most, *config_.max_batch_size));
  }
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".decode_forward");
  return rows(ids, *config_.decode_dtype, *config_.decode_memory);
}

Tensor Embedding::prefill_forward(const Tensor& ids) const {
  require(ids, "prefill_forward");
  load_device_weights();
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".prefill_forward");
  return rows(ids, *config_.prefill_dtype, *config_.prefill_memory);
}

void Embedding::require(const Tensor& ids, const char* call) const {
  const auto refuse = [&](const std::string& what) {
    throw std::invalid_argument(fmt::format("[{}::{}] {}", names_.module, call, what));
  };
  if (!ids) refuse("the ids are empty, needs a tensor");
  if (!(ids.device() == *config_.device)) {
    refuse(fmt::format("the ids live on another mesh device ({}), needs that of the table ({})",
                       to_string(ids.device().shape()), to_string(config_.device->shape())));
  }
  if (mesh::is_floating(ids.dtype())) {
    refuse(fmt::format("the ids are {}, needs integers", mesh::name(ids.dtype())));
  }
  if (ids.shape().volume() != ids.shape()[-1]) {
    refuse(fmt::format("the ids have shape {}, needs [1, 1, 1, rows]", to_string(ids.shape())));
  }
  const mesh::Distribution found = mesh::normalised(ids.distribution());
  if (found != mesh::replicate_tensor_to_mesh(config_.device->shape())) {
    refuse(fmt::format("the ids are placed {}, needs all of them on every chip: all_gather first",
                       to_string(found)));
  }
}

Tensor Embedding::rows(const Tensor& ids, mesh::DataType dtype,
                       const mesh::MemoryConfig& memory) const {
  const Tensor found =
      ops::embedding(ids, config_.weight.get_device_weight(), {.dtype = dtype, .memory = memory});
  return scale_(ops::reshape(found, {1, 1, ids.shape()[-1], found.shape()[-1]}), *config_.scale);
}

Tensor Embedding::input(const mesh::HostTensor& ids) const {
  return mesh::from_host(*config_.device, ids,
                         {.dtype = mesh::DataType::UInt32,
                          .layout = mesh::Layout::RowMajor,
                          .memory = mesh::kDramInterleaved,
                          .distribution = mesh::replicate_tensor_to_mesh(config_.device->shape())});
}

void Embedding::load_device_weights() const {
  const mesh::CallScope scope(*config_.device, std::string(names_.scope) + ".load_device_weights");
  (void)config_.weight.get_device_weight();
}

}  // namespace ttmesh::modules
