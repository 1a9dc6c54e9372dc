#include "modules/lm_head/lm_head_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <utility>

#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/weight_place.hpp"
#include "modules/weight_source.hpp"

namespace ttmesh::modules {
namespace {

using mesh::DataType;

// A third of Llama 3's vocabulary, on one chip. Source: the tables of TTTv2's LMHead1D.
constexpr std::int64_t kMaxColumns = 42'752;

/// What the classes differ in.
struct Variant {
  const char* module;
  mesh::MeshDevice device;
  mesh::Distribution weight;  ///< Of a part of the weight.
  mesh::Distribution logits;
  int vocab_parts;  ///< Chips that the vocabulary is cut for.
  int dim_parts;    ///< Chips that the model's width is cut for.
  mesh::MemoryConfig weight_memory;
};

/// Columns of each chip: those of one product.
struct Split {
  std::int64_t first;
  std::int64_t count;
};

std::vector<Split> splits_of(std::int64_t columns, std::int64_t most) {
  const std::int64_t widest = std::max(most / mesh::kTileExtent, std::int64_t{1});
  const std::int64_t tiles = columns / mesh::kTileExtent;
  const std::int64_t count = (tiles + widest - 1) / widest;
  const std::int64_t each = (tiles + count - 1) / count * mesh::kTileExtent;
  std::vector<Split> splits;
  for (std::int64_t first = 0; first < columns; first += each) {
    splits.push_back({first, std::min(each, columns - first)});
  }
  return splits;
}

// The columns that every chip multiplies in one product, chip after chip. Those beyond the
// vocabulary are the last ones, and come as padding.
LazyWeight part_of(const LMHeadConfig& config, const Variant& variant, const Split& split,
                   std::size_t splits) {
  const std::int64_t chip_columns = config.padded_vocab / variant.vocab_parts;
  const mesh::Shape padded = config.weight.shape().with(-1, split.count * variant.vocab_parts);
  std::vector<SourceColumns> columns;
  for (int chip = 0; chip < variant.vocab_parts; ++chip) {
    const std::int64_t first = chip * chip_columns + split.first;
    const std::int64_t count = std::min(split.count, *config.vocab - first);
    if (count > 0) columns.push_back({config.weight.source(), first, count});
  }
  LazyWeightOptions options = config.weight.options();
  if (options.cache && splits > 1) {
    options.cache->name += fmt::format("_columns_{}", split.first);
  }
  const LazyWeight part(splits == 1 ? config.weight.source() : side_by_side(columns), options);
  return placed(part, {.module = variant.module,
                       .name = "the weight",
                       .device = variant.device,
                       .distribution = variant.weight,
                       .memory = *config.weight_memory,
                       .padded_shape = padded});
}

std::optional<LazyBuffer> mask_of(const LMHeadConfig& config, const Variant& variant) {
  if (config.padded_vocab == *config.vocab) return std::nullopt;
  if (mesh::is_block_float(*config.output_dtype)) {
    throw std::invalid_argument(fmt::format(
        "[{}] logits are {} and {} of {} columns are padding, needs bf16 or f32, which have -inf",
        variant.module, mesh::name(*config.output_dtype), config.padded_vocab - *config.vocab,
        config.padded_vocab));
  }
  std::vector<float> values(static_cast<std::size_t>(config.padded_vocab));
  std::fill(values.begin() + *config.vocab, values.end(), -std::numeric_limits<float>::infinity());
  return LazyBuffer(
      {.shape = {1, 1, 1, config.padded_vocab}, .values = std::move(values)},
      {.dtype = *config.output_dtype, .distribution = variant.logits, .device = variant.device});
}

LMHeadConfig resolved(const LMHeadConfig& config, const Variant& variant) {
  const char* module = variant.module;
  const mesh::Shape& shape = config.weight.shape();
  if (shape.rank() < 2 || shape[-2] * shape[-1] != shape.volume()) {
    throw std::invalid_argument(
        fmt::format("[{}] the weight has shape {}, needs [dim, vocab]", module, to_string(shape)));
  }
  require_same(module, "dim", config.dim, shape[-2]);
  require_same(module, "vocab", config.vocab, shape[-1]);
  require_tiles(module, shape[-2], variant.dim_parts);
  if (config.max_columns_per_device && *config.max_columns_per_device < mesh::kTileExtent) {
    throw std::invalid_argument(
        fmt::format("[{}] max_columns_per_device is {}, needs at least a tile of {}", module,
                    *config.max_columns_per_device, mesh::kTileExtent));
  }
  const bool exact = config.weight.options().dtype == DataType::Float32;

  LMHeadConfig full = config;
  full.device = variant.device;
  full.dim = shape[-2];
  full.vocab = shape[-1];
  full.padded_vocab = padded_extent(shape[-1], variant.vocab_parts);
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.max_columns_per_device, kMaxColumns);
  set_default(full.output_dtype, exact ? DataType::Float32 : DataType::Bfloat16);
  set_default(full.fidelity, sim::MathFidelity::HiFi2);
  set_default(full.num_all_reduce_links, 1);
  set_default(full.topology, ccl::Topology::Linear);
  set_default(full.weight_memory, variant.weight_memory);
  set_default(full.decode_memory, mesh::kL1Interleaved);
  set_default(full.prefill_memory, mesh::kDramInterleaved);
  full.mask = mask_of(full, variant);
  const auto splits =
      splits_of(full.padded_vocab / variant.vocab_parts, *full.max_columns_per_device);
  full.splits.clear();
  for (const Split& split : splits) {
    full.splits.push_back(part_of(full, variant, split, splits.size()));
  }
  return full;
}

}  // namespace

LMHeadConfig resolved_1d(const LMHeadConfig& config) {
  const mesh::MeshDevice device = device_of("LMHead1D", config.device, std::array{config.weight});
  const mesh::MeshShape shape = device.shape();
  require_line("LMHead1D", shape);
  return resolved(config, {.module = "LMHead1D",
                           .device = device,
                           .weight = mesh::shard_tensor_to_mesh(shape, -1),
                           .logits = mesh::shard_tensor_to_mesh(shape, 3),
                           .vocab_parts = shape.size(),
                           .dim_parts = 1,
                           .weight_memory = dram_columns(device)});
}

LMHeadConfig resolved_2d(const LMHeadConfig& config) {
  const mesh::MeshDevice device = device_of("LMHead2D", config.device, std::array{config.weight});
  const mesh::MeshShape shape = device.shape();
  require_grid("LMHead2D", shape);
  return resolved(config, {.module = "LMHead2D",
                           .device = device,
                           .weight = mesh::shard_tensor_2d_mesh(shape, {-1, -2}),
                           .logits = mesh::shard_tensor_2d_mesh(shape, {3, std::nullopt}),
                           .vocab_parts = shape.rows,
                           .dim_parts = shape.cols,
                           .weight_memory = mesh::kDramInterleaved});
}

}  // namespace ttmesh::modules
