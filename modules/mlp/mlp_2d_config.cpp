#include "modules/mlp/mlp_2d_config.hpp"

#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/core_count.hpp"
#include "modules/default_topology.hpp"
#include "modules/mlp/mlp_weights.hpp"

namespace ttmesh::modules {
MLP2DConfig resolved(const MLP2DConfig& config) {
  const MlpWeights weights = weights_of(config);
  const mesh::MeshDevice device = device_of("MLP2D", config.device, weights);
  const mesh::MeshShape shape = device.shape();
  require_grid("MLP2D", shape);
  const MlpDims dims = dims_of("MLP2D", weights);
  require_same("MLP2D", "dim", config.dim, dims.dim);
  require_same("MLP2D", "hidden_dim", config.hidden_dim, dims.hidden_dim);
  require_tiles("MLP2D", dims.dim, shape.cols);

  MLP2DConfig full = config;
  full.device = device;
  full.dim = dims.dim;
  full.hidden_dim = dims.hidden_dim;
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.activation, ops::Activation::Silu);
  if (common_dtype(weights) == mesh::DataType::Float32) {
    set_default(full.activation_dtype, mesh::DataType::Float32);
    set_default(full.ccl_dtype, mesh::DataType::Float32);
  }
  set_default(full.ccl_dtype, mesh::DataType::Bfp8B);
  set_default(full.mul_dtype, full.activation_dtype.value_or(mesh::DataType::Bfp8B));
  set_default(full.activation_dtype, mesh::DataType::Bfloat16);
  set_default(full.fidelity, sim::MathFidelity::HiFi2);
  set_default(full.num_reduce_scatter_links, 1);
  set_default(full.num_all_gather_links, available_links(device, 2));
  set_default(full.topology, default_topology(device, 0));
  set_default(full.prefill_len_cutoff, default_prefill_len_cutoff(device));

  const std::int64_t dim_tiles = dims.dim / shape.cols / mesh::kTileExtent;
  const std::int64_t hidden_tiles =
      padded_extent(dims.hidden_dim, shape.size()) / shape.rows / mesh::kTileExtent;
  const mesh::MemoryConfig cores = l1_columns(largest_core_count(dim_tiles, hidden_tiles));
  set_default(full.weight_memory, mesh::kDramInterleaved);
  set_default(full.decode_input_memory, cores);
  set_default(full.decode_ff1_3_memory, cores);
  set_default(full.decode_scattered_memory, mesh::kL1Interleaved);
  set_default(full.decode_gathered_memory, mesh::kDramInterleaved);
  set_default(full.decode_ff2_input_memory, mesh::kL1Interleaved);
  set_default(full.decode_ff2_memory, mesh::kL1Interleaved);
  set_default(full.decode_residual_memory, l1_columns(residual_core_count(dim_tiles)));

  const auto placed = laid_out(
      "MLP2D", weights, device,
      {.gate_up = mesh::resolved(mesh::shard_tensor_2d_mesh(shape, {-1, -2}), 2),
       .down = mesh::resolved(mesh::shard_tensor_2d_mesh(shape, {-2, -1}), 2),
       .hidden_bias = mesh::resolved(mesh::shard_tensor_2d_mesh(shape, {-1, -1}), 2),
       .dim_bias = mesh::resolved(mesh::shard_tensor_2d_mesh(shape, {std::nullopt, -1}), 2),
       .memory = *full.weight_memory});
  take(full, placed);
  return full;
}

}  // namespace ttmesh::modules
