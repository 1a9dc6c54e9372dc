#include "modules/attention/attention_config.hpp"

#include <fmt/format.h>

#include <optional>

#include "mesh/tensor/mapper.hpp"
#include "modules/attention/attention_rules.hpp"
#include "modules/config_defaults.hpp"
#include "modules/core_count.hpp"
#include "modules/default_topology.hpp"

namespace ttmesh::modules {
namespace {

// Source: TTTv2's Attention1D.
constexpr int kFusedChips = 8;

mesh::MemoryConfig user_cores(const AttentionConfig& config) {
  return {.buffer = mesh::BufferType::L1,
          .layout = mesh::MemoryLayout::HeightSharded,
          .shard_cores = static_cast<int>(share_of(config).users)};
}

}  // namespace

AttentionShare share_of(const AttentionConfig& config) {
  const mesh::MeshShape shape = config.device->shape();
  const int head_parts = is_grid(shape) ? shape.rows : shape.size();
  const int user_parts = is_grid(shape) ? shape.cols : 1;
  return {.heads = *config.n_heads / head_parts,
          .kv_heads = *config.n_kv_heads / head_parts,
          .users = *config.max_batch_size / user_parts};
}

mesh::TensorSpec kv_cache_spec(const AttentionConfig& config) {
  const AttentionShare share = share_of(config);
  const mesh::MeshShape shape = config.device->shape();
  mesh::TensorSpec spec{.dtype = *config.kv_cache_dtype};
  spec.shape =
      config.paged_attention
          ? mesh::Shape{config.paged_attention->max_num_blocks, share.kv_heads,
                        config.paged_attention->block_size, *config.head_dim}
          : mesh::Shape{share.users, share.kv_heads, *config.max_seq_len, *config.head_dim};
  spec.distribution = is_grid(shape) ? mesh::shard_tensor_2d_mesh(shape, {1, 0})
                                     : mesh::resolved(mesh::shard_tensor_to_mesh(shape, 1), 4);
  return spec;
}

AttentionConfig resolved_1d(const AttentionConfig& config) {
  constexpr const char* kModule = "Attention1D";
  const mesh::MeshDevice device = attention_device(kModule, config);
  const mesh::MeshShape shape = device.shape();
  require_line(kModule, shape);
  const int chips = shape.size();
  AttentionConfig full = with_common_fields(kModule, config, device, {chips, "chips"});
  require_cache_budget(kModule, full);
  require_tiles(kModule, *full.dim, chips);
  set_default(full.num_reduce_scatter_links,
              available_links(device, device.topology().usable_links));
  set_default(full.num_all_gather_links, available_links(device, device.topology().usable_links));
  set_default(full.topology, default_topology(device, std::nullopt));
  const std::int64_t dim_tiles = *full.dim / mesh::kTileExtent;
  const bool may_fuse = chips == kFusedChips && *full.topology == ccl::Topology::Ring &&
                        dim_tiles / chips % chips == 0;
  set_default(full.use_fused_all_gather_matmul, may_fuse);
  if (*full.use_fused_all_gather_matmul && chips == 1) full.use_fused_all_gather_matmul = false;

  const std::int64_t heads_tiles = *full.n_heads * *full.head_dim / mesh::kTileExtent / chips;
  const std::int64_t qkv_tiles =
      (*full.n_heads + 2 * *full.n_kv_heads) * *full.head_dim / mesh::kTileExtent / chips;
  const mesh::MemoryConfig cores = l1_columns(largest_core_count(dim_tiles, qkv_tiles));
  set_default(full.wqkv_memory, dram_columns(device));
  set_default(full.wo_memory, dram_columns(device));
  set_default(full.decode_input_memory, cores);
  set_default(full.decode_qkv_memory, cores);
  set_default(full.decode_heads_memory, user_cores(full));
  set_default(full.decode_output_memory,
              *full.use_fused_all_gather_matmul
                  ? l1_columns(residual_core_count(dim_tiles / chips))
                  : l1_columns(largest_core_count(heads_tiles, dim_tiles)));
  set_default(full.decode_residual_memory, l1_columns(residual_core_count(dim_tiles / chips)));

  const mesh::Distribution by_columns = mesh::shard_tensor_to_mesh(shape, -1);
  const mesh::Distribution by_rows = mesh::shard_tensor_to_mesh(shape, -2);
  lay_out(kModule, full,
          {.qkv = by_columns,
           .bias = by_columns,
           .wo = *full.use_fused_all_gather_matmul ? by_columns : by_rows,
           .wo_bias = by_columns});
  return full;
}

AttentionConfig resolved_2d(const AttentionConfig& config) {
  constexpr const char* kModule = "Attention2D";
  const mesh::MeshDevice device = attention_device(kModule, config);
  const mesh::MeshShape shape = device.shape();
  require_grid(kModule, shape);
  if (config.use_fused_all_gather_matmul.value_or(false)) {
    refuse(kModule, "use_fused_all_gather_matmul is for a line of chips, needs it unset");
  }
  AttentionConfig full =
      with_common_fields(kModule, config, device, {shape.rows, "rows of the mesh"});
  if (*full.max_batch_size % shape.cols != 0) {
    refuse(kModule, fmt::format("max_batch_size is {}, needs a multiple of the {} columns of the "
                                "mesh: as many users in each",
                                *full.max_batch_size, shape.cols));
  }
  require_cache_budget(kModule, full);
  require_tiles(kModule, *full.dim, shape.cols);
  full.use_fused_all_gather_matmul = false;
  set_default(full.num_reduce_scatter_links, 1);
  set_default(full.num_all_gather_links, available_links(device, 2));
  set_default(full.topology, default_topology(device, 0));

  const std::int64_t dim_tiles = *full.dim / shape.cols / mesh::kTileExtent;
  const std::int64_t qkv_tiles =
      (*full.n_heads + 2 * *full.n_kv_heads) * *full.head_dim / mesh::kTileExtent / shape.rows;
  const mesh::MemoryConfig cores = l1_columns(largest_core_count(dim_tiles, qkv_tiles));
  set_default(full.wqkv_memory, mesh::kDramInterleaved);
  set_default(full.wo_memory, mesh::kDramInterleaved);
  set_default(full.decode_input_memory, cores);
  set_default(full.decode_qkv_memory, cores);
  set_default(full.decode_heads_memory, user_cores(full));
  set_default(full.decode_output_memory, mesh::kL1Interleaved);
  set_default(full.decode_residual_memory, l1_columns(residual_core_count(dim_tiles)));

  lay_out(kModule, full,
          {.qkv = mesh::shard_tensor_2d_mesh(shape, {-1, -2}),
           .bias = mesh::shard_tensor_2d_mesh(shape, {-1, std::nullopt}),
           .wo = mesh::shard_tensor_2d_mesh(shape, {-2, -1}),
           .wo_bias = mesh::shard_tensor_2d_mesh(shape, {std::nullopt, -1})});
  return full;
}

}  // namespace ttmesh::modules
