#include "modules/embedding/embedding_config.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/weight_place.hpp"

namespace ttmesh::modules {
namespace {

using mesh::DataType;

/// What the classes differ in.
struct Variant {
  const char* module;
  mesh::MeshDevice device;
  mesh::Distribution distribution;
  int parts;  ///< Chips that the columns are cut for.
  DataType prefill_dtype;
};

EmbeddingConfig resolved(const EmbeddingConfig& config, const Variant& variant) {
  const char* module = variant.module;
  const mesh::Shape& shape = config.weight.shape();
  if (shape.rank() < 2 || shape[-2] * shape[-1] != shape.volume()) {
    throw std::invalid_argument(
        fmt::format("[{}] the table has shape {}, needs [vocab, dim]", module, to_string(shape)));
  }
  require_same(module, "vocab", config.vocab, shape[-2]);
  require_same(module, "dim", config.dim, shape[-1]);
  require_tiles(module, shape[-1], variant.parts);
  const bool exact = config.weight.options().dtype == DataType::Float32;

  EmbeddingConfig full = config;
  full.device = variant.device;
  full.vocab = shape[-2];
  full.dim = shape[-1];
  set_default(full.scale, 1.0);
  if (!(*full.scale > 0)) {
    throw std::invalid_argument(
        fmt::format("[{}] scale is {}, needs a positive one", module, *full.scale));
  }
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.decode_dtype, exact ? DataType::Float32 : DataType::Bfloat16);
  set_default(full.prefill_dtype, exact ? DataType::Float32 : variant.prefill_dtype);
  set_default(full.decode_memory, mesh::kL1Interleaved);
  set_default(full.prefill_memory, mesh::kDramInterleaved);
  const bool blocks = mesh::is_block_float(config.weight.options().dtype);
  full.weight =
      placed(config.weight, {.module = module,
                             .name = "the table",
                             .device = variant.device,
                             .distribution = variant.distribution,
                             .padded_shape = shape,
                             .layout = blocks ? mesh::Layout::Tile : mesh::Layout::RowMajor});
  return full;
}

}  // namespace

EmbeddingConfig resolved_1d(const EmbeddingConfig& config) {
  const mesh::MeshDevice device =
      device_of("Embedding1D", config.device, std::array{config.weight});
  require_line("Embedding1D", device.shape());
  return resolved(config, {.module = "Embedding1D",
                           .device = device,
                           .distribution = mesh::shard_tensor_to_mesh(device.shape(), -1),
                           .parts = device.shape().size(),
                           .prefill_dtype = DataType::Bfloat16});
}

EmbeddingConfig resolved_2d(const EmbeddingConfig& config) {
  const mesh::MeshDevice device =
      device_of("Embedding2D", config.device, std::array{config.weight});
  require_grid("Embedding2D", device.shape());
  return resolved(config,
                  {.module = "Embedding2D",
                   .device = device,
                   .distribution = mesh::shard_tensor_2d_mesh(device.shape(), {std::nullopt, -1}),
                   .parts = device.shape().cols,
                   .prefill_dtype = DataType::Bfp8B});
}

}  // namespace ttmesh::modules
