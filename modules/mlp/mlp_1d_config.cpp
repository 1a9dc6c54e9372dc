#include "modules/mlp/mlp_1d_config.hpp"

#include "mesh/tensor/mapper.hpp"
#include "modules/config_defaults.hpp"
#include "modules/core_count.hpp"
#include "modules/default_topology.hpp"
#include "modules/mlp/mlp_weights.hpp"

namespace ttmesh::modules {
MLP1DConfig resolved(const MLP1DConfig& config) {
  const MlpWeights weights = weights_of(config);
  const mesh::MeshDevice device = device_of("MLP1D", config.device, weights);
  require_line("MLP1D", device.shape());
  const MlpDims dims = dims_of("MLP1D", weights);
  require_same("MLP1D", "dim", config.dim, dims.dim);
  require_same("MLP1D", "hidden_dim", config.hidden_dim, dims.hidden_dim);
  const int chips = device.shape().size();
  require_tiles("MLP1D", dims.dim, chips);

  MLP1DConfig full = config;
  full.device = device;
  full.dim = dims.dim;
  full.hidden_dim = dims.hidden_dim;
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.activation, ops::Activation::Silu);
  if (common_dtype(weights) == mesh::DataType::Float32) {
    set_default(full.activation_dtype, mesh::DataType::Float32);
  }
  set_default(full.linear_dtype, full.activation_dtype.value_or(mesh::DataType::Bfloat16));
  set_default(full.mul_dtype, full.activation_dtype.value_or(mesh::DataType::Bfp8B));
  set_default(full.activation_dtype, *full.linear_dtype);
  set_default(full.fidelity, sim::MathFidelity::HiFi2);
  set_default(full.num_reduce_scatter_links, 1);
  set_default(full.topology, default_topology(device, std::nullopt));
  set_default(full.prefill_len_cutoff, default_prefill_len_cutoff(device));

  const std::int64_t dim_tiles = dims.dim / mesh::kTileExtent;
  const std::int64_t hidden_tiles =
      padded_extent(dims.hidden_dim, chips) / chips / mesh::kTileExtent;
  const mesh::MemoryConfig cores = l1_columns(largest_core_count(dim_tiles, hidden_tiles));
  set_default(full.weight_memory, dram_columns(device));
  set_default(full.decode_input_memory, cores);
  set_default(full.decode_ff1_3_memory, cores);
  set_default(full.decode_ff2_input_memory, cores);
  set_default(full.decode_ff2_memory, cores);
  set_default(full.decode_residual_memory, l1_columns(residual_core_count(dim_tiles / chips)));

  const auto placed =
      laid_out("MLP1D", weights, device,
               {.gate_up = mesh::resolved(mesh::shard_tensor_to_mesh(device.shape(), -1), 2),
                .down = mesh::resolved(mesh::shard_tensor_to_mesh(device.shape(), -2), 2),
                .hidden_bias = mesh::resolved(mesh::shard_tensor_to_mesh(device.shape(), -1), 2),
                .dim_bias = mesh::resolved(mesh::shard_tensor_to_mesh(device.shape(), -1), 2),
                .memory = *full.weight_memory});
  take(full, placed);
  return full;
}

}  // namespace ttmesh::modules
